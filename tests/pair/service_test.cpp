// What the service manager and the operator see: readiness, watchdog, reload, stop, status,
// confinement, heartbeats.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "broker/records/audit.hpp"
#include "common/audit/verify.hpp"
#include "tests/pair/notify_socket.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"
#include "tests/support/kernel.hpp"

namespace bulkhead::test {
namespace {

class Service : public Pair {
  protected:
    // "soft hard unit" of a line of /proc/PID/limits.
    static std::string limit_of(pid_t pid, const std::string& name) {
        const auto text = content_of("/proc/" + std::to_string(pid) + "/limits");
        const auto at = text.find(name);
        if (at == text.npos) return "";
        std::istringstream line(text.substr(at + name.size()));
        std::string soft, hard, unit;
        line >> soft >> hard >> unit;
        return soft + " " + hard + " " + unit;
    }
};

TEST_F(Service, ReadinessWatchdogAndStopAreNotified) {
    NotifySocket manager(place() / "notify");
    ASSERT_TRUE(manager.bound());
    start({}, {{"NOTIFY_SOCKET", place() / "notify"}, {"WATCHDOG_USEC", "200000"}});
    EXPECT_TRUE(manager.wait_for("READY=1"));
    EXPECT_TRUE(manager.wait_for("STATUS=1 of 1 workers confined"));
    EXPECT_TRUE(manager.wait_for("WATCHDOG=1", 5));
    // Ready means that the worker is confined, not only that a process exists.
    EXPECT_EQ(audit("worker-confined").size(), 1U);
    EXPECT_EQ(stop(), 0);
    EXPECT_EQ(manager.lines().count("STOPPING=1"), 1U);
    EXPECT_EQ(manager.lines().count("READY=1"), 1U);
}

TEST_F(Service, HeartbeatsCarryMetricsPolicyAndAuditHead) {
    start_enrolled();
    // The first one covers less than the second that a CPU figure needs.
    json beat;
    const auto tells_cpu = [&] {
        for (const auto& one : heartbeats()) {
            if (one["metrics"].contains("cpu_percent")) beat = one;
        }
        return !beat.is_null();
    };
    ASSERT_TRUE(eventually(tells_cpu, kPatience));
    const auto& metrics = beat["metrics"];
    EXPECT_EQ(metrics["memory"]["total_bytes"].get<std::int64_t>(),
              std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE));
    EXPECT_GT(metrics["memory"]["available_bytes"], 0);
    EXPECT_GT(metrics["disk"]["total_bytes"], 0);
    EXPECT_GT(metrics["uptime_seconds"], 0);
    EXPECT_GE(metrics["cpu_percent"], 0);
    EXPECT_LE(metrics["cpu_percent"], 100);
    EXPECT_EQ(metrics["load"].size(), 3U);
    EXPECT_FALSE(metrics["interfaces"].empty());
    for (const auto* digest : {"policy_digest", "walls_digest", "ceiling_digest"}) {
        EXPECT_EQ(beat[digest], audit("agent-started")[0]["policy"]) << digest;
    }
    EXPECT_EQ(beat["restart_needed"], false);
    EXPECT_EQ(beat["host_id"], backend().enrolments()[0].host_id);
    EXPECT_EQ(stop(), 0);

    // What the backend keeps is what an auditor holds the log against.
    const auto last = heartbeats().back()["audit"];
    const auto logs = sys::Dir::open(place() / "log").value();
    const auto files = records::open_audit_set(logs).value();
    const auto summary = records::verify_audit(files).value();
    EXPECT_FALSE(summary.fault);
    EXPECT_GE(summary.head.lines, last["size"].get<std::uint64_t>());
    std::istringstream lines(place().read("log/audit.log"));
    std::string line;
    for (std::uint64_t i = 0; i < last["size"].get<std::uint64_t>(); ++i) std::getline(lines, line);
    EXPECT_EQ(last["head"], crypto::hex(crypto::sha256(as_bytes(line))));
}

TEST_F(Service, TheWorkerIsConfinedAsProcShows) {
    start_enrolled();
    const auto worker = worker_pid();
    ASSERT_NE(worker, 0);
    EXPECT_EQ(status_of(worker, "Uid"), "64123\t64123\t64123\t64123");
    EXPECT_EQ(status_of(worker, "Gid"), "64123\t64123\t64123\t64123");
    EXPECT_EQ(status_of(worker, "Groups"), "");
    for (const auto* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
        EXPECT_EQ(status_of(worker, set), "0000000000000000") << set;
    }
    EXPECT_EQ(status_of(worker, "NoNewPrivs"), "1");
    EXPECT_EQ(status_of(worker, "Seccomp"), "2");
    EXPECT_EQ(status_of(broker().pid(), "NoNewPrivs"), "1");
    EXPECT_EQ(status_of(broker().pid(), "Seccomp"), "2");
}

TEST_F(Service, ASecondOneTakesNothingFromTheFirst) {
    start_enrolled();
    place().write("state/scripts/1-job", "of a job that runs\n");
    EXPECT_EQ(run(command()).code, 1);
    EXPECT_EQ(place().read("state/scripts/1-job"), "of a job that runs\n");
    EXPECT_EQ(stop(), 0);
    start();
    ASSERT_TRUE(wait_for_audit("agent-started", 2));
    EXPECT_FALSE(std::filesystem::exists(place() / "state/scripts/1-job")) << "its job is over";
}

// What a process that is not dumpable has in /proc/PID belongs to user and group 0 (proc_pid(5));
// the broker is user 0 anyway, so it is started with another group.
TEST_F(Service, NeitherHalfLeavesItsMemoryToACoreOrADebugger) {
    start_under({"/usr/bin/prlimit", "--core=unlimited", "--nofile=2000:4000", "/usr/bin/setpriv",
                 "--regid=64124", "--clear-groups"});
    const auto worker = wait_for_worker();
    for (const auto pid : {broker().pid(), worker}) {
        const auto proc = "/proc/" + std::to_string(pid);
        struct stat info {};
        ASSERT_EQ(::stat((proc + "/environ").c_str(), &info), 0);
        EXPECT_EQ(info.st_uid, 0U) << pid;
        EXPECT_EQ(info.st_gid, 0U) << pid;
        EXPECT_EQ(limit_of(pid, "Max core file size"), "1 1 bytes") << pid << ": see core(5)";
    }
    // Hard: for jobs of profiles that give more.
    EXPECT_EQ(limit_of(broker().pid(), "Max open files"), "1024 4000 files");
}

TEST_F(Service, NothingOfTheServiceManagersReachesTheWorker) {
    start({}, {{"NOTIFY_SOCKET", place() / "notify"}, {"LD_PRELOAD", "/nowhere.so"}});
    ASSERT_TRUE(wait_for_heartbeats(1));
    const auto environment = content_of("/proc/" + std::to_string(worker_pid()) + "/environ");
    EXPECT_EQ(environment.find("NOTIFY_SOCKET"), std::string::npos);
    EXPECT_EQ(environment.find("LD_PRELOAD"), std::string::npos);
}

TEST_F(Service, StatusAnswersPeopleAndPrograms) {
    start_enrolled();
    const auto socket = place() / "run/status/bulkhead.sock";
    const auto people = run({BULKHEAD_CLI, "status", "--socket", socket});
    EXPECT_EQ(people.code, 0) << people.output;
    EXPECT_NE(people.output.find("enrolled"), std::string::npos) << people.output;
    const auto programs = run({BULKHEAD_CLI, "status", "--json", "--socket", socket});
    EXPECT_EQ(programs.code, 0);
    const auto status = json::parse(programs.output, nullptr, false);
    ASSERT_TRUE(status.is_object()) << programs.output;
    EXPECT_EQ(status["policy_digest"], audit("agent-started")[0]["policy"]);
    EXPECT_EQ(status["backends"][0]["enrollment"], "enrolled");
    EXPECT_GE(status["backends"][0]["heartbeats"], 1);
    EXPECT_EQ(stop(), 0);
    EXPECT_EQ(run({BULKHEAD_CLI, "status", "--socket", socket}).code, 1);
}

TEST_F(Service, AGoodPolicyIsTakenOverWithoutARestart) {
    start_enrolled();
    const auto first = worker_pid();
    const auto before = heartbeats().back()["policy_digest"];
    EXPECT_EQ(run_job({.script = "echo new\n"})["reason"], "not-approved");
    pin({.name = "new", .script = "echo new\n"});
    reload();
    ASSERT_EQ(audit("policy-loaded").size(), 1U);
    const auto after = audit("policy-loaded")[0]["policy"];
    EXPECT_NE(after, before);
    EXPECT_EQ(run_job({.script = "echo new\n"})["outcome"], "finished");
    EXPECT_TRUE(
        eventually([&] { return heartbeats().back()["policy_digest"] == after; }, kPatience));
    EXPECT_EQ(worker_pid(), first);
    for (const auto* digest : {"walls_digest", "ceiling_digest"}) {
        EXPECT_EQ(heartbeats().back()[digest], before) << digest << ": nothing of it has changed";
    }
    EXPECT_EQ(json::parse(status())["walls_digest"], before);
}

TEST_F(Service, AChangedWallOfTheWorkersIsOverTheNextOne) {
    start_enrolled();
    const auto first = worker_pid();
    const auto before = heartbeats().back()["walls_digest"];
    place().append("policy/profiles/worker.profile", "tcp-connect 7  # another wall\n");
    reload();
    ASSERT_EQ(audit("policy-loaded").size(), 1U);
    EXPECT_NE(wait_for_worker(first), 0);
    const auto after = audit("policy-loaded")[0]["policy"];
    EXPECT_TRUE(
        eventually([&] { return heartbeats().back()["walls_digest"] == after; }, kPatience));
    EXPECT_EQ(heartbeats().back()["policy_digest"], after);
    EXPECT_EQ(heartbeats().back()["ceiling_digest"], before) << "that one falls and never rises";
}

TEST_F(Service, ABrokenPolicyLeavesTheOldOneInForceAndIsNamed) {
    pin({.name = "old", .script = "echo old\n"});
    start_enrolled();
    const auto before = heartbeats().back()["policy_digest"];
    pin({.name = "new", .script = "echo new\n"});
    const auto lines = place().read("policy/host.policy");
    const auto number = std::count(lines.begin(), lines.end(), '\n') + 1;
    place().append("policy/host.policy", "nonsense here  # broken\n");
    reload();
    ASSERT_EQ(audit("policy-rejected").size(), 1U);
    const auto where = "host.policy:" + std::to_string(number);
    EXPECT_NE(audit("policy-rejected")[0]["why"].get<std::string>().find(where), std::string::npos);
    EXPECT_TRUE(wait_for_log(where));
    EXPECT_EQ(run_job({.script = "echo new\n"})["reason"], "not-approved") << "half of it counts";
    EXPECT_EQ(run_job({.script = "echo old\n"})["outcome"], "finished");
    EXPECT_TRUE(wait_for_heartbeats(2));
    EXPECT_EQ(heartbeats().back()["policy_digest"], before);
}

TEST_F(Service, ARequirementThatCannotBeMetLeavesTheOldPolicyInForce) {
    start_enrolled();
    place().append("policy/host.policy", "require landlok  # a typing error\n");
    reload();
    ASSERT_EQ(audit("policy-rejected").size(), 1U);
    EXPECT_NE(audit("policy-rejected")[0]["why"].get<std::string>().find("landlok"),
              std::string::npos);
}

TEST_F(Service, ARowThatNamesNothingLeavesTheOldPolicyInForce) {
    start_enrolled();
    place().append("policy/profiles/worker.profile", "read /no/such/place  # a typing error\n");
    reload();
    ASSERT_EQ(audit("policy-rejected").size(), 1U);
    EXPECT_NE(audit("policy-rejected")[0]["why"].get<std::string>().find("/no/such/place"),
              std::string::npos);
    const auto first = worker_pid();
    kill_worker();
    EXPECT_TRUE(eventually([&] { return worker_pid() > 0 && worker_pid() != first; }, kPatience))
        << "the next one starts under the old rows";
}

TEST_F(Service, AProfileThatWantsMoreThanTheBrokerKeptNeedsARestart) {
    start_enrolled();
    auto profile = place().read("policy/profiles/test.profile");
    const auto at = profile.find("capabilities none");
    ASSERT_NE(at, profile.npos);
    profile.replace(at, 17, "capabilities CAP_SYS_PACCT");
    place().write("policy/profiles/more.profile", profile);
    reload();
    EXPECT_TRUE(audit("policy-rejected").empty()) << "the rest of it counts";
    EXPECT_EQ(last_audit("policy-loaded")["restart_needed"], true);
    ASSERT_EQ(audit("profile-unusable").size(), 1U);
    const auto why = audit("profile-unusable")[0]["why"].get<std::string>();
    EXPECT_TRUE(why.starts_with("profile more: needs CAP_SYS_PACCT")) << why;
    EXPECT_EQ(stop(), 0);
    start();
    EXPECT_TRUE(wait_for_heartbeats(1)) << "a restart is all it needs";
}

TEST_F(Service, NothingOfTheBrokerIsInForceWhileItWaitsButWhatEndsItsChildren) {
    start_enrolled();
    const auto root = broker().pid();
    EXPECT_EQ(status_of(root, "Uid"), "0\t0\t0\t0");
    for (const auto* set : {"CapInh", "CapAmb"}) {
        EXPECT_EQ(status_of(root, set), "0000000000000000") << set;
    }
    EXPECT_EQ(status_of(root, "CapEff"), "0000000000000020") << "CAP_KILL";
    EXPECT_EQ(status_of(root, "CapBnd"), status_of(root, "CapPrm"));
    const auto ceiling = std::stoull(status_of(root, "CapBnd"), nullptr, 16);
    constexpr std::uint64_t kSysModule = 1 << 16;
    constexpr std::uint64_t kSysAdmin = 1 << 21;
    EXPECT_EQ(ceiling & kSysModule, 0U);
    EXPECT_NE(ceiling & kSysAdmin, 0U);
    EXPECT_EQ(status_of(root, "NoNewPrivs"), "1");
}

TEST_F(Service, TheWorkerHasLimitsOfItsOwn) {
    start_enrolled();
    const auto proc = "/proc/" + std::to_string(worker_pid());
    const auto line_with = [&](const char* file, const char* word) {
        std::ifstream text(proc + file);
        std::string line;
        while (std::getline(text, line) && line.find(word) == line.npos) {
        }
        return line;
    };
    EXPECT_TRUE(line_with("/cgroup", "0::").ends_with("/worker-bulkhead"));
    std::istringstream threads(line_with("/limits", "Max processes"));
    std::string max, processes, soft, hard;
    threads >> max >> processes >> soft >> hard;
    const bool by_user = audit("agent-started")[0]["missing"].get<std::string>().find(
                             "cgroup-pids") != std::string::npos;
    EXPECT_EQ(soft == "128" && hard == "128", by_user) << "else its cgroup has it";
}

TEST_F(Service, TheWorkerSeesTheRowsOfItsPolicyAndNothingElse) {
    if (!kernel_makes_views()) GTEST_SKIP() << "this kernel has no mount_setattr";
    start_enrolled();
    EXPECT_EQ(audit("agent-started")[0]["missing"].get<std::string>().find("worker-view"),
              std::string::npos)
        << log();
    const auto root = "/proc/" + std::to_string(worker_pid()) + "/root";
    EXPECT_TRUE(std::filesystem::exists(root + "/usr/lib"));
    for (const auto* hidden : {"/etc/passwd", "/root", "/home", "/var", "/usr/bin", "/dev"}) {
        EXPECT_FALSE(std::filesystem::exists(root + hidden)) << hidden;
    }
    EXPECT_FALSE(std::filesystem::exists(root + (place() / "agent.yaml")))
        << "nor its own configuration and state";
}

TEST_F(Service, SettingsThatAreWrittenWrongStopNothingBeforeARestart) {
    start_enrolled();
    place().append("agent.yaml", "nonsense: 1\n");
    kill_worker();
    EXPECT_TRUE(wait_for_heartbeats(1)) << "the next worker has the settings of the start";
    EXPECT_EQ(stop(), 0);
    const auto next = run(command());
    EXPECT_EQ(next.code, 2);
    EXPECT_NE(next.output.find("nonsense: unknown key"), std::string::npos) << next.output;
}

TEST_F(Service, AStopGivesTheJobItsGraceAndReportsIt) {
    const auto there = place().scratch();
    const PinnedJob job{.name = "polite",
                        .script =
                            "trap 'echo cleaned up; exit 5' TERM\necho begun\n"
                            "while :; do sleep 0.02; done\n"};
    pin(job);
    start_enrolled();
    const auto id = queue({.script = job.script});
    ASSERT_TRUE(wait_for_output(id, "begun\n"));
    EXPECT_EQ(stop(), 0);
    const auto result = backend().job(id)->result;
    ASSERT_FALSE(result.is_null()) << "the broker ended before the report";
    EXPECT_EQ(result["outcome"], "interrupted");
    EXPECT_EQ(result["reason"], "agent-stopped");
    EXPECT_EQ(backend().standard_output(id), "begun\ncleaned up\n");
}

TEST_F(Service, AJobThatTheBackendCancelsIsEnded) {
    const PinnedJob job{.name = "endless", .script = "echo begun\nwhile :; do sleep 0.02; done\n"};
    pin(job);
    start_enrolled();
    const auto id = queue({.script = job.script});
    ASSERT_TRUE(wait_for_output(id, "begun\n"));
    ASSERT_TRUE(backend().cancel_job(id));
    const auto result = result_of(id);
    EXPECT_EQ(result["outcome"], "cancelled");
    EXPECT_EQ(result["signal"], 15);
    EXPECT_TRUE(place().job_processes().empty());
}

TEST_F(Service, AWorkerThatDiesIsReplacedAndServes) {
    const PinnedJob job{.name = "after", .script = "echo after\n"};
    pin(job);
    start_enrolled();
    const auto before = wait_for_worker();
    kill_worker();
    EXPECT_NE(wait_for_worker(before), before);
    EXPECT_EQ(audit("worker-ended")[0]["signal"], 9);
    EXPECT_EQ(run_job({.script = job.script})["outcome"], "finished");
    EXPECT_EQ(backend().enrolments()[0].times, 1);
}

TEST_F(Service, AWorkerThatIsNotSetUpIsReplacedAtOnce) {
    place().write("shown", "");
    place().append("policy/profiles/worker.profile", "read " + place() / "shown" + "  # test\n");
    start_enrolled();
    const auto before = wait_for_worker();
    place().remove("shown");
    kill_worker();
    ASSERT_TRUE(wait_for_log("worker-start-failed"));
    place().write("shown", "");
    EXPECT_NE(wait_for_worker(before), before);
    EXPECT_EQ(log().find("did not say Hello"), std::string::npos);
}

TEST_F(Service, ABrokerThatDiesTakesItsWorkerWithIt) {
    start_enrolled();
    const auto worker = worker_pid();
    stop(SIGKILL);
    EXPECT_TRUE(eventually(
        [&] {
            return status_of(worker, "State").empty() ||
                   status_of(worker, "State").starts_with("Z");
        },
        kPatience));
}

}  // namespace
}  // namespace bulkhead::test
