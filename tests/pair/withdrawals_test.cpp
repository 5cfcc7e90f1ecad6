// What an operator takes back counts at the reload, whatever else is wrong with the policy; where
// that cannot be read, nothing starts.
#include <filesystem>
#include <sstream>

#include "common/crypto/sha256.hpp"
#include "tests/common/approval/signing.hpp"
#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

class Withdrawals : public Pair {
  protected:
    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        place().write("policy/allowed_signers", "alice " + alice_.line() + "\n");
        place().append("policy/approval.policy",
                       "signers ops alice  # test\n"
                       "profile test need 1 of ops valid-for 30000d author-counts  # test\n");
        pin({.name = "pinned", .script = kPinned});
        start_enrolled();
    }

    // A slip in a file that has nothing to do with it.
    void slip() { place().append("policy/reads.policy", "no line of ours\n"); }

    json run_signed() {
        const auto script = "echo " + std::to_string(++count_) + "\n";
        const auto manifest =
            "bulkhead-job v1\njob-id signed-" + std::to_string(count_) +
            "\nauthor alice\nscript-sha256 " + crypto::hex(crypto::sha256(as_bytes(script))) +
            "\nscript-size " + std::to_string(script.size()) +
            "\ninterpreter /bin/sh\nprofile test\ntarget any\nnot-before 2020-01-01T00:00:00Z\n"
            "not-after 2090-01-01T00:00:00Z\ntimeout 30\noutput-max 4096\nruns 9/day\n"
            "reason a test\nend\n";
        return run_job({.script = script + "#--bulkhead-approval-v1--\n" +
                                  commented("#m ", manifest) +
                                  commented("#s ", alice_.armored(manifest))});
    }
    json run_pinned() { return run_job({.script = kPinned}); }
    json rejected() {
        reload();
        return last_audit("policy-rejected");
    }
    std::string detail_of_refusal() {
        for (const auto& verdict : audit("verdict")) {
            if (verdict["decision"] == "refuse") detail_ = verdict["detail"];
        }
        return detail_;
    }

    const SigningKey alice_{"alice"};
    static constexpr const char* kPinned = "echo pinned\n";

  private:
    static std::string commented(const std::string& mark, const std::string& text) {
        std::istringstream lines(text);
        std::string out;
        for (std::string line; std::getline(lines, line);) out += mark + line + "\n";
        return out;
    }
    int count_ = 0;
    std::string detail_;
};

TEST_F(Withdrawals, CountAtAReloadThatIsRejectedForSomethingElse) {
    ASSERT_EQ(run_signed()["outcome"], "finished");
    ASSERT_EQ(run_pinned()["outcome"], "finished");
    slip();
    place().write("policy/revoked_signers", "# B\xc3\xbcro\r\n" + alice_.line() + " alice\r\n");
    place().remove("policy/approved/pinned.manifest");
    pin({.name = "new", .script = "echo new\n"});
    rejected();
    const auto applied = last_audit("withdrawals-applied")["files"];
    EXPECT_EQ(applied.size(), 3U) << applied;
    EXPECT_NE(applied.dump().find("approved/pinned.manifest gone"), std::string::npos) << applied;
    EXPECT_EQ(run_signed()["reason"], "signer-revoked");
    EXPECT_EQ(run_pinned()["reason"], "not-approved");
    EXPECT_EQ(run_job({.script = "echo new\n"})["reason"], "not-approved")
        << "what a rejected policy grants anew is not granted";
    EXPECT_TRUE(wait_for_status("policy-rejected"));
    EXPECT_TRUE(wait_for_status("reads.policy"));
    EXPECT_TRUE(eventually([&] { return heartbeats().back().dump().contains("policy-rejected"); },
                           kPatience));
}

TEST_F(Withdrawals, AreTakenBackByAPolicyThatLoads) {
    const auto reads = place().read("policy/reads.policy");
    slip();
    place().write("policy/allowed_signers", "");
    rejected();
    EXPECT_EQ(run_signed()["reason"], "author-unknown");
    EXPECT_EQ(run_pinned()["outcome"], "finished") << "nobody took that back";
    place().write("policy/allowed_signers", "alice " + alice_.line() + "\n");
    place().write("policy/reads.policy", reads);
    reload();
    EXPECT_EQ(run_signed()["outcome"], "finished");
    EXPECT_TRUE(wait_for_log("trouble-over"));
}

TEST_F(Withdrawals, OfARuleOrAManifestThatWasChangedCountToo) {
    slip();
    auto rules = place().read("policy/approval.policy");
    rules.replace(rules.rfind("need 1"), 6, "need 2");
    place().write("policy/approval.policy", rules);
    auto manifest = place().read("policy/approved/pinned.manifest");
    manifest.replace(manifest.find("a test"), 6, "a change");
    place().write("policy/approved/pinned.manifest", manifest);
    rejected();
    EXPECT_EQ(run_signed()["reason"], "threshold-not-met");
    EXPECT_EQ(run_pinned()["reason"], "not-approved") << "neither the old one nor the new one";
}

TEST_F(Withdrawals, ThatCannotBeReadSuspendIntakeWithFileAndLine) {
    struct Case {
        const char* file;
        std::string text;
        const char* told;
    };
    const std::vector<Case> cases{
        {"revoked_signers", std::string("SSHKRL\n\0\0\0\0\1", 12), "bulkhead revoke FILE"},
        {"revoked_signers", "# x\nbob's key\n", "revoked_signers:2: "},
        {"revoked_jobs", "clean-1\n", "revoked_jobs:1: "},
        {"approval.policy", "profile test need\n", "approval.policy:1:"},
        {"approved/pinned.manifest", "", "approved/pinned.manifest:1: "},
        {"allowed_signers", std::string(70000, 'x'), "allowed_signers"},
        {"revoked-signers", "", "call it revoked_signers"},
        {"jobs.disable", "", "jobs.disable"}};
    for (const auto& [file, text, told] : cases) {
        const auto name = "policy/" + std::string(file);
        const bool there = place().exists(name);
        const auto before = there ? place().read(name) : "";
        place().write(name, text);
        rejected();
        EXPECT_EQ(run_pinned()["reason"], "intake-suspended") << file;
        EXPECT_NE(detail_of_refusal().find(told), std::string::npos) << detail_of_refusal();
        EXPECT_TRUE(wait_for_status("policy-rejected"));
        if (there) {
            place().write(name, before);
        } else {
            place().remove(name);
        }
    }
    reload();
    EXPECT_EQ(run_pinned()["outcome"], "finished");
}

TEST_F(Withdrawals, SuspendIntakeWhereTheDirectoryItselfCannotBeRead) {
    namespace fs = std::filesystem;
    fs::permissions(place() / "policy", fs::perms(0777));
    rejected();
    EXPECT_EQ(run_pinned()["reason"], "intake-suspended");
    fs::permissions(place() / "policy", fs::perms(0755));
    fs::rename(place() / "policy", place() / "elsewhere");
    rejected();
    EXPECT_EQ(run_pinned()["reason"], "intake-suspended");
    fs::create_symlink("elsewhere", place() / "policy");
    rejected();
    EXPECT_EQ(run_pinned()["reason"], "intake-suspended");
    fs::remove(place() / "policy");
    fs::rename(place() / "elsewhere", place() / "policy");
    reload();
    EXPECT_EQ(run_pinned()["outcome"], "finished");
}

TEST_F(Withdrawals, OfOneJobEndItWhereKillStandsAndTheOtherGoesOn) {
    const auto go = place().scratch() + "/go";
    const auto wait = "while [ ! -e " + go + " ]; do sleep 0.05; done\n";
    const PinnedJob bad{.name = "bad", .script = "trap '' HUP\necho bad\n" + wait};
    const PinnedJob slow{.name = "slow", .script = "echo slow\n" + wait};
    pin(bad);
    pin(slow);
    reload();
    const auto ends = queue({.script = bad.script});
    const auto stays = queue({.script = slow.script});
    ASSERT_TRUE(wait_for_output(ends, "bad\n"));
    ASSERT_TRUE(wait_for_output(stays, "slow\n"));
    slip();  // even then
    place().write("policy/revoked_jobs", "job-id bad kill  # it harms\njob-id slow  # not again\n");
    rejected();
    const auto result = result_of(ends);
    EXPECT_EQ(result["outcome"], "cancelled");
    EXPECT_EQ(result["reason"], "job-revoked");
    EXPECT_EQ(last_audit("job-revoked")["job"], "bad");
    EXPECT_EQ(audit("job-revoked").size(), 1U);
    EXPECT_EQ(run_job({.script = bad.script})["reason"], "job-revoked");
    EXPECT_EQ(run_job({.script = slow.script})["reason"], "job-revoked");
    EXPECT_NE(detail_of_refusal().find("revoked_jobs:2: not again"), std::string::npos);
    place().write("scratch/go", "");
    EXPECT_EQ(result_of(stays)["outcome"], "finished");
}

TEST_F(Withdrawals, ALineThatIsNotUnderstoodOrAFileThatNobodyReadsIsTold) {
    place().append("policy/allowed_signers", "alice cert-authority " + alice_.line() + "\n");
    place().write("policy/approval.policy.bak", "");
    reload();
    ASSERT_EQ(audit("policy-rejected").size(), 0U);
    EXPECT_EQ(run_signed()["reason"], "signer-unclear");
    EXPECT_NE(detail_of_refusal().find("line 2: cert-authority"), std::string::npos)
        << detail_of_refusal();
    EXPECT_TRUE(wait_for_status("signers-refused"));
    EXPECT_TRUE(wait_for_status("policy-files-ignored"));
    EXPECT_TRUE(wait_for_status("approval.policy.bak"));
}

}  // namespace
}  // namespace bulkhead::test
