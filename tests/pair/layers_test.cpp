// The operator's few lines over the version's policy: upgrades, reloads, and lists of another
// version.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/policy/needed_calls.hpp"
#include "tests/common/approval/signing.hpp"
#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

class Layers : public Pair {
  protected:
    // Of a directory that holds everything what an operator would have written himself.
    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        for (const auto* file :
             {"broker.libs", "interpreters.policy", "reads.policy", "seccomp", "shipped.digests"}) {
            place().remove("policy/" + std::string(file));
        }
        for (const auto& entry : fs::directory_iterator(place() / "policy/profiles")) {
            if (entry.path().filename() != "test.profile") fs::remove(entry.path());
        }
        fs::create_directory(place() / "policy/profiles/worker.profile.d");
        place().write(
            "policy/profiles/worker.profile.d/10-backend.lines",
            "connect 127.0.0.1 " + std::to_string(backend().port()) + "  # the backend\n");
    }

    void allow_alice() {
        place().write("policy/allowed_signers", "alice " + alice_.line() + "\n");
        place().append("policy/approval.policy",
                       "signers ops alice  # test\n"
                       "profile test need 1 of ops valid-for 30000d author-counts  # test\n");
    }
    void revoke_alice() { place().write("policy/revoked_signers", alice_.line() + "\n"); }

    std::string signed_by_alice(const std::string& id, const std::string& script) const {
        const auto manifest =
            "bulkhead-job v2\njob-id " + id + "\nauthor alice\nscript-sha256 " +
            crypto::hex(crypto::sha256(as_bytes(script))) + "\nscript-size " +
            std::to_string(script.size()) +
            "\ninterpreter /bin/sh\nprofile test\ntarget any\nnot-before 2020-01-01T00:00:00Z\n"
            "not-after 2090-01-01T00:00:00Z\ntimeout 30\noutput-max 4096\nruns 9/day\n"
            "reason a test\nend\n";
        return script + "#--bulkhead-approval-v1--\n" + commented("#m ", manifest) +
               commented("#s ", alice_.armored(manifest));
    }

    std::string vendors(const std::string& file) { return place().read("vendor-policy/" + file); }

    // The version's list for a part, but for the lines that allow what `leave_out` says.
    template <class LeaveOut>
    void restrict(const std::string& part, LeaveOut leave_out) {
        const auto file = "seccomp/" + part + ".seccomp";
        std::istringstream lines(vendors(file));
        std::string list;
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words(line);
            std::string key;
            std::string call;
            words >> key >> call;
            if (key != "allow" || !leave_out(call)) list += line + "\n";
        }
        fs::create_directory(place() / "policy/seccomp");
        place().write("policy/" + file, list);
    }

  private:
    static std::string commented(const std::string& mark, const std::string& text) {
        std::istringstream lines(text);
        std::string out;
        for (std::string line; std::getline(lines, line);) out += mark + line + "\n";
        return out;
    }

    const SigningKey alice_{"alice"};
};

TEST_F(Layers, AFewLinesOverTheVersionsPolicyAreEnough) {
    pin({.name = "hello", .script = "echo hello\n"});
    start_enrolled();
    EXPECT_EQ(run_job({.script = "echo hello\n"})["outcome"], "finished");
}

// As a host has it that was upgraded: all of 0.1's files, some of them changed.
TEST_F(Layers, APolicyOfTheReleaseBeforeGoesOnWithWhatWasChangedInIt) {
    const auto profile = place().read("policy/profiles/test.profile");
    const auto credentials = place().read("policy/credentials.policy");
    place().remove("policy");
    fs::copy(BULKHEAD_SOURCE "/tests/common/policy/old/0.1", place() / "policy",
             fs::copy_options::recursive);
    for (const auto& entry : fs::recursive_directory_iterator(place() / "policy")) {
        fs::permissions(entry.path(), fs::perms(entry.is_directory() ? 0755 : 0644));
    }
    fs::permissions(place() / "policy", fs::perms(0755));
    fs::create_directory(place() / "policy/approved");
    place().write("policy/profiles/test.profile", profile);
    place().write("policy/credentials.policy", credentials);
    // What 0.1 allowed as a port is that port of any address now, but for loopback's.
    fs::create_directory(place() / "policy/profiles/worker.profile.d");
    place().write("policy/profiles/worker.profile.d/10-backend.lines",
                  "connect 127.0.0.1 " + std::to_string(backend().port()) + "  # the backend\n");
    for (const auto* file : {"reads.policy", "interpreters.policy", "profiles/admin.profile",
                             "seccomp/broker.seccomp", "seccomp/inspect.seccomp"}) {
        place().append("policy/" + std::string(file), "# ours\n");
    }
    pin({.name = "hello", .script = "echo hello\n"});
    start_enrolled();
    EXPECT_EQ(run_job({.script = "echo hello\n"})["outcome"], "finished");
    EXPECT_TRUE(audit("worker-ended").empty());
}

TEST_F(Layers, AnUpgradeBeneathARunningBrokerChangesNothingAndARevocationCounts) {
    allow_alice();
    start_enrolled();
    const auto script = signed_by_alice("before", "echo before\n");
    ASSERT_EQ(run_job({.script = script})["outcome"], "finished");
    const auto worker = worker_pid();

    // Another version's, and what its program would not take either.
    place().remove("vendor-policy/profiles");
    place().write("vendor-policy/vendor.policy", "policy-format 1  # x\nversion 9.9.9  # x\n");
    place().write("vendor-policy/reads.policy", "no line of ours\n");
    place().write("vendor-policy/seccomp/worker.seccomp", "");
    revoke_alice();
    reload();
    ASSERT_EQ(audit("policy-loaded").size(), 1U);
    EXPECT_EQ(run_job({.script = signed_by_alice("after", "echo after\n")})["reason"],
              "signer-revoked");

    // With nothing left of it, too.
    place().remove("vendor-policy");
    place().remove("policy/revoked_signers");
    reload();
    EXPECT_EQ(audit("policy-loaded").size(), 2U);
    EXPECT_EQ(run_job({.script = signed_by_alice("again", "echo again\n")})["outcome"], "finished");
    EXPECT_EQ(worker_pid(), worker);
}

TEST_F(Layers, APolicyOfAnotherVersionIsRefusedAtTheStart) {
    place().write("vendor-policy/vendor.policy", "policy-format 1  # x\nversion 9.9.9  # x\n");
    EXPECT_EQ(run_to_end({}), 2);
    EXPECT_NE(log().find("vendor-policy/vendor.policy: is of version 9.9.9, and this program is "),
              std::string::npos);
}

TEST_F(Layers, AReloadUnderAListThatLacksACallOfTheWorkersKeepsTheWorkerAndItsList) {
    start_enrolled();
    const auto worker = worker_pid();
    restrict("worker", [](const std::string& call) { return call == "splice"; });
    reload();
    ASSERT_EQ(audit("policy-rejected").size(), 1U);
    const auto why = audit("policy-rejected")[0]["why"].get<std::string>();
    EXPECT_NE(why.find(": allows no splice, without which the worker"), std::string::npos) << why;
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(worker_pid(), worker);
    EXPECT_TRUE(audit("worker-ended").empty());
    EXPECT_EQ(stop(), 0);
    start();
    EXPECT_TRUE(wait_for_audit("worker-confined", 2)) << "nor does one start under it";
    EXPECT_EQ(audit("policy-rejected").size(), 2U);
}

TEST_F(Layers, WorkerAndConfigReaderDoTheirWorkWithTheCallsTheyDeclareAlone) {
    for (const std::string part : {"worker", "config-reader"}) {
        const auto needed = policy::needed_calls(part);
        restrict(part, [&](const std::string& call) {
            return std::ranges::find(needed, call) == needed.end();
        });
    }
    pin({.name = "many",
         .script = "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done\n"});
    pin({.name = "greet",
         .script = "echo $JOB_P_x >&2\n",
         .catalogue = true,
         .params = {{"x", "enum:a|b"}}});
    start_enrolled();
    EXPECT_EQ(
        run_job({.script =
                     "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done\n"})["outcome"],
        "finished");
    EXPECT_EQ(run_job({.catalogue = "greet", .params = {{"x", "a"}}})["outcome"], "finished");
    EXPECT_EQ(run_job({.script = "echo nobody\n"})["reason"], "not-approved");
    EXPECT_TRUE(wait_for_heartbeats(2));
    EXPECT_NE(status(), "");
    EXPECT_TRUE(audit("worker-ended").empty());
    EXPECT_EQ(stop(), 0);
}

}  // namespace
}  // namespace bulkhead::test
