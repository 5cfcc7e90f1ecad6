// What is told and done when a job has ended: who was left behind, and the restart it asked for.
#include <sys/stat.h>

#include "tests/pair/pair.hpp"

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
    for (const std::string profile : {"test", "loose"}) {
        const auto result = run_job({.script = script(profile)});
        EXPECT_EQ(result["exit_code"], 3) << result.dump();
        EXPECT_EQ(result["left_behind"], 1) << profile << result.dump();
        EXPECT_NE(result["left_behind_names"], "");
        const auto ended = audit("job-ended").back();
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

}  // namespace
}  // namespace bulkhead::test
