#include "common/policy/parse.hpp"

#include <gmock/gmock.h>

#include "tests/support/ok.hpp"

using namespace bulkhead;
using namespace bulkhead::policy;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

// What the parser says about `text`, or "".
std::string refusal(const std::string& file, std::string_view text) {
    Policy policy;
    const auto parsed = parse_file(policy, file, text);
    return parsed ? "" : parsed.error().what;
}

Policy parsed(const std::string& file, std::string_view text) {
    Policy policy;
    const auto result = parse_file(policy, file, text);
    EXPECT_OK(result);
    return policy;
}

constexpr std::string_view kProfile =
    "user bulkhead-job  # why\n"
    "group bulkhead-job  # why\n"
    "groups adm  # why\n"
    "capabilities CAP_CHOWN CAP_BPF  # why\n"
    "network none  # why\n"
    "namespaces mount pid  # why\n"
    "read /etc  # why\n"
    "write /srv if-present  # why it may be absent\n"
    "private-tmp yes  # why\n"
    "memory 512MiB  # why\n"
    "pids 64  # why\n"
    "cpu-percent 50  # why\n"
    "file-size 1GiB  # why\n"
    "open-files 256  # why\n"
    "umask 0027  # why\n"
    "nice 10  # why\n"
    "timeout 15m  # why\n"
    "output 64KiB  # why\n"
    "seccomp inspect  # why\n";

std::string profile_with(std::string_view from, std::string_view to) {
    std::string text(kProfile);
    const auto at = text.find(from);
    EXPECT_NE(at, text.npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST(PolicyLine, EachMistakeIsNamedWithFileLineAndColumn) {
    struct Case {
        std::string file, text, error;
    };
    const Case cases[] = {
        {"host.policy", "host-id web\n", "host.policy:1:12: no reason"},
        {"host.policy", "host-id web #\n", "host.policy:1:13: no reason"},
        {"host.policy", "bogus line\n", "host.policy:1:1: unknown key \"bogus\"; known are "},
        {"host.policy", "\n# note\nhostid web  # x\n",
         "host.policy:3:1: unknown key \"hostid\"; known are policy-format host-id group"},
        {"host.policy", "host-id web extra  # x\n", "host.policy:1:13: unexpected \"extra\""},
        {"host.policy", "host-id  # x\n", "host.policy:1:8: expected a name"},
        {"host.policy", "host-id a/b  # x\n", "host.policy:1:9: expected a name"},
        {"host.policy", "host-id a  # x\nhost-id b  # x\n",
         "host.policy:2:1: \"host-id\" stands twice"},
        {"host.policy", "group a  # x\n",
         "host.policy: the line \"host-id from-machine-id|NAME  # why\" is missing"},
        {"host.policy", "host-id a  # x\r\n", "host.policy:1:15: carriage return"},
        {"host.policy", "host-id a  # x", "host.policy:1:15: the last line does not end in LF"},
        {"host.policy", "host-id \xc3\xa4  # x\n", "host.policy:1:9: byte \\xc3"},
        {"host.policy", std::string("host-id \0  # x\n", 15), "host.policy:1:9: byte \\x00"},
        {"host.policy", "\xef\xbb\xbfhost-id a  # x\n", "host.policy:1:1: byte \\xef"},
        {"host.policy", "host-id a  # " + std::string(1100, 'x') + "\n",
         "host.policy:1:1025: longer than 1024 bytes"},
        {"host.policy", "host-id a  # \x1f\n", "host.policy:1:14: byte \\x1f"},
        {"host.policy", "host-id a  # \x7f\n", "host.policy:1:14: byte \\x7f"},
        {"approval.policy", "same-script a  # why\n",
         "approval.policy:1:14: expected the name of a manifest of approved/"},
        {"approval.policy", "same-script a ../b  # why\n",
         "approval.policy:1:15: expected the name of a manifest of approved/"},
        {"approval.policy", "profile admin  # x\n",
         "approval.policy:1:14: expected pinned-only or need"},
        {"approval.policy", "profile admin need 0 of ops valid-for 7d  # x\n",
         "approval.policy:1:20: expected a whole number from 1 to 100"},
        {"approval.policy", "profile admin need -1 of ops valid-for 7d  # x\n",
         "approval.policy:1:20: expected"},
        {"approval.policy", "profile admin need 2 from ops valid-for 7d  # x\n",
         "approval.policy:1:22: expected of"},
        {"approval.policy", "profile admin need 2 of ops valid-for 7  # x\n",
         "approval.policy:1:39: expected a duration"},
        {"approval.policy", "profile admin need 2 of ops  # x\n",
         "approval.policy:1:28: expected valid-for"},
        {"approval.policy", "profile a pinned-only  # x\nprofile a pinned-only  # x\n",
         "approval.policy:2:11: \"a\" has a line already"},
        {"approval.policy", "profile admin need 16 of ops valid-for 7d  # x\n",
         "approval.policy:1:40: this takes 17 signatures with the author's, and an approval can "
         "carry 16: ask for fewer people"},
        {"approval.policy",
         "profile admin need 9 of ops and 8 of dev valid-for 7d author-counts  # x\n",
         "approval.policy:1:55: this takes 17 signatures, and an approval can carry 16"},
        {"approval.policy", "profile admin need 1 of ops and 1 of ops valid-for 7d  # x\n",
         "approval.policy:1:38: the group stands here already"},
        {"approval.policy", "profile admin need 1 of ops and valid-for 7d  # x\n",
         "approval.policy:1:33: expected a whole number"},
        {"approval.policy", "profile a pinned-only author-counts  # x\n",
         "approval.policy:1:23: expected one-shot-only, max-runs, no-target-any, params"},
        {"approval.policy", "profile a pinned-only one-shot  # x\n",
         "approval.policy:1:23: expected one-shot-only"},
        {"approval.policy", "profile a pinned-only one-shot-only one-shot-only  # x\n",
         "approval.policy:1:37: one-shot-only stands here already"},
        {"approval.policy", "profile a pinned-only max-runs 1  # x\n",
         "approval.policy:1:32: expected N/hour or N/day"},
        {"approval.policy", "profile a pinned-only max-runs 0/day  # x\n",
         "approval.policy:1:32: expected N/hour or N/day"},
        {"approval.policy", "profile a pinned-only params  # x\n",
         "approval.policy:1:29: expected kinds of parameters, or none"},
        {"approval.policy", "profile a pinned-only params int,,enum  # x\n",
         "approval.policy:1:30: expected kinds with commas between them"},
        {"approval.policy", "profile a pinned-only params int, enum  # x\n",
         "approval.policy:1:30: expected kinds"},
        {"approval.policy", "profile a pinned-only hardware  # x\n",
         "approval.policy:1:23: hardware and verified are asked of signatures"},
        {"approval.policy", "profile a pinned-only before-birth perhaps  # x\n",
         "approval.policy:1:36: expected refuse or admit"},
        {"approval.policy", "skew 16m  # x\n", "approval.policy:1:6: at most 15m"},
        {"approval.policy", "skew 0s  # x\n", "approval.policy:1:6: expected a duration"},
        {"approval.policy", "skew 1m  # x\nskew 2m  # x\n",
         "approval.policy:2:1: \"skew\" stands twice"},
        {"host.policy", "host-id a  # x\nrealm a b  # x\n", "host.policy:2:9: unexpected \"b\""},
        {"host.policy", "host-id a  # x\nrealm  # x\n", "host.policy:2:6: expected a name"},
        {"host.policy", "host-id a  # x\nepoch -1  # x\n", "host.policy:2:7: expected a whole"},
        {"host.policy", "host-id a  # x\nepoch 1  # x\nepoch 2  # x\n",
         "host.policy:3:1: \"epoch\" stands twice"},
        {"host.policy", "host-id a  # x\naccept-v1 until 2027-12-31  # x\n", "host.policy:2:17: "},
        {"host.policy", "host-id a  # x\naccept-v1 2027-12-31T00:00:00Z  # x\n",
         "host.policy:2:11: expected until"},
        {"host.policy", "policy-format 3  # x\nhost-id a  # x\n",
         "host.policy:1:15: written for a later version of Bulkhead: this one reads formats 0 to "
         "2"},
        {"approval.policy", "signers ops al!ce  # x\n", "approval.policy:1:13: expected a princ"},
        {"interpreters.policy", "interpreter bash  # x\n",
         "interpreters.policy:1:13: expected an absolute path"},
        {"interpreters.policy", "interpreter /bin/../bash  # x\n",
         "interpreters.policy:1:13: expected an absolute path"},
        {"interpreters.policy", "interpreter /bin/./bash  # x\n",
         "interpreters.policy:1:13: expected an absolute path"},
        {"interpreters.policy", "interpreter /bin//bash  # x\n",
         "interpreters.policy:1:13: expected an absolute path"},
        {"interpreters.policy", "interpreter /bin/  # x\n",
         "interpreters.policy:1:13: expected an absolute path"},
        {"interpreters.policy", "interpreter /bin/sh  # x\ninterpreter /bin/sh  # x\n",
         "interpreters.policy:2:13: \"/bin/sh\" has a line already"},
        {"reads.policy", "file os /etc/os-release  # x\n", "reads.policy:1:24: expected a size"},
        {"reads.policy", "file os /etc/os-release 64K  # x\n",
         "reads.policy:1:25: expected a size, as 64KiB"},
        {"reads.policy", "file os /etc/os-release 99999999999GiB  # x\n",
         "reads.policy:1:25: expected a size"},
        {"reads.policy", "builtin os 64KiB  # x\n",
         "reads.policy:1:9: expected socket-owners or file-systems; write: builtin "
         "socket-owners|file-systems SIZE  # why"},
        {"reads.policy", "builtin socket-owners 64KiB  # x\nbuiltin socket-owners 1KiB  # x\n",
         "reads.policy:2:23: \"socket-owners\" has a line already"},
        {"reads.policy", "file os /etc/* 64KiB  # x\n",
         "reads.policy:1:9: a path with * or ? is a glob"},
        {"reads.policy", "glob os /etc/os-release 64KiB  # x\n",
         "reads.policy:1:9: a pattern holds * or ?; this is a file"},
        {"reads.policy", "file os /etc/shadow 64KiB private-too  # x\n",
         "reads.policy:1:27: unexpected \"private-too\""},
        {"reads.policy", "glob os /etc/x/*/y 64KiB links-within  # x\n",
         "reads.policy:1:38: expected an absolute path"},
        {"reads.policy", "glob os /etc/x/*/y 64KiB links-within /etc/x/a  # x\n",
         "reads.policy:1:39: not a directory above /etc/x/*/y"},
        {"reads.policy", "glob os /etc/x/*/y 64KiB links-within /etc/x/*  # x\n",
         "reads.policy:1:39: not a directory above /etc/x/*/y"},
        {"reads.policy", "glob os /etc/x/*/y 64KiB links-within /et  # x\n",
         "reads.policy:1:39: not a directory above /etc/x/*/y"},
        {"reads.policy", "glob os /etc/x/*/y 64KiB links-within /  # x\n",
         "reads.policy:1:39: not a directory above /etc/x/*/y"},
        {"profiles/broker.profile", "user root  # x\n",
         "profiles/broker.profile:1:1: unknown key \"user\"; known are capabilities "
         "capabilities-if-present in-force open-files umask seccomp"},
        {"profiles/broker.profile", "in-force KILL  # x\n", "profiles/broker.profile:1:10: "},
        {"profiles/worker.profile", "execute /usr  # x\n",
         "profiles/worker.profile:1:1: unknown key \"execute\""},
        {"profiles/worker.profile", "file-size 0  # x\n",
         "profiles/worker.profile:1:11: expected a size"},
        {"profiles/vet.profile", "tcp-connect 443  # x\n",
         "profiles/vet.profile:1:1: unknown key \"tcp-connect\""},
        {"worker.landlock", "read /etc maybe  # x\n",
         "worker.landlock:1:11: unexpected \"maybe\"; write: read PATH [if-present]  # why"},
        {"worker.landlock", "tcp-connect 65536  # x\n",
         "worker.landlock:1:13: expected a whole number"},
        {"worker.landlock", "tcp-connect 0  # x\n",
         "worker.landlock:1:13: expected a whole number"},
        {"broker.libs", "library  # x\n", "broker.libs:1:8: expected a soname"},
        {"worker.libs", "with-system-curl  # x\n", "worker.libs:1:17: expected a soname"},
        {"allowed_signers", std::string(65537, '#'), "allowed_signers: larger than"},
        {"revoked_jobs", "job-id\n", "revoked_jobs:1: "},
        {"revoked_signers", "ssh-ed25519\n", "revoked_signers:1: "},
        {"approved/a.manifest", "bulkhead-job v3\n", "approved/a.manifest:1: "},
        {"approved/a.script", "true\n", "approved/a.script: there is no manifest of that name"},
        {"profiles/In.profile", std::string(kProfile), "profiles/In.profile: rename it"},
        {"elsewhere.policy", "", "elsewhere.policy: not a policy file"},
        {"old-host.policy", "", "old-host.policy: not a policy file"},
        {"profiles/host.policy", "", "profiles/host.policy: not a policy file"},
        {"seccomp/a.profile", "", "seccomp/a.profile: not a policy file"},
    };
    for (const auto& one : cases) {
        EXPECT_THAT(refusal(one.file, one.text), testing::StartsWith(one.error)) << one.text;
    }
}

TEST(PolicyLine, AWordAndItsReasonMayStandApartAsTheReaderLikes) {
    const auto policy = parsed("host.policy", "  host-id\tweb-1\t#  the name, in # inventory  \n");
    EXPECT_EQ(policy.host.id, "web-1");
    const auto libs =
        parsed("broker.libs", "\n# heading\nlibrary libc.so.6  # because # of this\n");
    const auto& source = libs.broker_libs.at("libc.so.6");
    EXPECT_EQ(source.file, "broker.libs");
    EXPECT_EQ(source.line, 3U);
    EXPECT_EQ(source.reason, "because # of this");
}

TEST(PolicyLine, TheLongestLineAndTheLastCharacterAreRead) {
    const std::string line = "host-id a  # from ' ' to '~' ";
    parsed("host.policy", line + std::string(1024 - line.size(), 'x') + "\n");
}

TEST(WorkerLandlock, HoldsItsPortsAndNotOneTooMany) {
    std::string text;
    for (int port = 65535; port > 65535 - 64; --port) {
        text += "tcp-connect " + std::to_string(port) + "  # x\n";
    }
    const auto policy = parsed("worker.landlock", text);
    ASSERT_EQ(policy.worker_landlock->connects.size(), 64U);
    EXPECT_EQ(policy.worker_landlock->connects.front().port, 65535);
    EXPECT_THAT(refusal("worker.landlock", text + "tcp-connect 1  # x\n"),
                testing::StartsWith("worker.landlock:65:13: one port too many"));
}

TEST(HostPolicy, NamesOneGroupOfReadersOrNone) {
    EXPECT_EQ(parsed("host.policy", "host-id a  # x\n").host.readers, "");
    EXPECT_EQ(parsed("host.policy", "host-id a  # x\nreaders adm  # auditors\n").host.readers,
              "adm");
    EXPECT_THAT(refusal("host.policy", "host-id a  # x\nreaders a  # x\nreaders b  # y\n"),
                HasSubstr("host.policy:3"));
    EXPECT_THAT(refusal("host.policy", "host-id a  # x\nreaders  # nobody\n"),
                HasSubstr("host.policy:2"));
}

TEST(HostPolicy, HoldsIdentityGroupsAndRequirements) {
    const auto policy = parsed("host.policy",
                               "host-id Web-1.example.org  # x\ngroup web-eu  # y\n"
                               "require landlock-tcp  # z\n");
    EXPECT_EQ(policy.host.id, "Web-1.example.org");
    EXPECT_THAT(policy.host.groups, ElementsAre("web-eu"));
    ASSERT_EQ(policy.requirements.size(), 1U);
    EXPECT_EQ(policy.requirements[0].feature, "landlock-tcp");
    EXPECT_EQ(policy.requirements[0].source.line, 3U);
}

TEST(ApprovalPolicy, SaysWhoHowManyAndHowLong) {
    const auto policy = parsed("approval.policy",
                               "signers ops alice bob@example.com  # team\n"
                               "profile admin need 2 of ops valid-for 24h author-counts  # few\n"
                               "profile inspect pinned-only  # none\n");
    const auto& admin = policy.approvals.at("admin");
    EXPECT_EQ(in_words(admin.needs), "2 of ops");
    EXPECT_TRUE(admin.author_counts);
    EXPECT_EQ(admin.max_validity, std::chrono::hours(24));
    EXPECT_TRUE(policy.approvals.at("inspect").needs.empty());
    EXPECT_THAT(policy.signer_groups.at("ops").principals, ElementsAre("alice", "bob@example.com"));
}

TEST(ApprovalPolicy, StatesTheSkewOfClocks) {
    EXPECT_EQ(parsed("approval.policy", "").skew, std::chrono::seconds(0));
    EXPECT_EQ(parsed("approval.policy", "skew 15m  # laptops\n").skew, std::chrono::minutes(15));
}

TEST(ApprovalPolicy, BoundsWhatItsJobsMayBe) {
    const auto policy = parsed(
        "approval.policy",
        "signers ops alice  # team\n"
        "profile admin need 1 of ops and 2 of security valid-for 24h author-counts hardware "
        "verified one-shot-only no-target-any params enum,int pinned-valid-for 7d "
        "before-birth admit  # few\n"
        "profile inspect pinned-only max-runs 4/hour params none before-birth refuse  # none\n"
        "profile maintain need 15 of ops valid-for 1h  # as many as a job can carry\n");
    const auto& admin = policy.approvals.at("admin");
    EXPECT_EQ(in_words(admin.needs), "1 of ops and 2 of security");
    EXPECT_TRUE(admin.author_counts && admin.hardware && admin.verified && admin.one_shot_only &&
                admin.no_target_any);
    EXPECT_THAT(admin.params, testing::Optional(ElementsAre("enum", "int")));
    EXPECT_EQ(admin.max_pinned_validity, std::chrono::days(7));
    EXPECT_EQ(admin.before_birth, ApprovalRule::BeforeBirth::admit);
    EXPECT_FALSE(admin.max_runs);
    const auto& inspect = policy.approvals.at("inspect");
    ASSERT_TRUE(inspect.max_runs);
    EXPECT_EQ(inspect.max_runs->count, 4U);
    EXPECT_EQ(inspect.max_runs->period, std::chrono::hours(1));
    EXPECT_THAT(inspect.params, testing::Optional(testing::IsEmpty()));
    EXPECT_EQ(inspect.before_birth, ApprovalRule::BeforeBirth::refuse);
    const auto& maintain = policy.approvals.at("maintain");
    EXPECT_EQ(maintain.before_birth, ApprovalRule::BeforeBirth::by_kind);
    EXPECT_FALSE(maintain.params || maintain.hardware || maintain.one_shot_only ||
                 maintain.no_target_any);
}

TEST(HostPolicy, NamesRealmAndEpochAndHowLongV1IsTaken) {
    const auto host = parsed("host.policy",
                             "policy-format 2  # x\nhost-id a  # x\nrealm prod  # x\n"
                             "epoch 7  # x\naccept-v1 until 2027-12-31T00:00:00Z  # x\n")
                          .host;
    EXPECT_EQ(host.realm, "prod");
    EXPECT_THAT(host.epoch, testing::Optional(7U));
    EXPECT_EQ(host.accept_v1_until, parse_utc("2027-12-31T00:00:00Z").value());
    const auto old = parsed("host.policy", "host-id a  # x\n").host;
    EXPECT_TRUE(old.realm.empty() && !old.epoch && !old.accept_v1_until);
}

TEST(Profile, IsReadWhole) {
    const auto policy = parsed("profiles/odd.profile", kProfile);
    const auto& profile = policy.profiles.at("odd");
    EXPECT_EQ(profile.name, "odd");
    EXPECT_EQ(profile.user, "bulkhead-job");
    EXPECT_THAT(profile.groups, ElementsAre("adm"));
    EXPECT_EQ(profile.capabilities, 1ULL << 0 | 1ULL << 39);
    EXPECT_EQ(capability_names(profile.capabilities), "CAP_CHOWN CAP_BPF");
    EXPECT_EQ(profile.network, Network::none);
    EXPECT_EQ(profile.namespaces, (Namespaces{.mount = true, .net = true, .pid = true}));
    ASSERT_EQ(profile.paths.size(), 2U);
    EXPECT_EQ(profile.paths[1].access, Access::write);
    EXPECT_EQ(profile.paths[1].path, "/srv");
    EXPECT_TRUE(profile.paths[1].if_present);
    EXPECT_EQ(profile.paths[1].source.reason, "why it may be absent");
    EXPECT_TRUE(profile.private_tmp);
    EXPECT_EQ(profile.limits.memory, 512_MiB);
    EXPECT_EQ(profile.limits.file_size, 1_GiB);
    EXPECT_EQ(profile.umask, 027U);
    EXPECT_EQ(profile.max_timeout, std::chrono::minutes(15));
    EXPECT_EQ(profile.max_output, 64_KiB);
    EXPECT_EQ(profile.seccomp, "inspect");
}

TEST(Profile, HasNoDefaults) {
    std::string_view rest = kProfile;
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n') + 1);
        rest.remove_prefix(line.size());
        if (line.starts_with("read") || line.starts_with("write")) continue;
        const auto error = refusal("profiles/p.profile", profile_with(line, ""));
        EXPECT_THAT(error, HasSubstr("is missing")) << line;
    }
}

TEST(Profile, TheLargestValuesAreWithinItsBounds) {
    const auto changed = [](std::string_view from, std::string_view to) {
        const auto policy = parsed("profiles/p.profile", profile_with(from, to));
        return policy.profiles.at("p");
    };
    EXPECT_EQ(changed("user bulkhead-job", "user " + std::string(32, 'a')).user.size(), 32U);
    EXPECT_EQ(changed("umask 0027", "umask 0777").umask, 0777U);
    EXPECT_EQ(changed("pids 64", "pids 1000000").limits.pids, 1'000'000U);
    EXPECT_EQ(changed("cpu-percent 50", "cpu-percent 100000").limits.cpu_percent, 100'000U);
    EXPECT_EQ(changed("open-files 256", "open-files 1000000").limits.open_files, 1'000'000U);
    EXPECT_EQ(changed("open-files 256", "open-files 16").limits.open_files, 16U);
}

TEST(Profile, NamesWhatItDoesNotUnderstand) {
    const struct {
        std::string_view from, to, error;
    } cases[] = {
        {"user bulkhead-job", "user 0", ":1:6: expected a name of [a-z0-9_-], not a number"},
        {"groups adm", "groups", ":3:7: expected a name of"},
        {"CAP_BPF", "CAP_BFP", ":4:24: unknown capability \"CAP_BFP\""},
        {"network none", "network some", ":5:9: expected none or host"},
        {"namespaces mount", "namespaces net", ":6:12: expected mount, ipc, uts or pid"},
        {"namespaces mount", "namespaces user", ":6:12: expected mount, ipc, uts or pid"},
        {"namespaces mount pid", "namespaces none pid", ":6:17: unexpected \"pid\""},
        {"memory 512MiB", "memory unlimited", ":10:8: expected a size"},
        {"memory 512MiB", "memory 0MiB", ":10:8: expected a size"},
        {"pids 64", "pids 0", ":11:6: expected a whole number from 1"},
        {"umask 0027", "umask 0999", ":15:7: expected an octal number"},
        {"umask 0027", "umask 1000", ":15:7: expected an octal number"},
        {"umask 0027", "umask 77777777777777", ":15:7: expected an octal number"},
        {"user bulkhead-job", "user a.b", ":1:6: expected a name of [a-z0-9_-], not a number"},
        {"user bulkhead-job", "user aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ":1:6: expected a name"},
        {"pids 64", "pids 1000001", ":11:6: expected a whole number from 1 to 1000000"},
        {"cpu-percent 50", "cpu-percent 100001", ":12:13: expected a whole number from 1 to"},
        {"open-files 256", "open-files 15", ":14:12: expected a whole number from 16 to"},
        {"open-files 256", "open-files 1000001", ":14:12: expected a whole number from 16 to"},
        {"nice 10", "nice 20", ":16:6: expected a whole number from 0 to 19"},
        {"timeout 15m", "timeout 0s", ":17:9: expected a duration in whole seconds"},
        {"timeout 15m", "timeout soon", ":17:9: expected a duration in whole seconds"},
        {"nice 10", "nice -5", ":16:6: expected a whole number from 0 to 19"},
        {"timeout 15m", "timeout 15", ":17:9: expected a duration"},
        {"timeout 15m", "timeout 1500ms", ":17:9: expected a duration in whole seconds"},
    };
    for (const auto& one : cases) {
        EXPECT_THAT(refusal("profiles/p.profile", profile_with(one.from, one.to)),
                    HasSubstr("profiles/p.profile" + std::string(one.error)));
    }
}

TEST(ReadsPolicy, LinksOfOneFileMayLeadAnywhereAndThoseOfAPatternNot) {
    const auto policy = parsed("reads.policy", "file ssh /etc/a 1KiB links-within /  # x\n");
    EXPECT_EQ(policy.reads.at("ssh")[0].links_within, "/");
}

TEST(ReadsPolicy, RowsOfOneNameStandTogether) {
    const auto policy = parsed("reads.policy",
                               "glob certs /etc/le/live/*/c.pem 64KiB links-within /etc/le  # x\n"
                               "file certs /etc/one.pem 1KiB  # y\n"
                               "glob ssh /etc/ssh/*.conf 1KiB private-too  # z\n"
                               "builtin socket-owners 4MiB  # w\n");
    const auto& certs = policy.reads.at("certs");
    ASSERT_EQ(certs.size(), 2U);
    EXPECT_TRUE(certs[0].is_pattern);
    EXPECT_EQ(certs[0].links_within, "/etc/le");
    EXPECT_FALSE(certs[0].private_too);
    EXPECT_FALSE(certs[1].is_pattern);
    EXPECT_EQ(certs[1].max_bytes, 1'024U);
    EXPECT_EQ(certs[1].links_within, "");
    EXPECT_EQ(certs[1].source.reason, "y");
    EXPECT_TRUE(policy.reads.at("ssh")[0].private_too);
    EXPECT_EQ(policy.builtins.at("socket-owners").max_bytes, 4'194'304U);
}
