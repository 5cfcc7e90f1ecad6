// The ravenxcope dialect: a token that works once, and a sensor that goes on whatever happens.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

using Kind = Misbehaviour::Kind;

constexpr std::string_view kEnroll = "/api/sensors/sensor-7/agent/enroll";
constexpr std::string_view kBeat = "/api/sensors/sensor-7/agent/heartbeat";

class Ravenxcope : public Pair {
  protected:
    Ravenxcope() : Pair({.install_tokens = {"install-token-1"}, .heartbeat_seconds = 5}) {}

    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped()) return;
        place().write("host-hostname", "outer-host\n");
        place().write("host-os-release", "PRETTY_NAME=\"Outer Linux 1.0\"\n");
        put_secret("install-token", "install-token-1\n");
        place().let_backends_have(place().path(), "ravenxcope");
        place().append("policy/profiles/worker.profile", "connect 127.0.0.1 443  # the probe\n");
    }
    void put_secret(std::string_view name, std::string_view content) {
        place().write(name, content);
        ASSERT_EQ(::chown((place() / name).c_str(), 0, 0), 0);
        ASSERT_EQ(::chmod((place() / name).c_str(), 0600), 0);
    }
    std::string configuration() override {
        return "backend:\n  dialect: ravenxcope\n  url: " + backend().url() +
               "\n  ca_file: " + backend().ca_file() +
               "\n  install_token_file: " + (place() / "install-token") +
               "\n  options:\n    sensor_id: sensor-7\n    host_hostname_file: " +
               (place() / "host-hostname") +
               "\n    host_os_release_file: " + (place() / "host-os-release") +
               "\n    config_file: " + (place() / "sensor-agent.env") +
               "\n    address_probe: 127.0.0.1\nheartbeat_interval: 1s\n";
    }
};

TEST_F(Ravenxcope, EnrollsOnceAndKeepsItsTokenOverRestarts) {
    start_enrolled();
    const auto request = backend().enrolments()[0].request;
    EXPECT_EQ(request["hostname"], "outer-host");
    EXPECT_EQ(request["osInfo"], "Outer Linux 1.0");
    EXPECT_EQ(request["sensorIp"], "127.0.0.1");
    EXPECT_EQ(request["agentVersion"], "2.0.0");
    const auto& links = request["interfaces"];
    const auto lo =
        std::ranges::find_if(links, [](const json& link) { return link["isLoopback"]; });
    ASSERT_NE(lo, links.end()) << links;
    EXPECT_EQ((*lo)["isVirtual"], false);
    EXPECT_TRUE(wait_for_log((place() / "install-token") + " can be deleted"));
    EXPECT_EQ(heartbeats().back()["sensorToken"], backend().enrolments()[0].credential);
    EXPECT_GT(heartbeats().back()["memoryUsed"], 0);
    EXPECT_EQ(stop(), 0);
    start();
    EXPECT_TRUE(wait_for_heartbeats(1));
    kill_worker();
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(asked(kEnroll), 1U);
    const auto token = backend().enrolments()[0].credential;
    for (const auto& text : {log(), place().read("log/audit.log"), status()}) {
        EXPECT_EQ(text.find(token), std::string::npos);
        EXPECT_EQ(text.find("install-token-1"), std::string::npos);
    }
}

TEST_F(Ravenxcope, ARefusedInstallTokenIsNotTriedAgain) {
    backend().expire_install_token("install-token-1");
    start();
    ASSERT_TRUE(wait_for_status("works only once"));
    EXPECT_NE(status().find(place() / "install-token"), std::string::npos) << status();
    EXPECT_EQ(stop(), 0);
    EXPECT_EQ(asked(kEnroll), 1U);
    EXPECT_EQ(asked(kBeat), 0U);
}

// The answer is lost, the token is spent: the next try says so, and it is the last.
TEST_F(Ravenxcope, ALostAnswerIsTriedAgainUntilTheBackendRefuses) {
    backend().misbehave({.kind = Kind::cut_in_body, .path = std::string(kEnroll), .times = 1});
    start();
    ASSERT_TRUE(wait_for_status("works only once"));
    EXPECT_EQ(stop(), 0);
    EXPECT_EQ(asked(kEnroll), 2U);
}

TEST_F(Ravenxcope, ARejectedTokenGoesOnBeatingAndDoesNotEnrollByItself) {
    start_enrolled();
    const auto first = worker_pid();
    ASSERT_TRUE(backend().revoke("sensor-7"));
    ASSERT_TRUE(wait_for_asked(kBeat, 2, 401));
    EXPECT_TRUE(wait_for_status("sensor token rejected"));
    EXPECT_NE(status().find("/etc/bulkhead/tls/ravenxcope.credential"), std::string::npos)
        << status();
    EXPECT_EQ(asked(kEnroll), 1U);
    EXPECT_EQ(worker_pid(), first);
}

TEST_F(Ravenxcope, AnExistingInstallationsTokenIsTakenOver) {
    start_enrolled();
    const auto token = backend().enrolments()[0].credential;
    EXPECT_EQ(stop(), 0);
    place().write("agent.yaml", configuration() + "");
    // As if this host had never run anything but the original agent.
    ASSERT_EQ(
        ::unlink((place() / "state/workers/ravenxcope/credentials/ravenxcope.credential").c_str()),
        0);
    put_secret("sensor-agent.env", "SENSOR_ID=sensor-7\nSENSOR_TOKEN=" + token + "\n");
    start();
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(asked(kEnroll), 1U);
}

// The original's file is root's alone; systemd reads it and gives us the variables.
TEST_F(Ravenxcope, AnEnvironmentFileOfRootsAloneIsEnough) {
    start_enrolled();
    const auto token = backend().enrolments()[0].credential;
    EXPECT_EQ(stop(), 0);
    ASSERT_EQ(
        ::unlink((place() / "state/workers/ravenxcope/credentials/ravenxcope.credential").c_str()),
        0);
    place().write("sensor-agent.env", "SENSOR_TOKEN=" + token + "\n");
    ASSERT_EQ(::chmod((place() / "sensor-agent.env").c_str(), 0600), 0);
    place().write("agent.yaml", "backend:\n  ca_file: " + backend().ca_file() + "\n");
    start({}, {{"BACKEND_URL", backend().url()},
               {"SENSOR_ID", "sensor-7"},
               {"SENSOR_TOKEN", token},
               {"HEARTBEAT_INTERVAL", "1"},
               {"CONFIG_FILE", place() / "sensor-agent.env"}});
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(asked(kEnroll), 1U);
}

TEST_F(Ravenxcope, EveryStatusOfAHeartbeatIsLivedThrough) {
    backend().set_heartbeat_seconds(0);
    start_enrolled();
    const auto first = worker_pid();
    for (const int status : {302, 400, 401, 403, 404, 429, 500, 503}) {
        backend().misbehave(
            {.kind = Kind::status, .path = std::string(kBeat), .times = 1, .status = status});
        ASSERT_TRUE(wait_for_log("status " + std::to_string(status))) << status;
        ASSERT_TRUE(wait_for_heartbeats(1)) << status;
    }
    EXPECT_EQ(worker_pid(), first);
    EXPECT_EQ(asked(kEnroll), 1U);
}

TEST_F(Ravenxcope, ItsOriginalEnvironmentIsEnough) {
    place().write("agent.yaml", "backend:\n  ca_file: " + backend().ca_file() + "\n");
    start({}, {{"BACKEND_URL", backend().url()},
               {"SENSOR_ID", "sensor-7"},
               {"INSTALL_TOKEN", "install-token-1"},
               {"HEARTBEAT_INTERVAL", "1"},
               {"SENSOR_PORT", "2222"},
               {"CONFIG_FILE", place() / "absent.env"},
               {"HOST_OS_RELEASE_FILE", place() / "host-os-release"},
               {"HOST_HOSTNAME_FILE", place() / "host-hostname"}});
    ASSERT_TRUE(wait_for_heartbeats(2));
    EXPECT_EQ(backend().enrolments()[0].request["sensorPort"], 2222);
    EXPECT_EQ(backend().enrolments()[0].request["hostname"], "outer-host");
}

}  // namespace
}  // namespace bulkhead::test
