#include "tests/backend/test_client.hpp"

namespace bulkhead::reference {
namespace {

class Ravenxcope : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        client_ = std::make_unique<TestClient>(backend_);
    }
    static json interfaces() {
        return json::array({{{"name", "eth0"},
                             {"isManagement", true},
                             {"isLoopback", false},
                             {"isVirtual", false},
                             {"isWireless", false},
                             {"isUp", true},
                             {"bytesSent", 1},
                             {"bytesRecv", 2}}});
    }
    static json enrolment(const std::string& token) {
        return {
            {"installToken", token},    {"hostname", "web-01"},      {"osInfo", "Debian 12"},
            {"architecture", "x86_64"}, {"agentVersion", "2.0.0"},   {"sensorIp", "192.0.2.1"},
            {"sensorPort", 22},         {"sudoUser", "sensoradmin"}, {"interfaces", interfaces()}};
    }
    static json beat(const std::string& token) {
        return {{"sensorToken", token},      {"timestamp", "2026-11-22T01:02:03Z"},
                {"cpuUsage", 1.5},           {"memoryUsed", 1},
                {"memoryTotal", 2},          {"memoryPercent", 50},
                {"interfaces", interfaces()}};
    }
    int heartbeat(const std::string& header, const std::string& member,
                  const std::string& sensor = "s-1") {
        const auto reply = client_->raw().Post("/api/sensors/" + sensor + "/agent/heartbeat",
                                               {{"X-Sensor-Token", header}}, beat(member).dump(),
                                               "application/json");
        return reply ? reply->status : 0;
    }

    ReferenceBackend backend_{{.install_tokens = {"one", "two"}, .heartbeat_seconds = 7}};
    std::unique_ptr<TestClient> client_;
};

TEST_F(Ravenxcope, AnInstallTokenWorksOnce) {
    const auto path = "/api/sensors/s-1/agent/enroll";
    const auto reply = client_->post(path, enrolment("one"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body["data"]["sensorId"], "s-1");
    EXPECT_EQ(reply.body["data"]["heartbeatIntervalSeconds"], 7);
    const auto again = client_->post(path, enrolment("one"));
    EXPECT_EQ(again.status, 401);
    EXPECT_EQ(again.body["success"], false);
    EXPECT_TRUE(again.body.contains("errors"));
    EXPECT_EQ(client_->post(path, enrolment("guess")).status, 401);
}

TEST_F(Ravenxcope, TheTokenStandsInHeaderAndBodyAndBelongsToOneSensor) {
    const auto reply = client_->post("/api/sensors/s-1/agent/enroll", enrolment("one"));
    const std::string token = reply.body["data"]["sensorToken"];
    EXPECT_EQ(heartbeat(token, token), 200);
    EXPECT_EQ(heartbeat(token, "other"), 401);
    EXPECT_EQ(heartbeat("", token), 401);
    EXPECT_EQ(heartbeat(token, token, "s-2"), 401);
    const auto renewed = client_->post("/api/sensors/s-1/agent/enroll", enrolment("two"));
    ASSERT_EQ(renewed.status, 200);
    EXPECT_EQ(heartbeat(token, token), 401) << "the older token is no longer good";
}

TEST_F(Ravenxcope, AWrongMemberIsNamed) {
    auto body = enrolment("one");
    body["sensorPort"] = "22";
    const auto reply = client_->post("/api/sensors/s-1/agent/enroll", body);
    EXPECT_EQ(reply.status, 400);
    EXPECT_NE(reply.body["errors"][0].get<std::string>().find("sensorPort"), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::reference
