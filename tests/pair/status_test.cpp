// `bulkhead status` of a running agent: what root writes, what the worker says, and the heartbeat.
#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class StatusTest : public Pair {
  protected:
    Finished asked_for(std::vector<std::string> more = {}) {
        more.insert(more.begin(), {BULKHEAD_CLI, "status", "--run-dir", place() / "run"});
        return run(more);
    }
    json root() { return json::parse(place().read("run/broker.json"), nullptr, false); }
    bool wait_for_root(const std::function<bool(const json&)>& holds) {
        return eventually(
            [&] {
                const auto said = root();
                return said.is_object() && holds(said);
            },
            kPatience);
    }
    static bool has(const json& troubles, std::string_view code) {
        return std::ranges::any_of(troubles, [&](const json& one) { return one["code"] == code; });
    }
    bool healthy() {
        return eventually([&] { return asked_for().code == 0; }, kPatience);
    }
    json health() {
        const auto beats = heartbeats();
        return beats.empty() ? json() : beats.back().value("health", json());
    }
};

TEST_F(StatusTest, IsHealthyWhenAllIsWell) {
    start_enrolled();
    EXPECT_TRUE(healthy()) << asked_for().output;
    EXPECT_THAT(asked_for().output, StartsWith("healthy\n"));
    EXPECT_EQ(asked_for({"--check"}).output, "BULKHEAD OK - healthy\n");
    ASSERT_TRUE(wait_for_heartbeats(1));
    EXPECT_TRUE(eventually([&] { return health()["verdict"] == "healthy"; }, kPatience))
        << health().dump();
    EXPECT_EQ(heartbeats().back()["policy_on_disk"]["state"], "in-force");
    struct stat info {};
    ASSERT_EQ(::stat((place() / "run/broker.json").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0640U);
    EXPECT_EQ(info.st_uid, 0U);
}

TEST_F(StatusTest, TellsOfJobsAndRefusals) {
    const PinnedJob job{.name = "look", .script = "exit 3\n"};
    pin(job);
    start_enrolled();
    EXPECT_EQ(run_job({.script = job.script})["outcome"], "finished");
    EXPECT_EQ(run_job({.script = "echo nobody approved this\n"})["outcome"], "refused");
    ASSERT_TRUE(wait_for_root([](const json& said) {
        return said["jobs"]["last"].size() == 1 && said["jobs"]["refused"].size() == 1;
    })) << root().dump(2);
    const auto jobs = root()["jobs"];
    EXPECT_EQ(jobs["last"][0]["job_id"], "look");
    EXPECT_EQ(jobs["last"][0]["exit_code"], 3);
    EXPECT_EQ(jobs["outcomes"].dump(), R"({"ok":1})");
    EXPECT_EQ(jobs["refusals"].size(), 1U);
    EXPECT_EQ(root()["workers"][0]["confined"], true);
    const auto people = asked_for().output;
    EXPECT_THAT(people, HasSubstr("(test): finished, ok, exit 3\n"));
    EXPECT_THAT(people, HasSubstr("\n  refused "));
    EXPECT_THAT(people, HasSubstr("profile test: "));
}

TEST_F(StatusTest, ARejectedPolicyIsTroubleEverywhere) {
    start_enrolled();
    ASSERT_TRUE(healthy()) << asked_for().output;
    place().write("policy/host.policy", place().read("policy/host.policy") + "nonsense\n");
    ::kill(broker().pid(), SIGHUP);
    ASSERT_TRUE(
        wait_for_root([](const json& said) { return said["policy"]["on_disk"] == "rejected"; }));
    const auto people = asked_for();
    EXPECT_EQ(people.code, 1);
    EXPECT_THAT(people.output, StartsWith("trouble: 1\n\npolicy-rejected, says root, since "));
    EXPECT_THAT(people.output, HasSubstr("host.policy:"));
    EXPECT_THAT(people.output, HasSubstr("\n  on disk      rejected since "));
    EXPECT_TRUE(eventually(
        [&] {
            return heartbeats().back()["policy_on_disk"]["state"] == "rejected" &&
                   has(health()["troubles"], "policy-rejected");
        },
        kPatience));
    EXPECT_EQ(health()["troubles"][0]["says"], "root");
}

TEST_F(StatusTest, WhatWasWithdrawnIsNotTold) {
    place().append("policy/host.policy", "readers adm  # the auditors\n");
    pin({.name = "look", .script = "exit 3\n"});
    start_enrolled();
    struct stat info {};
    const auto group = [&] {
        ::stat((place() / "run/broker.json").c_str(), &info);
        return info.st_gid;
    };
    const auto adm = ::getgrnam("adm")->gr_gid;
    const auto pinned = [](const json& said) {
        int sum = 0;
        for (const auto& one : said["approvals"]) sum += one["pinned"].get<int>();
        return sum;
    };
    ASSERT_TRUE(wait_for_root([&](const json& said) { return pinned(said) == 1; }));
    EXPECT_EQ(group(), adm);
    const auto text = place().read("policy/host.policy");
    place().write("policy/host.policy", text.substr(0, text.find("readers")));
    place().append("policy/reads.policy", "no line of ours\n");
    place().remove("policy/approved/look.manifest");
    pin({.name = "new", .script = "exit 4\n"});
    reload();
    EXPECT_TRUE(wait_for_root([&](const json& said) { return pinned(said) == 0; }));
    EXPECT_TRUE(eventually([&] { return group() != adm; }, kPatience));
}

TEST_F(StatusTest, SaysWithTheAnswerToAReloadWhatFollowsFromIt) {
    pin({.name = "look", .script = "exit 3\n"});
    start_enrolled();
    ASSERT_TRUE(healthy()) << asked_for().output;
    const auto before = place().read("policy/host.policy");
    const std::vector<std::string> reload{BULKHEAD_CLI, "reload", "--state", place() / "state"};
    const auto refused_as = [&](const std::string& reason) {
        EXPECT_EQ(run(reload).code, 0);
        ASSERT_EQ(root()["troubles"].size(), 1U) << root().dump(2);
        const auto why = root()["troubles"][0]["why"].get<std::string>();
        EXPECT_EQ(root()["troubles"][0]["code"], "pin-refused");
        EXPECT_THAT(why, StartsWith("approved/look.manifest is refused as " + reason + ": "));
        EXPECT_EQ(asked_for().code, 1);
    };
    place().write("policy/host.policy", before + "realm prod  # a fleet\n");
    refused_as("realm-mismatch");
    place().write("policy/host.policy", before);
    EXPECT_EQ(run(reload).code, 0);
    EXPECT_TRUE(root()["troubles"].empty()) << root()["troubles"].dump();
    place().write("policy/interpreters.policy", "interpreter /bin/true  # another one\n");
    refused_as("interpreter-not-allowed");
}

TEST_F(StatusTest, TellsOfAConfigurationThatIsNotYetRead) {
    start_enrolled();
    ASSERT_TRUE(healthy()) << asked_for().output;
    const auto before = place().read("agent.yaml");
    place().write("agent.yaml", before + "hartbeat_interval: 2s\n");
    reload();
    EXPECT_TRUE(wait_for_root(
        [](const json& said) { return has(said["troubles"], "configuration-changed"); }));
    EXPECT_THAT(asked_for().output, HasSubstr("bulkhead check-config"));
    place().write("agent.yaml", before);
    ASSERT_EQ(stop(), 0);
    start();
    EXPECT_TRUE(healthy()) << asked_for().output;
}

TEST_F(StatusTest, TheBrakeHasALamp) {
    start_enrolled();
    ASSERT_TRUE(healthy()) << asked_for().output;
    place().write("policy/jobs.disabled", "");
    EXPECT_TRUE(eventually([&] { return asked_for().code == 1; }, kPatience));
    EXPECT_THAT(asked_for().output, HasSubstr("intake-suspended, says root"));
    place().remove("policy/jobs.disabled");
    EXPECT_TRUE(healthy()) << asked_for().output;
}

TEST_F(StatusTest, WhichDutyFailsAndHowOftenIsTold) {
    start_enrolled();
    ASSERT_TRUE(healthy()) << asked_for().output;
    backend().misbehave({.kind = reference::Misbehaviour::Kind::status,
                         .path = "/v1/heartbeat",
                         .times = 1000,
                         .status = 503});
    ASSERT_TRUE(eventually([&] { return asked_for().code == 1; }, kPatience));
    const auto people = asked_for().output;
    EXPECT_THAT(people, HasSubstr("\nheartbeat-failing, says worker "));
    EXPECT_THAT(people, HasSubstr(" tries\n"));
    const auto whole = json::parse(asked_for({"--json"}).output, nullptr, false);
    ASSERT_TRUE(whole.is_object());
    EXPECT_EQ(whole["version"], 1);
    EXPECT_EQ(whole["verdict"], "trouble");
    EXPECT_GE(whole["troubles"][0]["tries"].get<int>(), 1);
    EXPECT_TRUE(whole["root"]["troubles"].empty()) << "root knows nothing of it";
}

TEST_F(StatusTest, AnAgentThatWasStoppedIsToldFromOneThatDied) {
    start_enrolled();
    ASSERT_TRUE(wait_for_root([](const json&) { return true; }));
    EXPECT_EQ(stop(), 0);
    EXPECT_FALSE(place().exists("run/broker.json"));
    EXPECT_EQ(asked_for().code, 2);
    EXPECT_THAT(asked_for().output, HasSubstr("it was stopped"));
    start();
    ASSERT_TRUE(wait_for_root([](const json&) { return true; }));
    stop(SIGKILL);
    EXPECT_TRUE(place().exists("run/broker.json"));
    EXPECT_EQ(asked_for().code, 2);
    EXPECT_THAT(asked_for().output, HasSubstr("ended without a stop"));
}

TEST_F(StatusTest, AFileThatCannotBeWrittenIsTroubleAndStopsNothing) {
    const PinnedJob job{.name = "on", .script = "echo on\n"};
    pin(job);
    std::filesystem::create_directories(place() / "run/broker.json.new/x");
    start_enrolled();
    EXPECT_EQ(run_job({.script = job.script})["outcome"], "finished");
    EXPECT_TRUE(
        eventually([&] { return has(health()["troubles"], "status-unwritable"); }, kPatience));
    EXPECT_EQ(asked_for().code, 1);
    EXPECT_THAT(asked_for().output, StartsWith("trouble: 1\n\nroot-unknown\n"));
    std::filesystem::remove_all(place() / "run/broker.json.new");
    reload();
    EXPECT_TRUE(wait_for_root([](const json&) { return true; }));
}

}  // namespace
}  // namespace bulkhead::test
