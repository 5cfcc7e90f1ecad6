// What an auditor gets of a host: `bulkhead prove`, and who may read the audit log.
#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "common/crypto/sha256.hpp"
#include "tests/common/approval/signing.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

// A root directory with the programs that verify.sh names and the libraries they load, and nothing
// else.
class BareRoot {
  public:
    BareRoot() {
        const auto made = run({"/bin/sh", "-euc", R"root(
            root=$0
            mkdir -p "$root/usr/bin" "$root/etc" "$root/dev" "$root/tmp"
            ln -s usr/bin "$root/bin"
            for name in sh sha256sum ssh-keygen sed grep awk tr cut head cat dirname rm; do
                file=$(command -v "$name")
                cp -L "$file" "$root/usr/bin/$name"
                for library in $(ldd "$file" | grep -o '/[^ ]*'); do
                    mkdir -p "$root$(dirname "$library")"
                    [ -e "$root$library" ] || cp -L "$library" "$root$library"
                done
            done
            : >"$root/dev/null"
            echo root:x:0:0::/:/bin/sh >"$root/etc/passwd"
        )root",
                               place_.path()});
        EXPECT_EQ(made.code, 0) << made.output;
    }
    // Copies the proof into it, and has it checked there.
    Finished verify(const std::string& proof) const {
        fs::remove_all(place_ / "proof");
        fs::copy(proof, place_ / "proof", fs::copy_options::recursive);
        return run({"/usr/sbin/chroot", place_.path(), "/bin/sh", "/proof/verify.sh"});
    }

  private:
    TempDir place_;
};

class Evidence : public Pair {
  protected:
    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        std::string lines;
        for (const auto* key : {&alice_, &bob_, &carol_}) {
            lines += (key == &alice_ ? "alice,alice@example.com "
                      : key == &bob_ ? "bob "
                                     : "carol ") +
                     key->line() + "\n";
        }
        place().write("policy/allowed_signers", lines);
        place().append("policy/approval.policy",
                       "signers team alice bob carol  # test\n"
                       "profile test need 2 of team valid-for 30000d  # test\n");
    }

    // By alice and bob, and by carol, who wrote it.
    std::string signed_job(const std::string& id, const std::string& script) const {
        const auto manifest =
            "bulkhead-job v1\njob-id " + id + "\nauthor carol\nscript-sha256 " +
            crypto::hex(crypto::sha256(as_bytes(script))) + "\nscript-size " +
            std::to_string(script.size()) +
            "\ninterpreter /bin/sh\nprofile test\nparam dir text:64:a-z/.\ntarget any\nnot-before "
            "2020-01-01T00:00:00Z\nnot-after 2090-01-01T00:00:00Z\ntimeout 30\noutput-max 4096\n"
            "runs 9/day\nreason a test\nend\n";
        return script + "#--bulkhead-approval-v1--\n" + commented("#m ", manifest) +
               commented("#s ", alice_.armored(manifest)) +
               commented("#s ", bob_.armored(manifest)) +
               commented("#s ", carol_.armored(manifest));
    }
    static std::string commented(const std::string& mark, const std::string& text) {
        std::string out;
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) out.append(mark).append(line) += "\n";
        return out;
    }
    Finished prove(const std::string& id, std::vector<std::string> more = {}) {
        std::vector<std::string> words{
            BULKHEAD_CLI, "prove",         id,     "--state", place() / "state",
            "--log-dir",  place() / "log", "--to", proof()};
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    }
    std::string proof() { return place() / "proof"; }
    // Another byte at the end of a file of the proof, before its LF.
    void change(const std::string& file) {
        auto text = content_of(proof() + "/" + file);
        ASSERT_GT(text.size(), 2U) << file;
        auto& byte = text[text.size() - 3];
        byte = byte == 'A' ? 'B' : 'A';
        write(file, text);
    }
    void write(const std::string& file, const std::string& text) {
        std::ofstream(proof() + "/" + file, std::ios::trunc | std::ios::binary) << text;
    }
    // The lines of a proof with some text in place of another, and a chain and head that agree with
    // it: what one who can write to the whole directory would make of it.
    void forge(const std::vector<std::pair<std::string, std::string>>& changes) {
        std::istringstream before(content_of(proof() + "/audit.lines"));
        std::string lines, head, last;
        for (std::string line; std::getline(before, line);) {
            for (const auto& [from, to] : changes) {
                if (const auto at = line.find(from); at != line.npos) {
                    line.replace(at, from.size(), to);
                }
            }
            if (!head.empty()) {
                const std::string key = "\"prev\":\"";
                line.replace(line.find(key) + key.size(), 64, head);
            }
            head = crypto::hex(crypto::sha256(as_bytes(line)));
            lines += line + "\n";
            last = line;
        }
        const auto sequence = json::parse(last)["seq"].get<std::uint64_t>();
        write("audit.lines", lines);
        write("audit.head", std::to_string(sequence) + " " + head + "\n");
    }
    // Lets the verdict of the proof name all signatures but those of `person`.
    void forge_without(const std::string& person) {
        const auto verdict = audit("verdict").back();
        auto fewer = verdict;
        for (std::size_t i = 0, kept = 0; i < verdict["keys"].size(); ++i) {
            if (verdict["keys"][i].get<std::string>().starts_with(person)) {
                fewer["keys"].erase(kept);
                fewer["signatures"].erase(kept);
                continue;
            }
            ++kept;
            const auto name = [&](std::size_t n) {
                return proof() + "/signatures/" + std::to_string(n) + ".sig";
            };
            if (kept != i + 1) fs::rename(name(i + 1), name(kept));
        }
        ASSERT_LT(fewer["keys"].size(), verdict["keys"].size());
        forge({{verdict["keys"].dump(), fewer["keys"].dump()},
               {verdict["signatures"].dump(), fewer["signatures"].dump()}});
    }
    void run_signed_job() {
        const auto result = run_job({.script = signed_job("fix-1", "echo \"$JOB_P_dir\"\n"),
                                     .params = {{"dir", "../../etc/x"}},
                                     .id = "delivery-1"});
        ASSERT_EQ(result["outcome"], "finished") << result.dump();
        ASSERT_TRUE(wait_for_audit("job-acknowledged"));
    }

    SigningKey alice_{"alice"}, bob_{"bob"}, carol_{"carol"};
};

TEST_F(Evidence, OfASignedJobIsCheckedByStockToolsWhereNothingOfOursIs) {
    start_enrolled();
    run_signed_job();
    place().write("policy/revoked_signers", bob_.line() + "\n");  // later: of then he was good
    reload();
    const auto written = prove("delivery-1");
    ASSERT_EQ(written.code, 0) << written.output;
    const BareRoot root;
    const auto checked = root.verify(proof());
    EXPECT_EQ(checked.code, 0) << checked.output;
    EXPECT_THAT(checked.output, Not(HasSubstr("FAULT")));
    for (const auto* person : {"alice", "bob", "carol"}) {
        EXPECT_THAT(checked.output,
                    HasSubstr("Good \"bulkhead-job-v1\" signature for " + std::string(person)));
    }
    EXPECT_THAT(checked.output, HasSubstr("parameters: dir=../../etc/x"));
    EXPECT_EQ(content_of(proof() + "/script"), "echo \"$JOB_P_dir\"\n");
    EXPECT_THAT(content_of(proof() + "/audit.lines"), HasSubstr("\"event\":\"job-acknowledged\""));
    EXPECT_EQ(prove("delivery-1").code, 1) << "it overwrites nothing";

    // Whatever is changed is found, by what names it.
    for (const std::string file :
         {"manifest", "script", "signatures/1.sig", "signatures/2.sig", "policy/allowed_signers",
          "policy/approval.policy", "policy.sha256sums", "audit.head"}) {
        const auto before = content_of(proof() + "/" + file);
        change(file);
        const auto changed = root.verify(proof());
        EXPECT_EQ(changed.code, 1) << file << "\n" << changed.output;
        EXPECT_THAT(changed.output, HasSubstr("FAULT")) << file;
        write(file, before);
    }
    const auto lines = content_of(proof() + "/audit.lines");
    const auto count = std::ranges::count(lines, '\n');
    for (std::ptrdiff_t n = 0; n < count; ++n) {
        auto changed = lines;
        std::size_t at = 0;
        for (std::ptrdiff_t i = 0; i < n; ++i) at = changed.find('\n', at) + 1;
        at = changed.find("\"event\":\"", at) + 9;
        changed[at] = changed[at] == 'x' ? 'y' : 'x';
        write("audit.lines", changed);
        EXPECT_EQ(root.verify(proof()).code, 1) << "line " << n + 1;
    }
    write("audit.lines", lines.substr(0, lines.rfind('\n', lines.size() - 2) + 1));
    EXPECT_EQ(root.verify(proof()).code, 1) << "the last line is missing";
    write("audit.lines", lines);
    EXPECT_EQ(root.verify(proof()).code, 0) << "the tests above left it as it was";
}

// The chain of a forged proof is whole: what people did not sign is missing from it all the same.
TEST_F(Evidence, IsNotEnoughWithoutItsAuthorOrWithTooFewPeople) {
    start_enrolled();
    run_signed_job();
    const BareRoot root;
    const auto verify = [&] {
        const auto checked = root.verify(proof());
        EXPECT_EQ(checked.code, 1);
        EXPECT_THAT(checked.output, HasSubstr("\n1 of the checks FAILED\n"));
        fs::remove_all(proof());
        return checked.output;
    };
    ASSERT_EQ(prove("delivery-1").code, 0);
    forge_without("carol");
    EXPECT_THAT(verify(), HasSubstr("FAULT  author: carol has not signed\n"));

    ASSERT_EQ(prove("delivery-1").code, 0);
    forge_without("bob");
    EXPECT_THAT(verify(), HasSubstr("FAULT  policy/approval.policy: that is not enough"));

    // One person in two groups has one seat.
    ASSERT_EQ(prove("delivery-1").code, 0);
    auto policy = content_of(proof() + "/policy/approval.policy");
    const auto sums = content_of(proof() + "/policy.sha256sums");
    const auto digest = [](const std::string& text) {
        return crypto::hex(crypto::sha256(as_bytes(text)));
    };
    const auto of_file = digest(policy);
    const std::string need = "need 2 of team";
    policy.replace(policy.find(need), need.size(), "need 1 of team and 1 of others");
    policy += "signers others alice  # test\n";
    auto new_sums = sums;
    new_sums.replace(new_sums.find(of_file), 64, digest(policy));
    write("policy/approval.policy", policy);
    write("policy.sha256sums", new_sums);
    forge({{digest(sums), digest(new_sums)}});
    const auto both = root.verify(proof());
    EXPECT_EQ(both.code, 0) << both.output;  // alice for others, bob for team
    forge_without("bob");
    EXPECT_THAT(verify(), HasSubstr("FAULT  policy/approval.policy: that is not enough"));
}

TEST_F(Evidence, OfAPinnedJobIsWhatStoodInApprovedThen) {
    const PinnedJob job{.name = "pinned", .script = "echo pinned\n"};
    pin(job);
    start_enrolled();
    ASSERT_EQ(run_job({.script = job.script})["outcome"], "finished");
    ASSERT_TRUE(wait_for_audit("job-ended"));
    place().remove("policy/approved/pinned.manifest");
    reload();
    const auto written = prove("pinned", {"--to-end"});
    ASSERT_EQ(written.code, 0) << written.output;
    const BareRoot root;
    const auto checked = root.verify(proof());
    EXPECT_EQ(checked.code, 0) << checked.output;
    EXPECT_THAT(checked.output, HasSubstr("root has pinned this manifest"));
    EXPECT_THAT(content_of(proof() + "/audit.lines"), HasSubstr("policy-loaded")) << "--to-end";
    change("policy/approved/pinned.manifest");
    EXPECT_EQ(root.verify(proof()).code, 1);
}

TEST_F(Evidence, IsKeptOnceHoweverOftenAJobRuns) {
    const PinnedJob job{.name = "again", .script = "echo again\n"};
    pin(job);
    start_enrolled();
    const auto kept = [&] {
        return std::distance(fs::directory_iterator(place() / "state/broker/evidence"), {});
    };
    ASSERT_EQ(run_job({.script = job.script})["outcome"], "finished");
    const auto before = kept();
    EXPECT_GT(before, 10) << "the policy's files, too";
    for (int i = 0; i < 3; ++i) EXPECT_EQ(run_job({.script = job.script})["outcome"], "finished");
    EXPECT_EQ(kept(), before);
}

TEST_F(Evidence, IsNoJobsThatNeverStarted) {
    start_enrolled();
    const auto answer = prove("none");
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.output, HasSubstr("no job of number, delivery or id none was started"));
    EXPECT_FALSE(fs::exists(proof()));
}

// The audit log is on another file system, and takes each line.
TEST_F(Evidence, OnAFullDiskEachDeliveryHasOneVerdict) {
    const PinnedJob job{.name = "again", .script = "echo again\n"};
    pin(job);
    const auto state = place() / "state/broker";
    start_under({"/usr/bin/unshare", "--mount", "/bin/sh", "-c",
                 "mkdir -p \"$0\" && mount -t tmpfs -o size=8m,mode=700 none \"$0\" && exec \"$@\"",
                 state});
    ASSERT_EQ(run_job({.script = job.script})["outcome"], "finished") << log();
    const auto fill = "/proc/" + std::to_string(broker().pid()) + "/root" + state + "/fill";
    run({"/bin/dd", "if=/dev/zero", "of=" + fill, "bs=4k"});
    json result;
    for (int i = 0; i < 20 && result["outcome"] != "refused"; ++i) {
        result = run_job({.script = job.script});  // there is room in the ledger's last page
    }
    EXPECT_EQ(result["reason"], "ledger-write-failed") << result.dump();
    const auto fresh = run_job({.script = "echo another\n"});
    EXPECT_EQ(fresh["reason"], "not-approved");
    ::unlink(fill.c_str());
    EXPECT_EQ(run_job({.script = job.script})["outcome"], "finished");
    std::map<std::string, int> verdicts;
    for (const auto& one : audit("verdict")) ++verdicts[one["delivery"].get<std::string>()];
    for (const auto& [delivery, count] : verdicts) EXPECT_EQ(count, 1) << delivery;
    EXPECT_GE(verdicts.size(), 4U);
}

// --- the audit log itself

struct stat of(const std::string& path) {
    struct stat info {};
    ::stat(path.c_str(), &info);
    return info;
}

TEST_F(Evidence, TheAuditLogIsForRootAndTheGroupThatPolicyNames) {
    place().append("policy/host.policy", "readers adm  # the auditors\n");
    const auto adm = ::getgrnam("adm")->gr_gid;
    start_enrolled();
    ASSERT_TRUE(wait_for_audit("agent-started"));
    EXPECT_EQ(of(place() / "log").st_gid, adm);
    EXPECT_EQ(of(place() / "log").st_mode & 07777, 0750U);
    EXPECT_EQ(of(place() / "log/audit.log").st_gid, adm);
    EXPECT_EQ(of(place() / "log/audit.log").st_mode & 07777, 0640U);
    EXPECT_EQ(of(place() / "log/audit.head").st_gid, 0U);
    fs::rename(place() / "log/audit.log", place() / "log/audit.log.1");
    reload();
    EXPECT_EQ(of(place() / "log/audit.log").st_gid, adm) << "of a file that was begun since";
    const auto read = run({"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--groups=adm",
                           BULKHEAD_CLI, "jobs", "--log-dir", place() / "log"});
    EXPECT_EQ(read.code, 0) << read.output;

    auto text = place().read("policy/host.policy");
    place().write("policy/host.policy", text.substr(0, text.find("readers")));
    reload();
    EXPECT_EQ(of(place() / "log").st_gid, 0U);
    EXPECT_EQ(of(place() / "log/audit.log").st_gid, 0U);
    EXPECT_EQ(of(place() / "log/audit.log.1").st_gid, 0U);
    place().append("policy/host.policy", "readers no-such-group  # test\n");
    reload();
    EXPECT_EQ(of(place() / "log/audit.log").st_gid, 0U);
    EXPECT_TRUE(wait_for_status("readers-unknown"));
}

TEST_F(Evidence, AGapOfTheAuditLogIsToldInLogStatusAndHeartbeat) {
    start_enrolled();
    EXPECT_EQ(stop(), 0);
    const auto text = place().read("log/audit.log");
    place().write("log/audit.log", text.substr(0, text.rfind('\n', text.size() - 2) + 1));
    start_enrolled();
    EXPECT_TRUE(wait_for_log("audit-gap"));
    EXPECT_TRUE(wait_for_status("audit-gap"));
    EXPECT_TRUE(
        eventually([&] { return json(heartbeats()).dump().contains("audit-gap"); }, kPatience));
    EXPECT_EQ(audit("audit-gap").size(), 1U);
}

}  // namespace
}  // namespace bulkhead::test
