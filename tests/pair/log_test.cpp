// Where the log goes, how it looks, how much of it there is.
#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {
namespace {

class Logging : public Pair {
  protected:
    std::string file() { return place() / "agent.json"; }
    // Lines of the file from this part of the agent.
    std::vector<json> lines(const std::string& name, const std::string& from) {
        std::vector<json> all;
        std::istringstream text(content_of(name));
        for (std::string line; std::getline(text, line);) {
            auto parsed = json::parse(line, nullptr, false);
            EXPECT_FALSE(parsed.is_discarded()) << line;
            if (!parsed.is_discarded() && parsed["from"] == from) all.push_back(std::move(parsed));
        }
        return all;
    }
    bool wait_for_line(const std::string& name, const std::string& from, const std::string& event) {
        return eventually(
            [&] {
                return std::ranges::any_of(lines(name, from), [&](const json& line) {
                    return line["event"].get<std::string>().find(event) != std::string::npos;
                });
            },
            kPatience);
    }
};

TEST_F(Logging, StandardOutputHasALineOfJsonForEachEventOfBothHalves) {
    start_enrolled();
    EXPECT_TRUE(wait_for_line(place() / "agent.log", "broker", "started"));
    EXPECT_TRUE(wait_for_line(place() / "agent.log", "worker/bulkhead", "enrolled"));
}

TEST_F(Logging, RootTellsOfEachJobHowItBeganAndEndedAndOfARefusalWhy) {
    pin({.name = "seven", .script = "exit 7\n", .catalogue = true});
    start_enrolled();
    queue({.catalogue = "seven"});
    queue({.script = "echo nobody approved this\n"});
    const auto log = place() / "agent.log";
    ASSERT_TRUE(wait_for_line(log, "broker", "job-ended"));
    ASSERT_TRUE(wait_for_line(log, "broker", "job-refused"));
    std::map<std::string, json> told;
    for (const auto& line : lines(log, "broker")) told[line["event"]] = line;
    EXPECT_EQ(told["job-started"]["level"], "info");
    EXPECT_EQ(told["job-started"]["profile"], "test");
    EXPECT_EQ(told["job-ended"]["level"], "warning") << "it failed";
    EXPECT_EQ(told["job-ended"]["exit"], 7);
    EXPECT_EQ(told["job-ended"]["signal"], 0);
    EXPECT_TRUE(told["job-ended"]["ms"].is_number_unsigned());
    EXPECT_EQ(told["job-ended"]["number"], told["job-started"]["number"]);
    EXPECT_EQ(told["job-ended"]["backend"], "bulkhead");
    EXPECT_EQ(told["job-refused"]["level"], "warning");
    EXPECT_EQ(told["job-refused"]["reason"], "not-approved");
}

TEST_F(Logging, AFileTakesTheLinesOfBothHalvesAndIsReopenedAfterARotation) {
    start({"--log-file", file()});
    ASSERT_TRUE(wait_for_line(file(), "worker/bulkhead", "enrolled"));
    EXPECT_TRUE(wait_for_line(file(), "broker", "worker-confined"));
    EXPECT_EQ(log(), "") << "nothing goes two ways";
    const auto mode = std::filesystem::status(file()).permissions();
    EXPECT_EQ(static_cast<unsigned>(mode) & 0137U, 0U) << "nobody else reads or writes it";

    const auto old = file() + ".1";
    std::filesystem::rename(file(), old);
    reload();
    ASSERT_TRUE(wait_for_line(file(), "broker", "policy-reloaded"));
    // The worker may be amid something, and hears of it a moment later.
    backend().stop();
    EXPECT_TRUE(wait_for_line(file(), "worker/bulkhead", "heartbeat"));
    const auto size = std::filesystem::file_size(old);
    EXPECT_EQ(content_of(old).find("heartbeat"), std::string::npos);
    EXPECT_EQ(stop(), 0);
    EXPECT_TRUE(wait_for_line(file(), "broker", "agent-stopping"));
    EXPECT_EQ(std::filesystem::file_size(old), size);
}

TEST_F(Logging, ABadPolicyDoesNotKeepTheFileFromBeingReopened) {
    start({"--log-file", file()});
    ASSERT_TRUE(wait_for_line(file(), "worker/bulkhead", "enrolled"));
    std::filesystem::rename(file(), file() + ".1");
    place().append("policy/host.policy", "nonsense\n");
    reload();
    ASSERT_TRUE(wait_for_line(file(), "broker", "policy-rejected"));
    backend().stop();
    EXPECT_TRUE(wait_for_line(file(), "worker/bulkhead", "heartbeat"));
}

TEST_F(Logging, AFileThatOthersCanWriteIsRefused) {
    place().write("log-of-all", "");
    std::filesystem::permissions(place() / "log-of-all", std::filesystem::perms(0666));
    EXPECT_EQ(run_to_end({"--once", "--log-file", place() / "log-of-all"}), 2);
    EXPECT_TRUE(wait_for_log("others may write to it"));
}

TEST_F(Logging, TheLevelSaysWhatIsLeftOut) {
    start({"--log-level", "warning"});
    ASSERT_TRUE(wait_for_heartbeats(2));
    backend().stop();
    ASSERT_TRUE(wait_for_line(place() / "agent.log", "worker/bulkhead", "heartbeat"));
    for (const auto& line : lines(place() / "agent.log", "worker/bulkhead")) {
        EXPECT_TRUE(line["level"] == "warning" || line["level"] == "error") << line;
    }
    // A host may lack protections, which is a warning.
    for (const auto& line : lines(place() / "agent.log", "broker")) {
        EXPECT_EQ(line["event"], "walls-missing") << line;
    }
    EXPECT_FALSE(audit("worker-confined").empty()) << "the audit log has no levels";
}

TEST_F(Logging, TheFilesLevelIsTheWorkersAlone) {
    place().append("agent.yaml", "log_level: error\n");
    start();
    ASSERT_TRUE(wait_for_heartbeats(1));
    EXPECT_TRUE(lines(place() / "agent.log", "worker/bulkhead").empty()) << log();
    EXPECT_TRUE(wait_for_line(place() / "agent.log", "broker", "started"));
}

// A unit of another agent may have had its key there.
TEST_F(Logging, NoValueOfASettingStaysInTheProcessList) {
    start({"--heartbeat-interval", "1s", "--user-agent-of-nobody=golden"});
    EXPECT_EQ(stop(0), 2) << "an unknown option";
    start({"--heartbeat-interval", "1s"});
    ASSERT_TRUE(wait_for_heartbeats(1));
    for (const pid_t pid : {broker().pid(), worker_pid()}) {
        const auto line = content_of("/proc/" + std::to_string(pid) + "/cmdline");
        EXPECT_EQ(line.find("1s"), std::string::npos) << line;
    }
}

}  // namespace
}  // namespace bulkhead::test
