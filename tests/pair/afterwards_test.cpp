// What is told and done when a job has ended: who was left behind, and the restart it asked for.
#include <sys/stat.h>

#include <csignal>

#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {
namespace {

class Afterwards : public Pair {
  protected:
    // A profile that is root's, within the walls of `test`.
    void make_root_profile() {
        auto text = place().read("policy/profiles/test.profile");
        for (const std::string key : {"user", "group"}) {
            const auto at = text.find("\n" + key + " ");
            const auto end = text.find('\n', at + 1);
            text.replace(at, end - at, "\n" + key + " root  # may ask for a restart");
        }
        place().write("policy/profiles/rooted.profile", text);
    }
    // In place of systemctl: says what it was asked, and by whom.
    std::vector<std::string> with_host() {
        place().write("systemctl", "#!/bin/sh\n{ echo \"$@\"; grep CapEff /proc/self/status; } >" +
                                       place() / "asked" + "\n");
        ::chmod((place() / "systemctl").c_str(), 0755);
        return {"--systemctl", place() / "systemctl"};
    }
};

TEST_F(Afterwards, WhoeverWasLeftBehindIsInResultAndAuditLog) {
    const auto script = [](const std::string& profile) {
        return "sleep 600 &\nexit 3 # " + profile + "\n";
    };
    for (const std::string profile : {"test", "loose"}) {
        pin({.name = profile + "-job", .script = script(profile), .profile = profile});
    }
    start_enrolled();
    std::size_t runs = 0;
    for (const std::string profile : {"test", "loose"}) {
        const auto result = run_job({.script = script(profile)});
        EXPECT_EQ(result["exit_code"], 3) << result.dump();
        EXPECT_EQ(result["left_behind"], 1) << profile << result.dump();
        EXPECT_NE(result["left_behind_names"], "");
        const auto ended = last_audit("job-ended", ++runs);
        EXPECT_EQ(ended["left_behind"], 1);
        EXPECT_EQ(ended["left_names"], result["left_behind_names"]);
    }
}

TEST_F(Afterwards, NothingIsToldWhereNobodyWasLeft) {
    const PinnedJob job{.name = "clean", .script = "sleep 0.01 & wait\n"};
    pin(job);
    start_enrolled();
    const auto result = run_job({.script = job.script});
    EXPECT_EQ(result["outcome"], "finished");
    EXPECT_FALSE(result.contains("left_behind")) << result.dump();
    EXPECT_FALSE(result.contains("rebooted"));
}

TEST_F(Afterwards, TheResultIsReportedBeforeTheHostRestarts) {
    make_root_profile();
    const PinnedJob job{.name = "update", .script = "echo done\nexit 194\n", .profile = "rooted"};
    pin(job);
    start(with_host());
    ASSERT_TRUE(wait_for_heartbeats(1));
    const auto result = run_job({.script = job.script});
    EXPECT_EQ(result["outcome"], "finished") << result.dump();
    EXPECT_EQ(result["reason"], "reboot-requested");
    EXPECT_EQ(result["exit_code"], 194);
    EXPECT_EQ(result["rebooted"], true);
    EXPECT_TRUE(wait_for_audit("rebooting"));
    EXPECT_EQ(audit("job-acknowledged").size(), 1U);
    ASSERT_TRUE(eventually([&] { return place().read("asked").ends_with("0\n"); }, kPatience));
    EXPECT_EQ(place().read("asked"), "reboot\nCapEff:\t0000000000000000\n");
    // Until it is down, nothing new begins.
    const auto late = run_job({.script = job.script});
    EXPECT_EQ(late["reason"], "intake-suspended");
    EXPECT_NE(late["detail"].get<std::string>().find("about to restart"), std::string::npos);
}

TEST_F(Afterwards, AHostThatRestartedTakesJobsAgain) {
    make_root_profile();
    const PinnedJob job{.name = "update", .script = "exit 194\n", .profile = "rooted"};
    pin(job);
    start(with_host());
    ASSERT_TRUE(wait_for_heartbeats(1));
    run_job({.script = job.script});
    ASSERT_TRUE(wait_for_audit("rebooting"));
    EXPECT_EQ(stop(), 0);
    place().write("state/broker/reboot-requested", "of a boot before this\n");
    start(with_host());
    EXPECT_TRUE(wait_for_audit("rebooted"));
    EXPECT_EQ(run_job({.script = job.script})["exit_code"], 194);
}

TEST_F(Afterwards, AJobThatIsNotRootsCannotAsk) {
    const PinnedJob job{.name = "humble", .script = "exit 194\n"};
    pin(job);
    start(with_host());
    ASSERT_TRUE(wait_for_heartbeats(1));
    const auto result = run_job({.script = job.script});
    EXPECT_EQ(result["exit_code"], 194);
    EXPECT_FALSE(result.contains("rebooted"));
    EXPECT_NE(result["detail"].get<std::string>().find("only in a profile whose user is root"),
              std::string::npos);
    EXPECT_TRUE(audit("reboot-requested").empty());
}

// A job that has the host restarted and goes on after it.
class Resumed : public Afterwards {
  protected:
    std::string id;
    std::vector<std::string> host;

    PinnedJob job() {
        PinnedJob job{.name = "resumed", .script = "", .profile = "rooted", .runs = "1"};
        job.resumes = true;
        job.script = "echo run >>" + place().scratch() +
                     "/runs\n[ -z \"$BULKHEAD_REBOOTED\" ] || { echo second; exit 5; }\n"
                     "echo first\nexit 194\n";
        return job;
    }
    // Until it waits for the host.
    void begin() {
        make_root_profile();
        ::chmod(place().scratch().c_str(), 0777);
        pin(job());
        host = with_host();
        start(host);
        ASSERT_TRUE(wait_for_heartbeats(1));
        id = queue({.script = job().script});
        ASSERT_TRUE(wait_for_audit("rebooting"));
        ASSERT_EQ(audit("job-suspended").size(), 1U);
        EXPECT_TRUE(wait_for_output(id, "first\n"));
        EXPECT_TRUE(backend().job(id)->result.is_null()) << "it has not ended";
    }
    // Another boot's: as if the host had been restarted meanwhile.
    void another_boot() {
        const auto boot = content_of("/proc/sys/kernel/random/boot_id");
        for (const char* name : {"state/broker/resume-1", "state/broker/reboot-requested"}) {
            auto text = place().read(name);
            const auto at = text.find(boot);
            ASSERT_NE(at, text.npos) << name;
            place().write(name, text.replace(at, 4, "past"));
        }
    }
};

TEST_F(Resumed, GoesOnOnceUnderItsOwnName) {
    begin();
    stop(SIGKILL);
    another_boot();
    start(host);
    const auto result = result_of(id);
    EXPECT_EQ(result["outcome"], "finished") << result.dump();
    EXPECT_EQ(result["exit_code"], 5);
    EXPECT_EQ(result["reason"], "ok");
    EXPECT_EQ(result["rebooted"], true);
    EXPECT_EQ(backend().standard_output(id), "first\nsecond\n");
    EXPECT_EQ(result["stdout"]["sha256"], backend().job(id)->out->sha256());
    EXPECT_EQ(lines_in_scratch("runs"), 2U);
    EXPECT_EQ(stop(), 0);
    start(host);
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(lines_in_scratch("runs"), 2U) << "and not a third time";
}

TEST_F(Resumed, WaitsOnWhenOnlyTheAgentIsRestarted) {
    begin();
    stop(SIGKILL);
    start(host);
    EXPECT_TRUE(wait_for_audit("rebooting", 2)) << "it is asked for again";
    EXPECT_TRUE(backend().job(id)->result.is_null());
    EXPECT_EQ(lines_in_scratch("runs"), 1U);
}

TEST_F(Resumed, DoesNotGoOnWithoutItsLeave) {
    begin();
    stop(SIGKILL);
    another_boot();
    place().remove("state/broker/resume-1");  // as when the host dies just after it began
    start(host);
    const auto result = result_of(id);
    EXPECT_EQ(result["outcome"], "interrupted");
    EXPECT_EQ(result["incomplete"], "output-lost") << "it may have run twice";
    EXPECT_EQ(lines_in_scratch("runs"), 1U);
}

TEST_F(Resumed, DoesNotGoOnWhenItsApprovalWasWithdrawn) {
    begin();
    stop(SIGKILL);
    another_boot();
    place().remove("policy/approved/resumed.manifest");
    start(host);
    const auto result = result_of(id);
    EXPECT_EQ(result["outcome"], "interrupted");
    EXPECT_EQ(result["reason"], "not-resumed");
    EXPECT_NE(result["detail"].get<std::string>().find("policy of now"), std::string::npos);
    EXPECT_EQ(backend().standard_output(id), "first\n");
    EXPECT_EQ(lines_in_scratch("runs"), 1U);
}

TEST_F(Resumed, WaitsForAPolicyThatLoads) {
    begin();
    stop(SIGKILL);
    another_boot();
    const auto reads = place().read("policy/reads.policy");
    place().append("policy/reads.policy", "no line of ours\n");
    start(host);
    ASSERT_TRUE(wait_for_heartbeats(2)) << log();
    EXPECT_TRUE(backend().job(id)->result.is_null()) << backend().job(id)->result.dump();
    EXPECT_EQ(stop(SIGKILL), 128 + SIGKILL);
    start(host);
    ASSERT_TRUE(wait_for_heartbeats(2)) << log();
    place().write("policy/reads.policy", reads);
    reload();
    const auto result = result_of(id);
    EXPECT_EQ(result["outcome"], "finished") << result.dump();
    EXPECT_EQ(result["exit_code"], 5);
    EXPECT_EQ(backend().standard_output(id), "first\nsecond\n");
    EXPECT_EQ(lines_in_scratch("runs"), 2U);
}

TEST_F(Resumed, IsToldWhenTheHostDoesNotRestart) {
    make_root_profile();
    ::chmod(place().scratch().c_str(), 0777);
    pin(job());
    place().write("systemctl", "#!/bin/sh\nexit 1\n");
    ::chmod((place() / "systemctl").c_str(), 0755);
    start({"--systemctl", place() / "systemctl"});
    ASSERT_TRUE(wait_for_heartbeats(1));
    const auto result = run_job({.script = job().script});
    EXPECT_EQ(result["outcome"], "interrupted");
    EXPECT_EQ(result["reason"], "not-resumed");
    EXPECT_NE(result["detail"].get<std::string>().find("did not restart"), std::string::npos);
    EXPECT_FALSE(result.contains("complete")) << result.dump();
    EXPECT_FALSE(place().exists("state/broker/resume-1"));
}

}  // namespace
}  // namespace bulkhead::test
