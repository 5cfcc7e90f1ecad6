// A policy on disk that does not load: `bulkhead reload` says why and fails, and the agent starts
// all the same, under the walls of the last one that was in force, reports, and starts no job.
#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "common/crypto/sha256.hpp"
#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

class Rejected : public Pair {
  protected:
    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        pin({.name = "pinned", .script = kPinned});
        reads_ = place().read(kReads);
        start_enrolled();
    }
    // A slip in a file that has nothing to do with jobs.
    void slip() { place().append(kReads, "no line of ours\n"); }
    void mend() { place().write(kReads, reads_); }
    void restart() {
        ASSERT_EQ(stop(), 0);
        start();
        ASSERT_TRUE(wait_for_heartbeats(1)) << log();
    }
    json run_pinned() { return run_job({.script = kPinned}); }
    std::string detail_of_refusal() const {
        std::string detail;
        for (const auto& one : audit("verdict")) {
            if (one["decision"] == "refuse") detail = one["detail"];
        }
        return detail;
    }
    std::vector<std::string> words() {
        return {BULKHEAD_CLI, "reload", "--state", place() / "state"};
    }
    Finished bulkhead_reload() { return run(words()); }
    std::string of_state(std::string_view name) { return "state/broker/" + std::string(name); }
    std::size_t requests() {
        return static_cast<std::size_t>(std::distance(
            fs::directory_iterator(place() / of_state("requests")), fs::directory_iterator()));
    }
    // Has the store name another last policy: that of now, with `text` for the content of `file`.
    void forge_last_policy(const std::string& file, const std::string& text) {
        const auto keep = [&](const std::string& content) {
            const auto name = crypto::hex(crypto::sha256(as_bytes(content)));
            place().write(of_state("evidence/" + name), content);
            return name;
        };
        auto list = last_list();
        list.replace(list.find("  " + file + "\n") - 64, 64, keep(text));
        place().write(of_state("last-policy"), keep(list) + "\n");
    }
    std::string last_list() {
        const auto digest = place().read(of_state("last-policy")).substr(0, 64);
        return place().read(of_state("evidence/" + digest));
    }
    static bool has(const std::string& text, std::string_view part) {
        return text.find(part) != text.npos;
    }

    static constexpr const char* kPinned = "echo pinned\n";
    static constexpr const char* kReads = "policy/reads.policy";

  private:
    std::string reads_;
};

// --- the command

TEST_F(Rejected, TheCommandSaysWhatCameOfIt) {
    const auto done = bulkhead_reload();
    EXPECT_EQ(done.code, 0) << done.output;
    const auto digest = last_audit("policy-loaded")["policy"].get<std::string>();
    EXPECT_EQ(done.output, "policy " + digest + " is in force; workers kept; no restart needed\n");
    slip();
    place().remove("policy/approved/pinned.manifest");
    const auto refused = bulkhead_reload();
    EXPECT_EQ(refused.code, 1);
    for (const auto* part : {"the policy was rejected", "/policy: reads.policy:33:",
                             "unknown key \"no\"", "approved/pinned.manifest gone",
                             "bulkhead reload", "less what the directory grants no longer"}) {
        EXPECT_TRUE(has(refused.output, part)) << part << " is not in: " << refused.output;
    }
    EXPECT_TRUE(wait_for_status("policy-rejected"));
    EXPECT_TRUE(wait_for_log("\"error\""));
    place().write("policy/revoked_jobs", "nonsense\n");
    const auto held = bulkhead_reload();
    EXPECT_EQ(held.code, 1);
    EXPECT_TRUE(has(held.output, "no job starts")) << held.output;
    EXPECT_TRUE(has(held.output, "revoked_jobs")) << held.output;
    place().remove("policy/revoked_jobs");
    mend();
    EXPECT_EQ(bulkhead_reload().code, 0);
    EXPECT_EQ(requests(), 0U) << "answers are taken away";
}

TEST_F(Rejected, EachOfSeveralAtOnceGetsItsVerdict) {
    slip();
    std::vector<std::unique_ptr<Program>> all;
    for (int i = 0; i < 8; ++i) {
        all.push_back(std::make_unique<Program>(
            Command{.words = words(), .output = place() / ("reload." + std::to_string(i))}));
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i]->wait(kPatience), 1);
        const auto said = place().read("reload." + std::to_string(i));
        EXPECT_TRUE(has(said, "reads.policy")) << said;
    }
    EXPECT_EQ(requests(), 0U);
    mend();
    broker().signal(SIGHUP);
    EXPECT_TRUE(wait_for_log("trouble-over")) << "a signal does it as well";
}

TEST_F(Rejected, ThePolicyThatCountsIsTheOneAfterTheRequest) {
    const auto checked = run({BULKHEAD_CLI, "check-policy", place() / "policy", "--vendor-policy",
                              place() / "vendor-policy"});
    EXPECT_NE(checked.code, 2) << checked.output;
    slip();
    EXPECT_EQ(bulkhead_reload().code, 1) << "whatever was checked before";
}

TEST_F(Rejected, OddRequestsAreToldAndHarmNobody) {
    const auto folder = of_state("requests/");
    fs::create_directory(place() / (folder + "reload.folder"));
    place().write(folder + "reload.b@d", "");
    EXPECT_TRUE(wait_for_log("reload.folder: Is a directory"));
    EXPECT_TRUE(wait_for_log("a token is of 1 to 64 letters"));
    place().write(folder + "answer.twice", "loaded\nof another time\n");
    place().write(folder + "reload.twice", "");
    EXPECT_TRUE(eventually(
        [&] { return place().read(folder + "answer.twice").starts_with("loaded\npolicy "); },
        kPatience));
    place().remove(folder + "answer.twice");
    fs::create_directory(place() / (folder + "answer.taken"));
    place().write(folder + "reload.taken", "");
    EXPECT_TRUE(wait_for_log("reload-not-answered", 2));
    EXPECT_EQ(bulkhead_reload().code, 0);
}

TEST_F(Rejected, ARequestOfBeforeTheStartIsServed) {
    ASSERT_EQ(stop(), 0);
    const auto early = of_state("requests/reload.early");
    place().write(early, "");
    const timespec then[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (place() / early).c_str(), then, 0), 0);
    slip();
    start();
    EXPECT_TRUE(wait_for_log("reload-asked-late"));
    const auto answer = of_state("requests/answer.early");
    EXPECT_TRUE(eventually([&] { return place().exists(answer); }, kPatience));
    EXPECT_TRUE(has(place().read(answer), "no job starts")) << place().read(answer);
    EXPECT_TRUE(wait_for_heartbeats(1));
}

TEST_F(Rejected, AnAnswerThatNobodyTookGoes) {
    const auto stale = of_state("requests/answer.stale");
    place().write(stale, "loaded\n");
    const timespec then[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (place() / stale).c_str(), then, 0), 0);
    EXPECT_EQ(bulkhead_reload().code, 0);
    EXPECT_FALSE(place().exists(stale));
}

TEST_F(Rejected, ABrokerThatIsKilledDuringTheWaitIsTold) {
    broker().signal(SIGSTOP);
    Program asks({.words = words(), .output = place() / "said"});
    ASSERT_TRUE(eventually([&] { return requests() == 1; }, kPatience));
    EXPECT_EQ(stop(SIGKILL), 128 + SIGKILL);
    EXPECT_EQ(asks.wait(kPatience), 1);
    EXPECT_TRUE(has(place().read("said"), "no agent with the state")) << place().read("said");
    EXPECT_EQ(requests(), 0U) << "the request is withdrawn";
}

TEST_F(Rejected, ABrokerThatDoesNotAnswerIsWaitedForHalfAMinute) {
    broker().signal(SIGSTOP);
    const auto before = std::chrono::steady_clock::now();
    const auto done = bulkhead_reload();
    broker().signal(SIGCONT);
    EXPECT_EQ(done.code, 1);
    EXPECT_TRUE(has(done.output, "has not taken the request for 30 s")) << done.output;
    EXPECT_LT(std::chrono::steady_clock::now() - before, 40s);
    EXPECT_EQ(requests(), 0U);
}

// --- a start

TEST_F(Rejected, AStartReportsAndRunsNoJobUntilThePolicyLoads) {
    ASSERT_EQ(run_pinned()["outcome"], "finished");
    const auto before = last_audit("agent-started")["policy"];
    slip();
    restart();
    EXPECT_EQ(last_audit("agent-started", 2)["policy"], before) << "the walls are the last one's";
    const auto rejected = last_audit("policy-rejected");
    EXPECT_EQ(rejected["at"], "start");
    EXPECT_TRUE(has(rejected["why"], "reads.policy")) << rejected;
    EXPECT_EQ(run_pinned()["reason"], "intake-suspended");
    EXPECT_TRUE(has(detail_of_refusal(), "policy rejected, since 20")) << detail_of_refusal();
    EXPECT_TRUE(has(detail_of_refusal(), "reads.policy")) << detail_of_refusal();
    EXPECT_TRUE(wait_for_status("policy-rejected"));
    EXPECT_TRUE(wait_for_status("intake-suspended"));
    EXPECT_TRUE(eventually([&] { return heartbeats().back().dump().contains("policy-rejected"); },
                           kPatience));
    // Not even what a reload that is rejected would let run.
    const auto again = bulkhead_reload();
    EXPECT_EQ(again.code, 1);
    EXPECT_TRUE(has(again.output, "no job starts")) << again.output;
    EXPECT_EQ(run_pinned()["reason"], "intake-suspended");
    mend();
    const auto done = bulkhead_reload();
    EXPECT_EQ(done.code, 0) << done.output;
    EXPECT_EQ(run_pinned()["outcome"], "finished");
    EXPECT_TRUE(wait_for_log("trouble-over", 2));
}

TEST_F(Rejected, AtAStartWhatIsWithdrawnCountsAndWhatIsGrantedDoesNot) {
    slip();
    place().remove("policy/approved/pinned.manifest");
    pin({.name = "new", .script = "echo new\n"});
    restart();
    const auto applied = last_audit("withdrawals-applied")["files"].dump();
    EXPECT_TRUE(has(applied, "approved/pinned.manifest gone")) << applied;
    EXPECT_EQ(run_job({.script = "echo new\n"})["reason"], "not-approved");
    EXPECT_EQ(run_pinned()["reason"], "intake-suspended");
}

TEST_F(Rejected, AFileIsHandedOutByNoRowThatWasWithdrawn) {
    const auto token = place() / "token-file";
    const auto rows = place().read("policy/credentials.policy");
    auto settings = configuration();
    settings.replace(settings.find("install_token: token"), 20, "install_token_file: " + token);
    place().write("token-file", "token\n");
    ASSERT_EQ(::chmod(token.c_str(), 0600), 0);
    place().append("policy/credentials.policy", "file " + token + " backend bulkhead  # test\n");
    place().write("agent.yaml", settings);
    const auto times = [&](std::string_view reason) {
        const auto lines = audit(reason == "ok" ? "read" : "read-refused");
        return std::ranges::count_if(lines, [&](const auto& one) {
            return one["path"] == token && one["reason"] == reason;
        });
    };
    restart();
    EXPECT_EQ(times("ok"), 1);
    const auto withdraw = [&] {
        place().write("policy/credentials.policy", rows);
        slip();
    };
    withdraw();
    ASSERT_EQ(stop(), 0);
    start();
    EXPECT_TRUE(wait_for_audit("read-refused"));
    EXPECT_EQ(times("not-in-policy"), 1);
    EXPECT_EQ(times("ok"), 1) << "the copy of the policy still had the row";
    EXPECT_TRUE(has(last_audit("withdrawals-applied")["files"].dump(), token));
    stop(broker().running() ? SIGTERM : 0);
    mend();
    place().append("policy/credentials.policy", "file " + token + " backend bulkhead  # test\n");
    start();
    ASSERT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(times("ok"), 2);
    withdraw();
    const auto refused = bulkhead_reload();
    EXPECT_TRUE(has(refused.output, token + " backend bulkhead gone")) << refused.output;
    kill_worker();
    EXPECT_TRUE(wait_for_audit("read-refused", 2));
    EXPECT_EQ(times("ok"), 2) << "nor does a rejected reload leave it";
}

TEST_F(Rejected, AProfileThatIsDeletedTakesItsJobsWithIt) {
    place().write("policy/profiles/mine.profile", place().read("policy/profiles/test.profile"));
    pin({.name = "of-mine", .script = "echo mine\n", .profile = "mine"});
    EXPECT_EQ(bulkhead_reload().code, 0);
    EXPECT_EQ(run_job({.script = "echo mine\n"})["outcome"], "finished");
    place().remove("policy/profiles/mine.profile");
    const auto refused = bulkhead_reload();
    EXPECT_EQ(refused.code, 1) << "of a manifest that names it";
    EXPECT_TRUE(has(refused.output, "profiles/mine.profile gone")) << refused.output;
    EXPECT_EQ(run_job({.script = "echo mine\n"})["reason"], "not-approved");
    EXPECT_EQ(run_pinned()["outcome"], "finished");
}

TEST_F(Rejected, APortThatIsWithdrawnLeavesNoHostWithoutAnAgent) {
    const auto file = "policy/profiles/worker.profile";
    auto rows = place().read(file);
    rows.erase(rows.rfind("connect 127.0.0.1"));
    place().write(file, rows);
    EXPECT_EQ(bulkhead_reload().code, 0);
    ASSERT_EQ(stop(), 0);
    start();
    EXPECT_TRUE(wait_for_log("backend-port-closed"));
    EXPECT_TRUE(wait_for_status("\"backends\"")) << log();
}

TEST_F(Rejected, AStartWithoutAPathOfTheWorkersIsTriedAgain) {
    place().append("policy/profiles/worker.profile", "read /nowhere  # mounted later\n");
    EXPECT_EQ(bulkhead_reload().code, 1);
    ASSERT_EQ(stop(), 0);
    place().remove(of_state("last-policy"));
    EXPECT_EQ(run_to_end({}), 1) << "a status for which the service manager starts it again";
    EXPECT_TRUE(wait_for_log("/nowhere"));
}

TEST_F(Rejected, AJobOfBeforeIsReportedAllTheSame) {
    const PinnedJob job{.name = "long", .script = "echo began\nsleep 60\n"};
    pin(job);
    EXPECT_EQ(bulkhead_reload().code, 0);
    const auto id = queue({.script = job.script});
    ASSERT_TRUE(wait_for_output(id, "began\n"));
    stop(SIGKILL);
    slip();
    start();
    EXPECT_EQ(result_of(id)["outcome"], "interrupted");
}

TEST_F(Rejected, APassReportsRunsNoJobAndFails) {
    slip();
    ASSERT_EQ(stop(), 0);
    const auto before = heartbeats().size();
    const auto id = queue({.script = kPinned});
    EXPECT_EQ(run_to_end({"--once"}), 2);
    EXPECT_GT(heartbeats().size(), before);
    EXPECT_EQ(result_of(id)["reason"], "intake-suspended");
}

TEST_F(Rejected, WithoutALastPolicyAStartFails) {
    slip();
    ASSERT_EQ(stop(), 0);
    const auto last = place().read(of_state("last-policy"));
    place().remove(of_state("last-policy"));
    EXPECT_EQ(run_to_end({}), 2);
    EXPECT_TRUE(wait_for_log("reads.policy"));
    EXPECT_EQ(last_audit("policy-rejected")["at"], "start");
    place().write(of_state("evidence/" + last.substr(0, 64)), "0000  of another\n");
    place().write(of_state("last-policy"), last);
    EXPECT_EQ(run_to_end({}), 2);
    EXPECT_TRUE(wait_for_log("is not what was kept"));
}

TEST_F(Rejected, WallsThatThisHostDoesNotHaveAnyMoreAreNotRaised) {
    slip();
    ASSERT_EQ(stop(), 0);
    forge_last_policy("host.policy", place().read("policy/host.policy") +
                                         "require landlok  # as if of a kernel that is gone\n");
    EXPECT_EQ(run_to_end({}), 2);
    EXPECT_TRUE(wait_for_log("nor can the walls of the policy before stand"));
    EXPECT_TRUE(wait_for_log("landlok"));
}

TEST_F(Rejected, ARequirementThatIsNewAndUnmetLeavesTheWallsOfBefore) {
    place().append("policy/host.policy", "require landlok  # a slip\n");
    restart();
    EXPECT_EQ(run_pinned()["reason"], "intake-suspended");
    EXPECT_TRUE(has(detail_of_refusal(), "landlok")) << detail_of_refusal();
}

TEST_F(Rejected, AfterAnUpgradeTheWallsAreThoseOfTheNewVersion) {
    slip();
    ASSERT_EQ(stop(), 0);
    const auto list = last_list();
    forge_last_policy("vendor.policy", "policy-format 2\nversion 0.1.9\n");
    ASSERT_NE(last_list(), list);
    start();
    ASSERT_TRUE(wait_for_heartbeats(1)) << log();
    EXPECT_EQ(last_list(), list) << "the operator's files over this version's";
    EXPECT_FALSE(has(status(), "policy-files-ignored")) << status();
    EXPECT_EQ(run_pinned()["reason"], "intake-suspended");
}

TEST_F(Rejected, OnlyRootCanWriteWhichPolicyWasTheLast) {
    for (const auto& [name, mode] : {std::pair{"", 0700U}, std::pair{"/last-policy", 0600U}}) {
        struct stat info {};
        ASSERT_EQ(::stat((place() / ("state/broker" + std::string(name))).c_str(), &info), 0);
        EXPECT_EQ(info.st_uid, 0U);
        EXPECT_EQ(info.st_mode & 07777U, mode);
    }
    // In the worker's view there is no such place.
    EXPECT_FALSE(fs::exists("/proc/" + std::to_string(worker_pid()) + "/root" +
                            (place() / of_state("last-policy"))));
}

}  // namespace
}  // namespace bulkhead::test
