#include "common/policy/check.hpp"

#include <gmock/gmock.h>

#include "common/policy/connect.hpp"
#include "common/policy/needed_calls.hpp"
#include "common/policy/parse.hpp"
#include "common/policy/pinned_twice.hpp"
#include "tests/support/ok.hpp"

using namespace bulkhead;
using namespace bulkhead::policy;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

// Two public keys; nobody has the private halves.
constexpr std::string_view kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
constexpr std::string_view kOther =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
constexpr std::string_view kThird =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

constexpr std::string_view kProfile =
    "user nobody  # why\ngroup nogroup  # why\ngroups none  # why\ncapabilities none  # why\n"
    "network none  # why\nnamespaces mount  # why\nprivate-tmp yes  # why\nmemory 1MiB  # why\n"
    "pids 9  # why\ncpu-percent 9  # why\nfile-size 1MiB  # why\nopen-files 99  # why\n"
    "umask 077  # why\nnice 0  # why\ntimeout 60s  # why\noutput 4KiB  # why\n"
    "seccomp broker  # why\n";

std::string manifest(std::string_view timeout, std::string_view output) {
    return "bulkhead-job v1\njob-id a\nauthor alice\nscript-sha256 " + std::string(64, '0') +
           "\nscript-size 5\ninterpreter /bin/sh\nprofile p\ntarget any\n"
           "not-before 2026-01-01T00:00:00Z\nnot-after 2027-01-01T00:00:00Z\ntimeout " +
           std::string(timeout) + "\noutput-max " + std::string(output) +
           "\nruns 9/day\nreason test\nend\n";
}

// Lets the worker's own calls through, so that no test hears of them.
std::string worker_list(const std::string& lines = "") {
    std::string calls;
    for (const auto call : needed_calls("worker")) calls.append(" ").append(call);
    return "default kill  # why\n" + lines + "allow" + calls + " if arg5 is 0  # its work\n";
}

class CheckPolicy : public testing::Test {
  protected:
    CheckPolicy() {
        policy_.format = 2;
        add("interpreters.policy", "interpreter /bin/sh  # why\n");
        add("profiles/p.profile", kProfile);
        add("profiles/broker.profile",
            "capabilities CAP_KILL  # why\nopen-files 99  # why\numask 022  # why\n"
            "seccomp broker  # why\n");
        policy_.parts["worker"].name = "worker";
        policy_.parts["worker"].seccomp = "worker";
        add("seccomp/worker.seccomp", worker_list());
        add("seccomp/broker.seccomp", "default kill  # why\n");
        add("allowed_signers", "alice " + std::string(kKey) + "\nbob " + std::string(kOther) +
                                   "\ncarol " + std::string(kThird) + "\n");
    }
    void add(const std::string& file, std::string_view text) {
        const auto parsed = parse_file(policy_, file, text);
        ASSERT_OK(parsed);
    }
    std::vector<std::string> remarks(std::string_view at = "2026-06-01T00:00:00Z") const {
        std::vector<std::string> lines;
        const auto known = [](std::string_view name) { return name != "opnat"; };
        for (const auto& one : check(policy_, {*parse_utc(at), known})) {
            lines.push_back((one.error ? "error " : "warning ") + one.where + ": " + one.text);
        }
        return lines;
    }

    Policy policy_;
};

constexpr std::string_view kPinned = "profile p pinned-only  # why\n";

}  // namespace

TEST_F(CheckPolicy, ASoundPolicyHasNoFindings) {
    add("approval.policy",
        "signers ops alice bob  # team\nprofile p need 2 of ops valid-for 7d  # why\n");
    add("approved/a.manifest", manifest("60", "4096"));
    EXPECT_THAT(remarks(), IsEmpty());
}

TEST_F(CheckPolicy, AProfileThatNobodyMayUseIsFound) {
    EXPECT_THAT(remarks(), ElementsAre("warning approval.policy: nobody may sign for profile p; "
                                       "if that is meant, write: profile p pinned-only  # why"));
}

TEST_F(CheckPolicy, AThresholdThatNobodyReachesIsFound) {
    add("approval.policy",
        "signers ops alice bob  # team\nprofile p need 3 of ops valid-for 7d  # why\n");
    EXPECT_THAT(remarks(), ElementsAre("error approval.policy:2: nobody may use profile p: it "
                                       "needs 3 signers, and ops has 2 who can sign"));
}

TEST_F(CheckPolicy, ThatNobodyIsLeftToBeTheAuthorIsFound) {
    policy_.signers.signers.pop_back();
    add("approval.policy",
        "signers ops alice bob  # team\nprofile p need 2 of ops valid-for 7d  # why\n");
    EXPECT_THAT(remarks(),
                ElementsAre("warning approval.policy:2: nobody may use profile p: beside "
                            "2 of ops an author signs, and allowed_signers has nobody "
                            "else who can"));
    policy_.approvals.at("p").author_counts = true;
    EXPECT_THAT(remarks(), IsEmpty());
}

TEST_F(CheckPolicy, WhoIsInTwoGroupsIsCountedForOne) {
    add("approval.policy",
        "signers ops alice  # team\nsigners security alice  # the same person\n"
        "profile p need 1 of ops and 1 of security valid-for 7d  # why\n");
    EXPECT_THAT(remarks(), ElementsAre("error approval.policy:3: nobody may use profile p: it "
                                       "needs 1 signers, and security has 0 who can sign and are "
                                       "not counted for another group"));
    policy_.signer_groups.at("security").principals = {"alice", "bob"};
    EXPECT_THAT(remarks(), IsEmpty());
}

TEST_F(CheckPolicy, ThatHardwareIsAskedOfWhoHasNoneIsFound) {
    add("approval.policy",
        "signers ops alice bob  # team\nprofile p need 1 of ops valid-for 7d hardware  # why\n");
    EXPECT_THAT(remarks(), ElementsAre("error approval.policy:2: nobody may use profile p: it "
                                       "needs 1 signers, and ops has 0 who can sign with a "
                                       "hardware token"));
}

TEST_F(CheckPolicy, OfAProfileThatIsRootLittleIsNotLetPass) {
    policy_.profiles.at("p").user = "root";
    add("approval.policy",
        "signers ops alice  # team\n"
        "profile p need 1 of ops valid-for 36500d author-counts  # why\n");
    EXPECT_THAT(remarks(),
                testing::IsSupersetOf({"warning approval.policy:2: profile p is root, and one "
                                       "person alone may write and approve its jobs",
                                       "warning approval.policy:2: profile p is root, and an "
                                       "approval may last 36500 days"}));
}

TEST_F(CheckPolicy, ThatV1IsTakenIsSaidWhereItHasNoEndOrEndsSoon) {
    add("approval.policy",
        "signers ops alice bob  # team\nprofile p need 2 of ops valid-for 7d  # why\n");
    EXPECT_THAT(remarks(), IsEmpty());
    policy_.format = 1;
    EXPECT_THAT(remarks(),
                ElementsAre(testing::HasSubstr("write: policy-format 2, and accept-v1")));
    policy_.host.accept_v1_until = parse_utc("2027-01-01T00:00:00Z").value();
    EXPECT_THAT(remarks(), IsEmpty());
    EXPECT_THAT(remarks("2026-12-20T00:00:00Z"),
                ElementsAre(testing::HasSubstr("are taken only until 2027-01-01T00:00:00Z")));
    EXPECT_THAT(remarks("2027-01-02T00:00:00Z"),
                ElementsAre(testing::HasSubstr("are not taken since 2027-01-01T00:00:00Z")));
}

TEST_F(CheckPolicy, ExpiredRevokedForeignAndUnknownSignersDoNotCount) {
    policy_.signers.signers.clear();
    add("allowed_signers", "alice valid-before=\"20260301Z\" " + std::string(kKey) + "\n" +
                               "bob namespaces=\"git\" " + std::string(kOther) + "\n");
    add("approval.policy",
        "signers ops alice bob carol  # team\nprofile p need 1 of ops valid-for 7d  # why\n");
    EXPECT_THAT(remarks(),
                ElementsAre("warning allowed_signers:1: alice's approval expired at "
                            "2026-03-01T00:00:00Z",
                            "warning approval.policy:1: alice has no valid key in allowed_signers",
                            "warning approval.policy:1: bob has no valid key in allowed_signers",
                            "warning approval.policy:1: carol has no valid key in allowed_signers",
                            "warning approval.policy:2: nobody may use profile p: it needs 1 "
                            "signers, and ops has 0 who can sign"));
    policy_.approvals.at("p").author_counts = true;
    EXPECT_OK(require_sound(policy_))
        << "neither time nor a withdrawal makes an error, which would "
           "keep what was before in force";
    EXPECT_THAT(remarks("2026-02-01T00:00:00Z"),
                Not(Contains(testing::HasSubstr("nobody may use"))));
    add("revoked_signers", std::string(kKey) + "\n");
    EXPECT_THAT(remarks("2026-02-01T00:00:00Z"), Contains(testing::HasSubstr("nobody may use")));
    EXPECT_OK(require_sound(policy_));
}

TEST_F(CheckPolicy, AMisspeltSignerIsAnErrorAndOneWhoseLineIsGoneIsNot) {
    add("approval.policy",
        "signers ops alice bbo  # team\nprofile p need 1 of ops valid-for 7d  # why\n");
    EXPECT_THAT(remarks(), Contains("error approval.policy:1: bbo has no line in allowed_signers; "
                                    "did you mean bob of its line 2? If the line of bbo was taken "
                                    "out, take the name out here"));
    policy_.signer_groups.at("ops").principals = {"alice", "bob"};
    policy_.signers.signers.clear();
    EXPECT_THAT(remarks(), Contains(testing::StartsWith("warning approval.policy:2: nobody may")));
    EXPECT_OK(require_sound(policy_)) << "an allowed_signers without a line withdraws everything";
}

TEST_F(CheckPolicy, ALeaverWhoseNameIsLikeAnothersIsNoError) {
    add("approval.policy",
        "signers ops alice bob  # team\nsigners sec bobo eve  # another\n"
        "profile p need 1 of ops valid-for 7d  # why\n");
    for (auto& signer : policy_.signers.signers) {
        for (auto& name : signer.principals) name = name == "bob" ? "bobo" : name;
    }
    EXPECT_OK(require_sound(policy_));
    EXPECT_THAT(remarks(), Contains("warning approval.policy:1: bob has no line in "
                                    "allowed_signers; was bobo of its line 2 meant?"));
    policy_.signer_groups.at("sec").principals = {"eve"};
    policy_.signer_groups.at("ops").principals = {"alice", "ben"};
    EXPECT_OK(require_sound(policy_)) << "two letters differ";
}

TEST_F(CheckPolicy, AFeatureThatNoHostHasIsAnError) {
    add("approval.policy", kPinned);
    add("host.policy", "host-id a  # x\nrequire landlok  # why\n");
    EXPECT_THAT(remarks(),
                ElementsAre("error host.policy:2: no such feature: landlok; did you mean "
                            "landlock?"));
}

TEST_F(CheckPolicy, OneKeyForTwoPeopleIsFound) {
    add("approval.policy", kPinned);
    add("allowed_signers", "alice " + std::string(kKey) + "\nbob " + std::string(kKey) + "\n");
    EXPECT_THAT(remarks(), ElementsAre("warning allowed_signers:2: the key of an earlier line "
                                       "again: one key is one person"));
}

TEST_F(CheckPolicy, NamesThatLeadNowhereAreFound) {
    add("approval.policy",
        "signers empty  # none\nprofile p need 1 of dev valid-for 7d  # why\n"
        "profile gone pinned-only  # why\n");
    EXPECT_THAT(remarks(),
                ElementsAre("error approval.policy:3: there is no profiles/gone.profile",
                            "error approval.policy:2: there is no line \"signers dev ...\"",
                            "warning approval.policy:1: empty has no members"));
}

TEST_F(CheckPolicy, APinnedJobOverItsProfilesCeilingIsFound) {
    add("approval.policy", kPinned);
    add("approved/a.manifest", manifest("61", "4097"));
    EXPECT_THAT(
        remarks(),
        ElementsAre("warning approved/a.manifest: timeout is over the 60 seconds of profile p",
                    "warning approved/a.manifest: output-max is over the 4096 bytes of profile p"));
}

TEST_F(CheckPolicy, APinnedJobThatCannotRunIsFound) {
    add("approval.policy", kPinned);
    add("approved/a.manifest", manifest("60", "4096"));
    policy_.interpreters.clear();
    policy_.profiles.clear();
    EXPECT_THAT(
        remarks("2027-06-01T00:00:00Z"),
        ElementsAre("error approval.policy:1: there is no profiles/p.profile",
                    "error approved/a.manifest: there is no profiles/p.profile",
                    "warning approved/a.manifest: interpreters.policy does not list /bin/sh",
                    "warning approved/a.manifest: expired at 2027-01-01T00:00:00Z"));
}

TEST_F(CheckPolicy, AScriptThatIsPinnedTwiceIsFoundUnlessBothAreMeant) {
    const auto pin = [&](const std::string& name, const std::string& target,
                         const std::string& until = "2027-01-01") {
        auto text = manifest("60", "4096");
        text.replace(text.find("job-id a"), 8, "job-id " + name);
        text.replace(text.find("target any"), 10, "target " + target);
        text.replace(text.find("2027-01-01"), 10, until);
        add("approved/" + name + ".manifest", text);
    };
    add("approval.policy", kPinned);
    pin("a", "host:web-1");
    pin("b", "host:web-2");
    EXPECT_THAT(remarks(), IsEmpty()) << "no host has both";
    pin("c", "group:web");
    EXPECT_THAT(
        remarks(),
        ElementsAre(
            "warning approved/c.manifest: pins the script of approved/a.manifest too, so a "
            "host runs neither when it comes bare. Remove one; or write into "
            "approval.policy, if both are meant: same-script a c  # why. The weaker of "
            "their profiles then decides",
            testing::StartsWith("warning approved/c.manifest: pins the script of approved/b.")));
    add("approval.policy", "same-script a b c  # one for each kind of host\n");
    EXPECT_THAT(remarks(), IsEmpty());
    policy_.same_scripts.clear();
    pin("c", "group:web", "2026-05-31");
    EXPECT_THAT(remarks(),
                ElementsAre("warning approved/c.manifest: expired at 2026-05-31T00:00:00Z"))
        << "of two that are not good at one time each is alone";
}

// A job that was withdrawn leaves such a line behind: no error, for that would keep it in force.
TEST_F(CheckPolicy, ALineSameScriptThatNamesNothingIsFound) {
    add("approval.policy", std::string(kPinned) + "same-script a b  # why\n");
    add("approved/a.manifest", manifest("60", "4096"));
    EXPECT_THAT(remarks(),
                ElementsAre("warning approval.policy:2: there is no approved/b.manifest"));
    auto other = manifest("60", "4096");
    other.replace(other.find("00000"), 5, "11111");
    other.replace(other.find("job-id a"), 8, "job-id b");
    add("approved/b.manifest", other);
    EXPECT_THAT(remarks(), ElementsAre("warning approval.policy:2: a and b pin different scripts"));
}

TEST_F(CheckPolicy, AScriptThatIsNotWhatItLooksLikeIsFound) {
    add("approval.policy", kPinned);
    const std::string script = "echo \x1b[1A\n";
    auto text = manifest("60", "4096");
    text.replace(text.find(std::string(64, '0')), 64,
                 crypto::hex(crypto::sha256(as_bytes(script))));
    text.replace(text.find("script-size 5"), 13, "script-size 10");
    add("approved/a.manifest", text);
    add("approved/a.script", script);
    const std::string found =
        "line 1, column 6: U+001B: begins a sequence that a terminal obeys and does not show";
    EXPECT_THAT(remarks(), ElementsAre("warning approved/a.script: " + found));
    text.replace(text.find("v1"), 2, "v2");
    add("approved/a.manifest", text);
    add("approved/a.script", script);
    EXPECT_THAT(remarks(), ElementsAre("warning approved/a.script: " + found +
                                       "; hosts refuse it as odd-bytes"));
    text.replace(text.find("reason"), 6, "odd-bytes a progress line\nreason");
    add("approved/a.manifest", text);
    add("approved/a.script", script);
    EXPECT_THAT(remarks(), IsEmpty());
}

TEST(Profiles, AreOrderedByWhatTheirJobsMayDo) {
    const auto weaker_than_previous = [](Profile& profile, auto change) {
        const auto before = profile;
        change(profile);
        return is_weaker(&before, &profile) && !is_weaker(&profile, &before);
    };
    Profile p{.namespaces = {true, true, true, true, true}, .source = {}};
    EXPECT_FALSE(is_weaker(&p, &p));
    EXPECT_TRUE(is_weaker(nullptr, &p));
    EXPECT_FALSE(is_weaker(&p, nullptr));
    EXPECT_TRUE(weaker_than_previous(p, [](Profile& x) { x.paths.push_back({.source = {}}); }));
    EXPECT_TRUE(weaker_than_previous(p, [](Profile& x) { x.groups = {"adm"}; }));
    EXPECT_TRUE(
        weaker_than_previous(p, [](Profile& x) { x.namespaces.net = x.namespaces.pid = false; }));
    for (const auto access : {Access::remove, Access::write, Access::devices}) {
        EXPECT_TRUE(weaker_than_previous(
            p, [&](Profile& x) { x.paths = {{.access = access, .source = {}}}; }));
    }
    EXPECT_TRUE(weaker_than_previous(p, [](Profile& x) { x.host_files = true, x.paths = {}; }));
    EXPECT_TRUE(weaker_than_previous(p, [](Profile& x) { x.capabilities = 2; }));
    EXPECT_TRUE(weaker_than_previous(p, [](Profile& x) { x.capabilities = 5; }));
    EXPECT_TRUE(weaker_than_previous(p, [](Profile& x) { x.user = "root", x.capabilities = 0; }));
}

TEST_F(CheckPolicy, AnUnknownSystemCallIsFound) {
    add("approval.policy", kPinned);
    add("seccomp/worker.seccomp", worker_list("allow opnat  # files of the resolver\n"));
    EXPECT_THAT(remarks(),
                ElementsAre("error seccomp/worker.seccomp:2: there is no system call \"opnat\""));
}

TEST_F(CheckPolicy, AWorkersListThatLacksACallOfItsIsAnErrorThatNamesIt) {
    add("approval.policy", kPinned);
    auto list = worker_list();
    list.erase(list.find(" splice"), std::string_view(" splice").size());
    add("seccomp/worker.seccomp", list);
    EXPECT_THAT(remarks(), ElementsAre("error seccomp/worker.seccomp:1: allows no splice, without "
                                       "which the worker of this version does not work; take the "
                                       "file that the package ships, or add the lines by "
                                       "seccomp/worker.seccomp.d/NAME.lines"));
    EXPECT_THAT(require_sound(policy_).error().what,
                testing::StartsWith("seccomp/worker.seccomp:1: allows no splice, without which"));
}

TEST_F(CheckPolicy, TheLoadersListIsHeldAgainstItsCallsToo) {
    add("approval.policy", kPinned);
    policy_.parts["loader"].name = "loader";
    policy_.parts["loader"].seccomp = "loader";
    std::string calls;
    for (const auto call : needed_calls("loader")) {
        if (call != "bpf") calls.append(" ").append(call);
    }
    add("seccomp/loader.seccomp", "default kill  # why\nallow" + calls + "  # its work\n");
    EXPECT_THAT(remarks(), Contains(testing::StartsWith("error seccomp/loader.seccomp:1: allows no "
                                                        "bpf, without which the loader")));
}

TEST_F(CheckPolicy, ADangerousCallNeedsAReasonInWords) {
    add("approval.policy", kPinned);
    add("seccomp/worker.seccomp", worker_list("allow ptrace  # TODO\n"));
    EXPECT_THAT(remarks(), ElementsAre("warning seccomp/worker.seccomp:2: ptrace is dangerous: say "
                                       "in words why it is allowed"));
    add("seccomp/worker.seccomp", worker_list("allow ptrace  # the debugger of this profile\n"));
    EXPECT_THAT(remarks(), IsEmpty());
}

TEST_F(CheckPolicy, ADefaultThatAllowsMustNameEveryDangerousCall) {
    add("approval.policy", kPinned);
    add("seccomp/job.seccomp", "default allow  # tools\nerrno EPERM bpf  # no programs\n");
    const auto lines = remarks();
    EXPECT_THAT(lines,
                Contains("warning seccomp/job.seccomp:1: the default allows ptrace, which is "
                         "dangerous; give it a line of its own"));
    EXPECT_THAT(lines, Not(Contains(testing::HasSubstr("allows bpf"))));
    add("seccomp/broker.seccomp", "default allow  # walls\nerrno EPERM ptrace  # ceiling\n");
    EXPECT_THAT(remarks(), Not(Contains(testing::HasSubstr("allows ptrace"))));
}

TEST_F(CheckPolicy, AnAllowListMustLookAtTheArgumentsThatMatter) {
    add("approval.policy", kPinned);
    add("seccomp/job.seccomp",
        "default errno ENOSYS  # all else\nallow read clone  # forks\n"
        "allow socket if arg0 is AF_UNIX  # local\nerrno EPERM ioctl  # no devices\n");
    EXPECT_THAT(remarks(),
                ElementsAre("warning seccomp/job.seccomp:2: clone without a condition lets through "
                            "user namespaces, with every capability inside"));
}

TEST_F(CheckPolicy, AnAllowListShouldAnswerYoungerCallsAsAnOlderKernelWould) {
    add("approval.policy", kPinned);
    add("seccomp/job.seccomp", "default errno EPERM  # all else\n");
    EXPECT_THAT(remarks(),
                ElementsAre("warning seccomp/job.seccomp:1: calls younger than the list get this "
                            "answer too, and libc takes an older one only after ENOSYS"));
}

TEST_F(CheckPolicy, PowersOverMetadataWantAReadOnlyView) {
    add("approval.policy", kPinned);
    auto& profile = policy_.profiles.at("p");
    profile.private_tmp = false;
    profile.namespaces.mount = false;
    EXPECT_THAT(remarks(), IsEmpty()) << "an ordinary user has no such powers";
    const auto told = ElementsAre(
        "warning profiles/p.profile: it could change modes, owners and times of files that it may "
        "not write, which Landlock does not hold; write: namespaces mount");
    profile.capabilities = 1;
    EXPECT_THAT(remarks(), told);
    profile.capabilities = 0;
    profile.user = "root";
    EXPECT_THAT(remarks(), told);
    profile.namespaces.mount = true;
    EXPECT_THAT(remarks(), IsEmpty());
    profile.namespaces.mount = false;
    profile.paths.push_back({.access = Access::write, .path = "/", .if_present = {}, .source = {}});
    EXPECT_THAT(remarks(), IsEmpty()) << "it may write to all files anyway";
}

TEST_F(CheckPolicy, AFileThatNobodyReadsIsFound) {
    add("approval.policy", kPinned);
    policy_.ignored = {"host.policy~"};
    EXPECT_THAT(remarks(), ElementsAre("warning host.policy~: nobody reads this file; remove it"));
}

TEST_F(CheckPolicy, TheFileThatSuspendsIntakeIsCalledWhatItIs) {
    add("approval.policy", kPinned);
    policy_.ignored = {"jobs.disabled"};
    EXPECT_THAT(remarks(),
                ElementsAre("warning jobs.disabled: no job is taken in while this file is here"));
}

TEST_F(CheckPolicy, ARowThatHandsOutSecretsOrThatNobodyAsksForIsFound) {
    add("approval.policy", kPinned);
    add("reads.policy",
        "glob tls-certificates /etc/tls/*.pem 64KiB  # public ones only\n"
        "glob tls-certificates /etc/le/live/*/fullchain.pem 64KiB private-too  # why\n"
        "glob tls-certificates /etc/tls/*.pem 64KiB private-too  # careless\n"
        "file sshd-config /etc/shadow 64KiB  # careless\n"
        "file tls-certs /etc/a.pem 64KiB  # mistyped\n");
    EXPECT_THAT(remarks(),
                testing::UnorderedElementsAre(
                    "warning reads.policy:3: hands out files such as privkey.pem; the worker needs "
                    "no secrets",
                    "warning reads.policy:4: hands out files such as shadow; the worker needs no "
                    "secrets",
                    "warning reads.policy:5: nobody asks for rows named tls-certs"));
}

TEST_F(CheckPolicy, ConnectionsThatLetDataOutOrCredentialsInAreFound) {
    add("approval.policy", kPinned);
    auto& rows = policy_.parts["worker"].connects;
    const auto parsed = parse_lines(
        "rows",
        "connect any 443  # fine\nconnect 127.0.0.1 3128  # fine\nconnect any 53  # names\n"
        "tcp-connect 53  # as 0.1 had it\nconnect 169.254.169.254 80  # user data\n"
        "connect fd00:ec2::254 80  # the same\n",
        {{Form::Times::any, "connect NET PORT",
          [&](Line& line) { return take_connect(rows, line); }},
         {Form::Times::any, "tcp-connect PORT",
          [&](Line& line) { return take_port(rows, line); }}});
    ASSERT_OK(parsed);
    EXPECT_THAT(remarks(), ElementsAre(testing::StartsWith("warning rows:3: the name servers of"),
                                       testing::StartsWith("warning rows:4: the name servers of"),
                                       testing::StartsWith("warning rows:5: reaches link-local"),
                                       testing::StartsWith("warning rows:6: reaches AWS")));
}

TEST_F(CheckPolicy, ToDoWithoutEgressIsFoundAndNoPolicyThatRequiresItToo) {
    add("approval.policy", kPinned);
    add("host.policy",
        "host-id a  # x\nwithout egress  # an old kernel\nrequire egress  # a new one\n");
    EXPECT_THAT(
        remarks(),
        ElementsAre("error host.policy:2: another line requires egress; take one of the two out",
                    testing::StartsWith("warning host.policy:2: where this host can hold")));
}
