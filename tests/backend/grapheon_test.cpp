#include "tests/backend/test_client.hpp"

namespace bulkhead::reference {
namespace {

class Grapheon : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        client_ = std::make_unique<TestClient>(backend_);
        backend_.add_enrollment_key("gaek_one");
    }

    static json registration() {
        return {{"enrollment_key", "gaek_one"},
                {"agent_uuid", "uuid-1"},
                {"hostname", "web-01"},
                {"addresses", json::array()}};
    }
    Reply enroll(json body = registration()) { return client_->post("/api/agents/register", body); }
    std::string approved_key() {
        enroll();
        EXPECT_TRUE(backend_.change_grapheon_agent("uuid-1", "approve"));
        return enroll().body["api_key"];
    }
    Reply check_in(const std::string& key, json more = json::object(),
                   httplib::Headers headers = {}) {
        json body{{"agent_uuid", "uuid-1"}, {"observed_at", "2026-11-22T04:12:33Z"}};
        body.update(more);
        headers.emplace("X-Agent-Api-Key", key);
        return client_->post("/api/agents/check-in", body.dump(), headers);
    }
    static json connection(const std::string& local, json state = "listen") {
        return {{"local_ip", local},      {"local_port", 22},       {"protocol", "tcp"},
                {"remote_ip", "0.0.0.0"}, {"remote_port", nullptr}, {"state", state}};
    }

    ReferenceBackend backend_;
    std::unique_ptr<TestClient> client_;
};

TEST_F(Grapheon, AnAgentIsPendingUntilItIsApprovedAndIsToldItsKeyOnce) {
    EXPECT_EQ(enroll().body["status"], "pending");
    EXPECT_EQ(enroll().body["api_key"], nullptr);
    ASSERT_TRUE(backend_.change_grapheon_agent("web-01", "approve"));
    const auto told = enroll();
    EXPECT_EQ(told.body["status"], "active");
    EXPECT_TRUE(told.body["api_key"].get<std::string>().starts_with("gpak_"));
    const auto again = enroll();
    EXPECT_EQ(again.body["status"], "active");
    EXPECT_EQ(again.body["api_key"], nullptr);
}

TEST_F(Grapheon, ARegistrationIsRefusedAsTheRealOneDoes) {
    auto body = registration();
    body["enrollment_key"] = "gaek_guess";
    EXPECT_EQ(enroll(body).status, 401);
    EXPECT_EQ(enroll(body).body["detail"], "Invalid enrollment key");
    backend_.add_enrollment_key("gaek_old", {.expired = true});
    body["enrollment_key"] = "gaek_old";
    EXPECT_EQ(enroll(body).body["detail"], "Enrollment key has expired");
    backend_.add_enrollment_key("gaek_full", {.limit = 0});
    body["enrollment_key"] = "gaek_full";
    EXPECT_EQ(enroll(body).body["detail"], "Enrollment key registration limit reached");
    EXPECT_EQ(enroll().status, 200);
    backend_.add_enrollment_key("gaek_two");
    body["enrollment_key"] = "gaek_two";
    EXPECT_EQ(enroll(body).status, 409);
    for (const auto* action : {"reject", "revoke"}) {
        ASSERT_TRUE(backend_.change_grapheon_agent("uuid-1", action));
        EXPECT_EQ(enroll().status, 403);
    }
    body = registration();
    body["addresses"] = json::array({{{"ip_address", "0.0.0.0"}}});
    const auto invalid = enroll(body);
    EXPECT_EQ(invalid.status, 422);
    EXPECT_EQ(invalid.body["errors"][0]["field"], "addresses.0.ip_address");
    body["addresses"] = nullptr;
    EXPECT_EQ(enroll(body).status, 422);
}

TEST_F(Grapheon, ACheckInNeedsTheKeyOfAnActiveAgent) {
    EXPECT_EQ(check_in("gpak_guess").status, 401);
    const auto key = approved_key();
    const auto accepted = check_in(key);
    EXPECT_EQ(accepted.status, 200);
    EXPECT_EQ(accepted.body["status"], "accepted");
    EXPECT_EQ(check_in(key, {{"agent_uuid", "uuid-2"}}).status, 409);
    ASSERT_TRUE(backend_.change_grapheon_agent("uuid-1", "revoke"));
    const auto revoked = check_in(key);
    EXPECT_EQ(revoked.status, 403);
    EXPECT_EQ(revoked.body["detail"], "Agent is not approved for check-in (revoked)");
    ASSERT_TRUE(backend_.change_grapheon_agent("uuid-1", "approve"));
    ASSERT_TRUE(backend_.change_grapheon_agent("uuid-1", "disable"));
    EXPECT_EQ(check_in(key).status, 401);
    ASSERT_TRUE(backend_.change_grapheon_agent("uuid-1", "enable"));
    const auto rotated = backend_.change_grapheon_agent("uuid-1", "rotate");
    EXPECT_EQ(check_in(key).status, 401);
    EXPECT_EQ(check_in(*rotated).status, 200);
}

TEST_F(Grapheon, OneBadElementRefusesAllOfTheReport) {
    const auto key = approved_key();
    const auto good = connection("192.0.2.1");
    EXPECT_EQ(check_in(key, {{"connections", {good}}}).status, 200);
    const auto named = check_in(key, {{"connections", {good, connection("192.0.2.1", "bound")}}});
    EXPECT_EQ(named.status, 422);
    EXPECT_EQ(named.body["errors"][0]["field"], "connections.1.state");
    const auto wildcard = check_in(key, {{"connections", {connection("0.0.0.0")}}});
    EXPECT_EQ(wildcard.status, 422);
    EXPECT_EQ(wildcard.body["detail"], "Invalid host IP '0.0.0.0'");
    EXPECT_EQ(check_in(key, {{"routes", nullptr}}).status, 422);
    EXPECT_EQ(
        check_in(key, {{"neighbors", {{{"ip_address", "192.0.2.1"}, {"mac_address", ""}}}}}).status,
        422);
    EXPECT_EQ(backend_.inventories().size(), 1U);
}

TEST_F(Grapheon, TheCallerIsJudgedFirstThenTheFormAndThenWhoseReportItIs) {
    EXPECT_EQ(client_->post("/api/agents/check-in", json::object()).body["detail"],
              "Missing agent API key");
    const auto key = approved_key();
    EXPECT_EQ(check_in("gpak_guess", {{"x", std::string(262'144, 'x')}}).status, 401);
    const auto bad = connection("192.0.2.1", "bound");
    EXPECT_EQ(check_in(key, {{"agent_uuid", "uuid-2"}, {"connections", {bad}}}).status, 422);
    auto farless = connection("192.0.2.1");
    farless.erase("remote_ip");
    EXPECT_EQ(check_in(key, {{"connections", {farless}}}).body["errors"][0]["field"],
              "connections.0.remote_ip");
}

TEST_F(Grapheon, SizeAndEncodingAreJudgedBeforeTheForm) {
    const auto key = approved_key();
    EXPECT_EQ(check_in(key, json::object(), {{"Content-Encoding", "identity"}}).status, 415);
    EXPECT_EQ(check_in(key, json::object(), {{"Content-Encoding", "gzip"}}).status, 400);
    EXPECT_EQ(check_in(key, {{"x", std::string(262'144, 'x')}}).status, 413);
    backend_.set_grapheon_policy({{"max_report_bytes", 16'384}});
    EXPECT_EQ(check_in(key, {{"x", std::string(17'000, 'x')}}).status, 413);
    EXPECT_EQ(check_in(key, {{"x", std::string(15'000, 'x')}}).status, 200);
}

}  // namespace
}  // namespace bulkhead::reference
