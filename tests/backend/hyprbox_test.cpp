#include <thread>

#include "tests/backend/test_client.hpp"

namespace bulkhead::reference {
namespace {

class Hyprbox : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        client_ = std::make_unique<TestClient>(backend_);
        client_->set_bearer("hbnt_one");
    }

    static json heartbeat() {
        return {{"node_id", "node-1"}, {"hostname", "node-1"},    {"os", "linux"},
                {"cpu_percent", 12.5}, {"ram_percent", 40.1},     {"disk_percent", 55},
                {"status", "online"},  {"agent_version", "0.1.0"}};
    }

    std::string take_a_job() {
        const auto id =
            backend_.queue_job({.dialect = "hyprbox", .target = "node-1", .script = "true\n"});
        EXPECT_EQ(client_->get("/api/jobs/pending?nodeId=node-1").body["job"]["id"], *id);
        return *id;
    }

    ReferenceBackend backend_{
        {.node_tokens = {{"hbnt_one", "node-1"}, {"hbnt_two", "node-2"}, {"hbnt_fleet", ""}}}};
    std::unique_ptr<TestClient> client_;
};

TEST_F(Hyprbox, HealthNeedsNoToken) {
    client_->set_bearer("");
    EXPECT_EQ(client_->get("/health").status, 200);
}

TEST_F(Hyprbox, AnyKnownTokenMaySendHeartbeats) {
    EXPECT_EQ(client_->post("/api/nodes/heartbeat", heartbeat()).status, 200);
    client_->set_bearer("hbnt_fleet");
    EXPECT_EQ(client_->post("/api/nodes/heartbeat", heartbeat()).status, 200);
    client_->set_bearer("hbnt_guess");
    EXPECT_EQ(client_->post("/api/nodes/heartbeat", heartbeat()).status, 401);
    EXPECT_EQ(backend_.heartbeats().size(), 2U);
}

TEST_F(Hyprbox, AHeartbeatWithAWrongMemberIsRefused) {
    auto body = heartbeat();
    body["status"] = "offline";
    EXPECT_EQ(client_->post("/api/nodes/heartbeat", body).status, 400);
}

TEST_F(Hyprbox, WithoutWorkTheJobIsNull) {
    EXPECT_EQ(client_->get("/api/jobs/pending?nodeId=node-1").body, (json{{"job", nullptr}}));
}

TEST_F(Hyprbox, ClaimingNeedsATokenPinnedToTheNode) {
    const auto claim = [&](const std::string& token) {
        client_->set_bearer(token);
        return client_->get("/api/jobs/pending?nodeId=node-1").status;
    };
    EXPECT_EQ(claim("hbnt_two"), 403);
    EXPECT_EQ(claim("hbnt_fleet"), 403);
    EXPECT_EQ(claim("hbnt_guess"), 401);
    EXPECT_EQ(claim("hbnt_one"), 200);
}

TEST_F(Hyprbox, AJobIsClaimedExactlyOnceHoweverManyAsk) {
    ASSERT_TRUE(backend_.queue_job({.dialect = "hyprbox", .target = "node-1", .script = "true\n"}));
    std::atomic<int> claims = 0;
    {
        std::vector<std::jthread> askers;
        for (int i = 0; i < 8; ++i)
            askers.emplace_back([&] {
                TestClient client(backend_);
                client.set_bearer("hbnt_one");
                const auto reply = client.get("/api/jobs/pending?nodeId=node-1");
                EXPECT_EQ(reply.status, 200);
                if (!reply.body["job"].is_null()) ++claims;
            });
    }
    EXPECT_EQ(claims, 1);
}

TEST_F(Hyprbox, OutputAndItsRestMakeTheWhole) {
    const auto path = "/api/jobs/" + take_a_job();
    EXPECT_EQ(client_->post(path + "/output", {{"chunk", "one "}}).status, 200);
    EXPECT_EQ(client_->post(path + "/output", {{"chunk", "two "}}).status, 200);
    const auto reply = client_->post(path + "/complete", {{"exitCode", 0}, {"output", "three"}});
    EXPECT_EQ(reply.body["status"], "SUCCEEDED");
    EXPECT_EQ(backend_.standard_output("job-1"), "one two three");
}

TEST_F(Hyprbox, ANonZeroExitCodeOrAnErrorMessageIsAFailure) {
    const auto first = "/api/jobs/" + take_a_job() + "/complete";
    EXPECT_EQ(client_->post(first, {{"exitCode", 137}}).body["status"], "FAILED");
    const auto second = "/api/jobs/" + take_a_job() + "/complete";
    EXPECT_EQ(client_->post(second, {{"exitCode", 0}, {"errorMsg", "no bash"}}).body["status"],
              "FAILED");
}

TEST_F(Hyprbox, ReportsOnEndedOrUnknownJobsAreRefused) {
    const auto path = "/api/jobs/" + take_a_job();
    client_->post(path + "/complete", {{"exitCode", 0}});
    EXPECT_EQ(client_->post(path + "/complete", {{"exitCode", 0}}).status, 409);
    EXPECT_EQ(client_->post(path + "/output", {{"chunk", "late"}}).status, 409);
    EXPECT_EQ(client_->post("/api/jobs/nonsense/output", {{"chunk", "x"}}).status, 404);
}

TEST_F(Hyprbox, AnotherNodeCannotReportOnTheJob) {
    const auto path = "/api/jobs/" + take_a_job() + "/complete";
    client_->set_bearer("hbnt_two");
    EXPECT_EQ(client_->post(path, {{"exitCode", 0}}).status, 403);
}

TEST_F(Hyprbox, RepeatedFindingsAreOneFinding) {
    const json body{{"nodeId", "node-1"},
                    {"findings",
                     {{{"type", "tls.expiring"},
                       {"key", "/etc/x.pem"},
                       {"severity", "WARN"},
                       {"title", "t"},
                       {"message", "m"},
                       {"metadata", {{"daysLeft", 12}}}}}}};
    EXPECT_EQ(client_->post("/api/findings", body).status, 200);
    EXPECT_EQ(client_->post("/api/findings", body).status, 200);
    ASSERT_EQ(backend_.findings().size(), 1U);
    EXPECT_EQ(backend_.findings()[0].times, 2);
    client_->set_bearer("hbnt_fleet");
    EXPECT_EQ(client_->post("/api/findings", body).status, 403);
}

}  // namespace
}  // namespace bulkhead::reference
