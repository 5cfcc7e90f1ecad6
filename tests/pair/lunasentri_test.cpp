// The lunasentri dialect against a server that refuses what the real one refuses.
#include <sys/stat.h>
#include <unistd.h>

#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {
namespace {

using Kind = Misbehaviour::Kind;

constexpr std::string_view kKey = "key-of-the-machine-web-01";
constexpr std::string_view kOther = "key-that-was-rotated-in";

// A file of root's alone, in a directory from which policy lets backends have theirs.
class Lunasentri : public Pair {
  protected:
    Lunasentri() : Pair({.api_keys = {{std::string(kKey), "web-01"}}, .only = "lunasentri"}) {}

    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped()) return;
        ASSERT_EQ(::mkdir((place() / "keys").c_str(), 0755), 0);
        for (const auto* backend : {"lunasentri", "good", "slow", "dead"}) {
            place().let_backends_have(place() / "keys", backend);
        }
        put_key(kKey);
    }
    std::string key_file() { return place() / "keys/api-key"; }
    void put_key(std::string_view key) {
        place().write("keys/api-key.new", key);
        ASSERT_EQ(::chmod((key_file() + ".new").c_str(), 0600), 0);
        ASSERT_EQ(::rename((key_file() + ".new").c_str(), key_file().c_str()), 0);
    }
    std::string configuration() override {
        return "backend:\n  dialect: lunasentri\n  url: " + backend().url() +
               "\n  ca_file: " + backend().ca_file() + "\n  credential_file: " + key_file() +
               "\n  options:\n    retry_backoff: 1s\nheartbeat_interval: 1s\n";
    }
    void rewrite(const std::string& from, const std::string& to) {
        auto text = configuration();
        text.replace(text.find(from), from.size(), to);
        place().write("agent.yaml", text);
    }
};

TEST_F(Lunasentri, TheFirstReportDescribesTheHostAndTheOthersDoNot) {
    start();
    ASSERT_TRUE(wait_for_heartbeats(3));
    const auto reports = heartbeats();
    ASSERT_GE(reports.size(), 3U);
    EXPECT_GT(reports[0]["system_info"]["memory_total_mb"], 0);
    EXPECT_FALSE(reports[0]["system_info"]["kernel_version"].get<std::string>().empty());
    EXPECT_FALSE(reports[1].contains("system_info"));
    EXPECT_FALSE(reports[2].contains("system_info"));
    for (const auto& report : reports) {
        EXPECT_GT(report["mem_used_pct"], 0);
        EXPECT_GT(report["uptime_s"], 0);
    }
    EXPECT_EQ(log().find(kKey), std::string::npos);
}

TEST_F(Lunasentri, TheDescriptionStaysPendingUntilItWasTaken) {
    backend().break_storage(true);
    start();
    ASSERT_TRUE(wait_for_log("Failed to record metrics"));
    backend().break_storage(false);
    ASSERT_TRUE(wait_for_heartbeats(2));
    EXPECT_TRUE(heartbeats()[0].contains("system_info"));
    EXPECT_FALSE(heartbeats()[1].contains("system_info"));
}

TEST_F(Lunasentri, EveryOtherStatusIsLivedThrough) {
    start();
    ASSERT_TRUE(wait_for_heartbeats(1));
    const auto first = worker_pid();
    for (const int status :
         {200, 204, 301, 400, 401, 403, 404, 405, 408, 413, 429, 500, 502, 503}) {
        backend().misbehave(
            {.kind = Kind::status, .path = "/agent/metrics", .times = 1, .status = status});
        ASSERT_TRUE(eventually([&] { return backend().misbehaviours().empty(); }, kPatience));
        EXPECT_TRUE(wait_for_log("status " + std::to_string(status))) << status;
        ASSERT_TRUE(wait_for_heartbeats(1)) << status;
    }
    EXPECT_EQ(worker_pid(), first);
}

TEST_F(Lunasentri, AWrongUrlIsNotTakenForSuccess) {
    rewrite(backend().url(), backend().url() + "/api");
    start();
    ASSERT_TRUE(wait_for_status("check url"));
    EXPECT_TRUE(heartbeats().empty());
    EXPECT_TRUE(wait_for_log("202"));
}

TEST_F(Lunasentri, TrailingSlashesOfTheUrlDoNoHarm) {
    rewrite(backend().url(), backend().url() + "//");
    start();
    EXPECT_TRUE(wait_for_heartbeats(1));
}

TEST_F(Lunasentri, ARotatedKeyIsExplainedAndTheNewOneTakenFromItsFile) {
    start();
    ASSERT_TRUE(wait_for_heartbeats(1));
    const auto first = worker_pid();
    backend().remove_api_key(std::string(kKey));
    ASSERT_TRUE(wait_for_status("API key rejected"));
    EXPECT_NE(status().find("rotate the key; then put the new one into " + key_file()),
              std::string::npos)
        << status();
    backend().add_api_key(std::string(kOther), "web-01");
    put_key(kOther);
    EXPECT_TRUE(wait_for_heartbeats(2));
    EXPECT_TRUE(eventually([&] { return status().find("API key rejected") == std::string::npos; },
                           kPatience));
    EXPECT_EQ(worker_pid(), first) << "without a restart";
}

TEST_F(Lunasentri, ADisabledMachineReportsAgainOnceItIsEnabled) {
    start();
    ASSERT_TRUE(wait_for_heartbeats(1));
    backend().enable_machine("web-01", false);
    ASSERT_TRUE(wait_for_log("API key rejected"));
    backend().enable_machine("web-01", true);
    EXPECT_TRUE(wait_for_heartbeats(1));
}

TEST_F(Lunasentri, ARestartInAnyStateComesBackToReporting) {
    start();
    ASSERT_TRUE(wait_for_heartbeats(1));
    kill_worker();  // while all is well
    ASSERT_TRUE(wait_for_heartbeats(1));
    backend().break_storage(true);
    ASSERT_TRUE(wait_for_log("Failed to record metrics"));
    EXPECT_EQ(stop(), 0);  // while a report is tried again
    backend().break_storage(false);
    backend().enable_machine("web-01", false);
    start();
    ASSERT_TRUE(wait_for_log("API key rejected"));
    EXPECT_EQ(stop(), 0);  // while the key is refused
    backend().enable_machine("web-01", true);
    start();
    EXPECT_TRUE(wait_for_heartbeats(1));
}

TEST_F(Lunasentri, ItsOriginalEnvironmentIsEnough) {
    place().write("agent.yaml", "backend:\n  ca_file: " + backend().ca_file() + "\n");
    start({}, {{"LUNASENTRI_SERVER_URL", backend().url() + "/"},
               {"LUNASENTRI_API_KEY", std::string(kKey)},
               {"LUNASENTRI_INTERVAL", "1s"},
               {"LUNASENTRI_SYSTEM_INFO_PERIOD", "1h0m0s"},
               {"LUNASENTRI_MAX_RETRIES", "2"},
               {"LUNASENTRI_RETRY_BACKOFF", "1.5s"}});
    EXPECT_TRUE(wait_for_heartbeats(2));
}

// Nothing that a process, a file or a status tells may hold the key.
TEST_F(Lunasentri, TheKeyIsNowhereToBeSeen) {
    start();
    ASSERT_TRUE(wait_for_heartbeats(1));
    backend().misbehave({.kind = Kind::redirect,
                         .path = "/agent/metrics",
                         .times = 1,
                         .location = "http://127.0.0.1:1/?key=" + std::string(kKey)});
    ASSERT_TRUE(wait_for_log("status 302"));
    backend().remove_api_key(std::string(kKey));
    ASSERT_TRUE(wait_for_status("API key rejected"));
    const auto worker = std::to_string(worker_pid());
    const auto master = std::to_string(broker().pid());
    for (const auto& text :
         {log(), place().read("log/audit.log"), status(),
          content_of("/proc/" + worker + "/cmdline"), content_of("/proc/" + worker + "/environ"),
          content_of("/proc/" + master + "/cmdline"), content_of("/proc/" + master + "/environ")}) {
        EXPECT_EQ(text.find(kKey), std::string::npos) << text;
    }
    EXPECT_TRUE(wait_for_log("[secret]"));
    // A crash leaves nothing behind either.
    for (const auto& pid : {worker, master}) {
        EXPECT_NE(content_of("/proc/" + pid + "/limits").find("Max core file size        1 "),
                  std::string::npos)
            << pid;
    }
}

// Two backends of one agent: whatever becomes of one is nothing to the other.
class OneOfTwo : public Lunasentri {
  protected:
    void SetUp() override {
        Lunasentri::SetUp();
        if (IsSkipped()) return;
        ASSERT_TRUE(other_.start());
        place().append("policy/profiles/worker.profile",
                       "connect 127.0.0.1 " + std::to_string(other_.port()) +
                           "  # the other one\n" + "connect 127.0.0.1 1  # nobody\n");
        place().write("agent.yaml",
                      "backends:\n" + entry("good", backend().url(), backend().ca_file()) +
                          entry("slow", other_.url(), "") +
                          entry("dead", "http://127.0.0.1:1", "") + "heartbeat_interval: 1s\n");
    }
    std::string entry(const std::string& name, const std::string& url, const std::string& ca) {
        return "  - name: " + name + "\n    dialect: lunasentri\n    url: " + url +
               "\n    credential_file: " + key_file() + "\n" +
               (ca.empty() ? "" : "    ca_file: " + ca + "\n");
    }
    reference::ReferenceBackend other_{
        {.tls = false, .api_keys = {{std::string(kKey), "web-01"}}, .only = "lunasentri"}};
};

TEST_F(OneOfTwo, IsNotDelayedByADeadOrASlowOne) {
    other_.misbehave({.kind = Kind::none, .delay = 25s});
    start();
    const auto before = std::chrono::steady_clock::now();
    ASSERT_TRUE(wait_for_heartbeats(6));
    EXPECT_TRUE(other_.heartbeats().empty()) << "it has not answered anything yet";
    EXPECT_LT(std::chrono::steady_clock::now() - before, 25s);
    other_.behave();
}

}  // namespace
}  // namespace bulkhead::test
