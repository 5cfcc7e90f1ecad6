// The auditor's tools: check-policy, verify-audit, and the page that needs none of them.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "broker/records/history.hpp"
#include "common/admission/reason.hpp"
#include "common/audit/chain.hpp"
#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "tests/cli/site.hpp"
#include "tests/support/in_run.hpp"

namespace bulkhead::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Auditor : public ::testing::Test {
  protected:
    InRun in_run_;  // its files must be root's alone
    Site site_;
};

// The remark that a copy under /tmp is no place for a host's policy is not what is tested here.
std::vector<std::string> remarks(const Answer& answer) {
    std::vector<std::string> lines;
    for (const auto line : split(answer.out, '\n')) {
        if (!line.contains("a host would not load it") && line.contains(": ")) {
            lines.emplace_back(line);
        }
    }
    return lines;
}

TEST_F(Auditor, SeesTheDigestThatHeartbeatsCarry) {
    const auto answer = site_.bulkhead({"check-policy", "policy", "--json"});
    const auto document = nlohmann::json::parse(answer.out);
    const auto stock = run({.words = {"-c",
                                      "mkdir view && cp -r vendor/. policy/. view && cd view && "
                                      "find . -type f ! -name '*.md' -printf '%P\\n' | "
                                      "LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-64"},
                            .folder = site_.path(),
                            .program = "/bin/sh"});
    EXPECT_EQ(document["digest"].get<std::string>() + "\n", stock.out);
    EXPECT_THAT(site_.bulkhead({"check-policy", "policy"}).out, HasSubstr("digest " + stock.out));
}

TEST_F(Auditor, IsToldFileLineAndTextOfEachFinding) {
    site_.write("policy/approval.policy",
                "signers ops alice bob erin  # erin has no key\n"
                "profile maintain need 4 of ops valid-for 7d  # too many\n"
                "profile inspect pinned-only  # test\n"
                "profile admin pinned-only  # test\n");
    site_.write("policy/seccomp/job.seccomp", "default allow  # test\nerrno EPERM mout  # typo\n");
    const auto answer = site_.bulkhead({"check-policy", "policy"});
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(remarks(answer),
                ::testing::IsSupersetOf(
                    {"approval.policy:1: warning: erin has no valid key in allowed_signers",
                     "approval.policy:2: error: nobody may use profile maintain: it needs 4 "
                     "signers, and ops has 2 who can sign",
                     "seccomp/job.seccomp:2: error: there is no system call \"mout\""}));
}

TEST_F(Auditor, IsToldWhatDiffersFromTheVersionsPolicyAndWhatIsOlder) {
    site_.write("vendor/seccomp/job.seccomp",
                site_.read("policy/seccomp/job.seccomp") + "errno EPERM bpf  # of this version\n");
    site_.write("vendor/reads.policy", "");
    site_.write("policy/host.policy.d/eu.lines", "group eu  # ours\n");
    const auto lines = remarks(site_.bulkhead({"check-policy", "policy"}));
    EXPECT_THAT(lines, ::testing::IsSupersetOf(
                           {"host.policy.d/eu.lines: adds to host.policy",
                            "reads.policy: unchanged copy of " BULKHEAD_VERSION
                            ", which is not read: delete it",
                            "seccomp/job.seccomp: replaces what this version has",
                            "seccomp/job.seccomp: warning: lacks lines that this version's file "
                            "has: bpf; if it was written for an older version, take that file and "
                            "add yours by seccomp/job.seccomp.d/NAME.lines"}));
    const auto document =
        nlohmann::json::parse(site_.bulkhead({"check-policy", "policy", "--json"}).out);
    EXPECT_EQ(document["overrides"][1],
              (nlohmann::json{{"file", "reads.policy"},
                              {"kind", "copy"},
                              {"release", BULKHEAD_VERSION},
                              {"text", "unchanged copy of " BULKHEAD_VERSION
                                       ", which is not read: delete it"}}));
    EXPECT_EQ(document["overrides"][0]["kind"], "adds");
    EXPECT_EQ(document["overrides"][2]["kind"], "replaces");
}

TEST_F(Auditor, IsToldWhichCallOfTheWorkersAListLacks) {
    auto list = site_.read("policy/seccomp/worker.seccomp");
    const std::string call = " getdents64";
    list.erase(list.find(call), call.size());
    site_.write("policy/seccomp/worker.seccomp", list);
    const auto answer = site_.bulkhead({"check-policy", "policy"});
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.out,
                HasSubstr("seccomp/worker.seccomp:1: error: allows no getdents64, without which "
                          "the worker of this version does not work; take the file that the "
                          "package ships"));
}

TEST_F(Auditor, IsToldWhatToDoWithAPolicyOfAnotherVersion) {
    site_.write("vendor/vendor.policy", "policy-format 1  # x\nversion 9.9.9  # x\n");
    const auto answer = site_.bulkhead({"check-policy", "policy"});
    EXPECT_EQ(answer.code, 2);
    EXPECT_THAT(answer.err, HasSubstr("vendor.policy: is of version 9.9.9, and this program is "));
}

TEST_F(Auditor, SeesByTheExitStatusHowBadItIs) {
    site_.write("policy/seccomp/job.seccomp", "default kill  # the strictest\n");
    // Owned by somebody who is not root it is a copy, and no host's policy.
    if (::geteuid() == 0) {
        ASSERT_EQ(run({.words = {"-R", "65534", site_.path()}, .program = "/bin/chown"}).code, 0);
    }
    const auto ask = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"check-policy", "--vendor-policy", "vendor"});
        return run({.words = words,
                    .folder = site_.path(),
                    .user = ::geteuid() == 0 ? std::optional(kNobody) : std::nullopt});
    };
    EXPECT_EQ(ask({"policy"}).code, 0) << ask({"policy"}).out;
    EXPECT_EQ(ask({"absent"}).code, 2);
    EXPECT_EQ(ask({"policy", "policy"}).code, 2);
    EXPECT_EQ(ask({"--yaml"}).code, 2);
    site_.write("policy/approval.policy", "profile maintain pinned-only  # x\nprofile ?  # x\n");
    const auto broken = ask({"policy"});
    EXPECT_EQ(broken.code, 2);
    EXPECT_THAT(broken.err, HasSubstr("/policy: approval.policy:2:"));
}

TEST_F(Auditor, IsToldWhatThisHostCannotGiveOfAPolicy) {
    auto profile = site_.read("policy/profiles/maintain.profile");
    const auto replace = [&](const std::string& from, const std::string& to) {
        profile.replace(profile.find(from), from.size(), to);
    };
    replace("user nobody ", "user nosuchuser ");
    replace("read /etc/passwd ", "read /etc/nosuchfile ");
    replace("write /dev/null ", "devices /etc/passwd ");
    site_.write("policy/profiles/maintain.profile", profile);
    site_.write("policy/interpreters.policy", "interpreter /bin/nosuchshell  # test\n");
    const auto answer = site_.bulkhead({"check-policy", "policy", "--as-host"});
    EXPECT_EQ(answer.code, 0) << "no host rejects a policy for it: jobs of the profile are refused";
    for (const auto* said :
         {"profiles/maintain.profile: warning: profile-unusable here, so its jobs are refused: ",
          "there is no user nosuchuser",
          "profiles/maintain.profile:11:6: /etc/nosuchfile: is not there; make it, or write: "
          "if-present",
          "profiles/maintain.profile:13:9: /etc/passwd: is a regular file, and \"devices\"",
          "interpreters.policy:1: warning: no job runs by /bin/nosuchshell here: "}) {
        EXPECT_THAT(answer.out, HasSubstr(said));
    }
    EXPECT_THAT(site_.bulkhead({"check-policy", "policy"}).out,
                ::testing::AllOf(Not(HasSubstr("nosuchuser")), Not(HasSubstr("nosuchfile")),
                                 Not(HasSubstr("no job runs by"))))
        << "without --as-host the host is not asked";
}

// Root reads them here by a capability that the broker does not have.
TEST_F(Auditor, IsToldOfModesAndOwnersThatKeepTheBrokerOut) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs files of root's";
    const auto judged = [&](const char* what) {
        const auto answer = site_.bulkhead({"check-policy", "policy", "--as-host"});
        EXPECT_EQ(answer.code, 1) << what << answer.out << answer.err;
        return answer.out;
    };
    const auto host = site_.path("policy/host.policy");
    for (const auto& [file, mode] :
         {std::pair(host, 0000), {host, 0044}, {site_.path("policy/profiles"), 0600}}) {
        ASSERT_EQ(::chmod(file.c_str(), static_cast<mode_t>(mode)), 0);
        EXPECT_THAT(judged(file.c_str()),
                    HasSubstr("a host would not load it where it lies: " + file +
                              ": its mode keeps it from root; run: "
                              "chmod u+rX " +
                              file));
        ASSERT_EQ(::chmod(file.c_str(), file == host ? 0644 : 0755), 0);
    }
    ASSERT_EQ(::chown(host.c_str(), 1000, 0), 0);
    EXPECT_THAT(judged("owner"), HasSubstr("belongs to user 1000; run: chown root " + host));
    ASSERT_EQ(::chown(site_.path("policy").c_str(), 1000, 0), 0);
    EXPECT_EQ(site_.bulkhead({"check-policy", "policy", "--as-host"}).code, 0) << "a checkout";
}

TEST_F(Auditor, IsToldOfALinkIntoAPlaceThatRootTrusts) {
    std::filesystem::create_symlink("/etc", site_.path("innocent"));
    auto profile = site_.read("policy/profiles/maintain.profile");
    profile.replace(profile.find("write /var/cache "), 17, "write " + site_.path("innocent") + " ");
    site_.write("policy/profiles/maintain.profile", profile);
    constexpr const char* kSaid =
        ":12: warning: is a link, and who may write to /etc is root before";
    EXPECT_THAT(site_.bulkhead({"check-policy", "policy", "--as-host"}).out, HasSubstr(kSaid));
    EXPECT_THAT(site_.bulkhead({"check-policy", "policy"}).out, Not(HasSubstr(kSaid)));
}

TEST_F(Auditor, IsToldOfACapabilityThatThisHostCannotGive) {
    if (::geteuid() != 0) GTEST_SKIP() << "gives a capability up";
    const auto answer = run({.words = {"--bounding-set", "-fowner", BULKHEAD_PROGRAM,
                                       "check-policy", "policy", "--as-host"},
                             .folder = site_.path(),
                             .program = "/usr/bin/setpriv"});
    EXPECT_EQ(answer.code, 1) << answer.err;
    EXPECT_THAT(answer.out, HasSubstr("profiles/maintain.profile: error: needs CAP_FOWNER, which "
                                      "nobody here can give"));
}

// The broker asks so before it ends for another program: its own, not those of who asks.
TEST_F(Auditor, IsToldOfACapabilityThatTheAgentWasNotGiven) {
    const auto asked = [&](const std::string& mask) {
        return site_.bulkhead({"check-policy", "policy", "--as-host", "--capabilities", mask});
    };
    EXPECT_EQ(asked("1ffffffffff").code, 0) << asked("1ffffffffff").out;
    EXPECT_EQ(asked("1").code, 1);
    EXPECT_THAT(asked("1").out,
                HasSubstr("profiles/maintain.profile: error: needs CAP_DAC_OVERRIDE CAP_FOWNER"));
    EXPECT_EQ(asked("all").code, 2);
    EXPECT_THAT(asked("all").err, HasSubstr("a mask in hexadecimal"));
}

TEST_F(Auditor, IsToldOfStateThatALaterVersionWrote) {
    const auto asked = [&] {
        return site_.bulkhead(
            {"check-policy", "policy", "--as-host", "--state", site_.path("state")});
    };
    EXPECT_EQ(asked().code, 0) << "there is none yet: " << asked().out;
    site_.write("state/broker/written-by", "state-format 1\nversion 9.9.9\n");
    EXPECT_EQ(asked().code, 0) << asked().out;
    site_.write("state/broker/written-by", "state-format 2\nversion 9.9.9\n");
    EXPECT_EQ(asked().code, 1);
    EXPECT_THAT(asked().out, HasSubstr("install 9.9.9 or newer"));
    site_.write("state/broker/written-by", "state-format 1\nversion 9.9.9\n");
    crypto::Digest chain{};
    const records::Record later{.kind = records::Kind::header,
                                .number = JobNumber{1},
                                .time = parse_utc("2026-11-22T12:00:00Z").value(),
                                .header = {.format = records::Header::kFormat + 1, .count = 1}};
    site_.write("state/broker/ledger", as_text(records::encode(later, chain)));
    EXPECT_EQ(asked().code, 1);
    EXPECT_THAT(asked().out, HasSubstr("broker/ledger: record at byte 0: format 3, written by a "
                                       "later version; this one reads 2: install 9.9.9 or newer"));
}

// Such as hosts have it from before rows held capabilities.
TEST_F(Auditor, OfAnOldPolicyIsToldWhatChanged) {
    const auto answer = site_.bulkhead({"check-policy", "policy"});
    EXPECT_THAT(answer.out, HasSubstr("profiles/maintain.profile: warning: its capabilities end at "
                                      "its rows now"));
    EXPECT_THAT(answer.out, HasSubstr("profiles/maintain.profile:12: warning: who may write to "
                                      "/var/cache is root before long"));
}

TEST_F(Auditor, WhoIsNotRootIsToldWhatCouldNotBeAsked) {
    if (::geteuid() != 0) GTEST_SKIP() << "becomes somebody else";
    const auto answer = run({.words = {"check-policy", "policy", "--as-host"},
                             .folder = site_.path(),
                             .user = kNobody});
    EXPECT_THAT(answer.out,
                HasSubstr("asked as user 65534: what only root may look at is not known"));
    EXPECT_THAT(site_.bulkhead({"check-policy", "policy", "--as-host"}).out,
                Not(HasSubstr("asked as user")));
}

class AuditLog : public Auditor {
  protected:
    // Three lines in two files, the older one rotated away.
    AuditLog() {
        const auto line = [&](const char* event) {
            const auto text =
                records::begin_line(head_, parse_utc("2026-11-22T10:00:00Z").value()) + event +
                "\"}";
            head_ = records::after(head_, text);
            return text + "\n";
        };
        const auto one = line("one");
        const auto two = line("two");
        site_.write("log/audit.log.1", one + two);
        site_.write("log/audit.log", line("three"));
    }
    std::vector<std::string> expecting(std::uint64_t size, const crypto::Digest& head) const {
        return {"verify-audit", "log", "--size", std::to_string(size), "--head", crypto::hex(head)};
    }

    records::Head head_;
};

TEST_F(AuditLog, IsWhole) {
    const auto answer = site_.bulkhead({"verify-audit", "log"});
    EXPECT_EQ(answer.code, 0);
    EXPECT_THAT(answer.out, HasSubstr("lines 1 to 3 follow one another\nhead " +
                                      crypto::hex(head_.hash) + "\n"));
    EXPECT_EQ(site_.bulkhead(expecting(3, head_.hash)).code, 0);
    EXPECT_EQ(site_.bulkhead({"verify-audit", "log/audit.log.1", "log/audit.log"}).code, 0);
    EXPECT_THAT(site_.bulkhead({"verify-audit", "log/audit.log"}).out,
                HasSubstr("what came before line 3 was rotated away"));
}

TEST_F(AuditLog, ThatWasChangedNamesTheFirstBadLine) {
    auto text = site_.read("log/audit.log.1");
    text.replace(text.find("one"), 3, "ONE");
    site_.write("log/audit.log.1", text);
    const auto answer = site_.bulkhead({"verify-audit", "log"});
    EXPECT_EQ(answer.code, 1);
    EXPECT_EQ(answer.out, "log/audit.log.1:2: it or the line before it was changed\n");
}

TEST_F(AuditLog, ThatWasCutShortShowsAgainstAHead) {
    site_.write("log/audit.log", "");
    EXPECT_EQ(site_.bulkhead({"verify-audit", "log"}).code, 0);
    const auto answer = site_.bulkhead(expecting(3, head_.hash));
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.out, HasSubstr("cut short: there were 3 lines"));
}

TEST_F(AuditLog, IsNotJudgedAfterAWrongCall) {
    EXPECT_EQ(site_.bulkhead({"verify-audit"}).code, 2);
    EXPECT_EQ(site_.bulkhead({"verify-audit", "absent"}).code, 2);
    EXPECT_EQ(site_.bulkhead({"verify-audit", "policy"}).code, 2);
    EXPECT_EQ(site_.bulkhead({"verify-audit", "log", "--size", "3"}).code, 2);
    EXPECT_EQ(site_.bulkhead({"verify-audit", "log", "--size", "3", "--head", "x"}).code, 2);
    EXPECT_EQ(
        run({.words = {"--verify-audit", "log"}, .folder = site_.path(), .program = BROKER_PROGRAM})
            .code,
        0);
}

std::string page() { return sys::Dir::open(POLICY).value().read_file("README.md", 1_MiB).value(); }

TEST_F(Auditor, FindsEveryReasonInTheReadme) {
    const auto table = site_.bulkhead({"reasons"});
    ASSERT_EQ(table.code, 0);
    EXPECT_THAT(page(), HasSubstr("\n" + table.out + "\n"));
    for (const auto& row : admission::reasons()) EXPECT_THAT(table.out, HasSubstr(row.code));
}

// What the README says between ```sh and ```, run as it stands on a job that was just signed.
class Recipe : public Auditor {
  protected:
    Recipe() {
        const auto text = page();
        const auto begin = text.find("```sh\n") + 6;
        commands_ = text.substr(begin, text.find("```", begin) - begin);
    }
    Answer follow(const std::string& job) const {
        const auto folder = "audit-" + job;
        site_.write(folder + "/signed.sh", site_.read(job));
        site_.write(folder + "/allowed_signers", site_.read("policy/allowed_signers"));
        if (!revoked_.empty()) site_.write(folder + "/revoked_signers", revoked_);
        return run(
            {.words = {"-c", commands_}, .folder = site_.path(folder), .program = "/bin/sh"});
    }

    std::string commands_;
    std::string revoked_;
};

TEST_F(Recipe, ConfirmsAJobThatWasProperlySigned) {
    site_.seal("clean.sh", "good.sh", {"alice", "bob"});
    const auto answer = follow("good.sh");
    EXPECT_EQ(answer.code, 0) << answer.err;
    for (const auto* who : {"alice", "bob"}) {
        EXPECT_THAT(answer.out, HasSubstr("Good \"bulkhead-job-v1\" signature for " +
                                          std::string(who) + " with ED25519 key"));
        EXPECT_THAT(answer.out, HasSubstr("Signature Verified Successfully\n" + std::string(who)));
    }
}

TEST_F(Recipe, StopsAtWhateverIsWrong) {
    site_.seal("clean.sh", "good.sh", {"alice", "bob"});
    const auto good = site_.read("good.sh");
    const auto changed = [&](const std::string& from, const std::string& to) {
        auto text = good;
        text.replace(text.find(from), from.size(), to);
        site_.write("bad.sh", text);
        return follow("bad.sh").code;
    };
    EXPECT_EQ(changed("thumbnails", "Thumbnails"), 1);
    EXPECT_NE(changed("#m reason CHG-4711", "#m reason CHG-4712"), 0);
    EXPECT_NE(changed("#m script-size 49", "#m script-size 50"), 0);
    site_.seal("clean.sh", "mallory.sh", {"alice", "mallory"});
    EXPECT_NE(follow("mallory.sh").code, 0);
    revoked_ = SigningKey("bob").line() + "\n";
    EXPECT_NE(follow("good.sh").code, 0);
}

}  // namespace
}  // namespace bulkhead::test
