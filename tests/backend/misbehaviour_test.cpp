#include "tests/backend/test_client.hpp"

namespace bulkhead::reference {
namespace {

using Kind = Misbehaviour::Kind;

class Misbehaving : public EnrolledAgent {
  protected:
    httplib::Result heartbeat() {
        return client_->raw().Post(
            "/v1/heartbeat", {{"Authorization", "Bearer " + backend_.enrolments()[0].credential}},
            heartbeat_of(agent_, "web-01", 1).dump(), "application/json");
    }
};

TEST_F(Misbehaving, AStatusComesAsOftenAsWantedAndOnlyOnItsPath) {
    backend_.misbehave({.path = "/v1/heartbeat", .times = 2, .status = 503, .retry_after = "7"});
    EXPECT_EQ(client_->get("/v1/jobs/next").status, 204);
    for (int i = 0; i < 2; ++i) {
        const auto result = heartbeat();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->status, 503);
        EXPECT_EQ(result->get_header_value("Retry-After"), "7");
    }
    EXPECT_EQ(heartbeat()->status, 204);
    EXPECT_EQ(backend_.heartbeats().size(), 1U);
}

TEST_F(Misbehaving, WithoutACountItLastsUntilCleared) {
    backend_.misbehave({.status = 500});
    for (int i = 0; i < 5; ++i) EXPECT_EQ(heartbeat()->status, 500);
    backend_.behave();
    EXPECT_EQ(heartbeat()->status, 204);
}

TEST_F(Misbehaving, AMethodNarrowsIt) {
    backend_.misbehave({.method = "GET", .status = 500});
    EXPECT_EQ(heartbeat()->status, 204);
    EXPECT_EQ(client_->get("/v1/jobs/next").status, 500);
}

TEST_F(Misbehaving, ADelayComesBeforeTheAnswer) {
    backend_.misbehave({.kind = Kind::none, .times = 1, .delay = 200ms});
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(heartbeat()->status, 204);
    EXPECT_GE(std::chrono::steady_clock::now() - before, 200ms);
}

TEST_F(Misbehaving, ADelayDoesNotHoldUpStopping) {
    backend_.misbehave({.kind = Kind::none, .delay = 10min});
    client_->raw().set_read_timeout(50ms);
    EXPECT_FALSE(heartbeat());
    const auto before = std::chrono::steady_clock::now();
    backend_.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - before, 1min);
}

TEST_F(Misbehaving, ACutConnectionGivesNoAnswerAndHasNoEffect) {
    backend_.misbehave({.kind = Kind::cut_before_headers, .times = 1});
    EXPECT_FALSE(heartbeat());
    EXPECT_TRUE(backend_.heartbeats().empty());
    EXPECT_EQ(heartbeat()->status, 204);
}

TEST_F(Misbehaving, ALostAnswerIsACutAfterTheEffect) {
    backend_.misbehave({.kind = Kind::cut_before_headers, .times = 1, .takes_effect = true});
    EXPECT_FALSE(heartbeat());
    EXPECT_EQ(backend_.heartbeats().size(), 1U);
    EXPECT_EQ(backend_.requests().back().misbehaviour, "cut_before_headers");
}

TEST_F(Misbehaving, ACutInTheBodySendsAStatusAndHalfTheBody) {
    ASSERT_TRUE(backend_.queue_job({.target = "web-01", .script = std::string(5000, 'x')}));
    backend_.misbehave({.kind = Kind::cut_in_body, .path = "/v1/jobs", .times = 1});
    std::size_t received = 0;
    int status = 0;
    const auto result = client_->raw().Get(
        "/v1/jobs/next", {{"Authorization", "Bearer " + backend_.enrolments()[0].credential}},
        [&](const httplib::Response& response) {
            status = response.status;
            return true;
        },
        [&](const char*, std::size_t size) {
            received += size;
            return true;
        });
    EXPECT_FALSE(result);
    EXPECT_EQ(status, 200);
    EXPECT_GT(received, 2000U);
    EXPECT_LT(received, 3000U);
}

TEST_F(Misbehaving, ABodyCanBeNoJson) {
    backend_.misbehave({.kind = Kind::not_json, .times = 1});
    const auto result = heartbeat();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 200);
    EXPECT_EQ(result->get_header_value("Content-Type"), "text/html");
    EXPECT_FALSE(json::accept(result->body));
}

TEST_F(Misbehaving, JsonCanBeTruncatedAndStillWellDelivered) {
    backend_.set_heartbeat_seconds(30);
    backend_.misbehave({.kind = Kind::truncated_json, .times = 1});
    const auto result = heartbeat();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 200);
    EXPECT_TRUE(std::string(R"({"heartbeat_seconds":30})").starts_with(result->body));
    EXPECT_FALSE(json::accept(result->body));
}

TEST_F(Misbehaving, TypesCanBeWrong) {
    backend_.set_heartbeat_seconds(30);
    backend_.misbehave({.kind = Kind::wrong_types, .times = 1});
    EXPECT_EQ(json::parse(heartbeat()->body), (json{{"heartbeat_seconds", "30"}}));
}

TEST_F(Misbehaving, ABodyCanBeOversizedWithAndWithoutItsLength) {
    for (const bool chunked : {false, true}) {
        backend_.misbehave(
            {.kind = Kind::oversized, .times = 1, .mebibytes = 9, .chunked = chunked});
        const auto result = heartbeat();
        ASSERT_TRUE(result);
        EXPECT_GT(result->body.size(), 9U << 20U);
        EXPECT_NE(result->has_header("Content-Length"), chunked);
    }
}

TEST_F(Misbehaving, ARedirectPointsElsewhere) {
    backend_.misbehave(
        {.kind = Kind::redirect, .times = 1, .location = "https://elsewhere.example/"});
    const auto result = heartbeat();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 302);
    EXPECT_EQ(result->get_header_value("Location"), "https://elsewhere.example/");
}

TEST_F(Misbehaving, ARefusedBodyIsReadSoThatTheConnectionStaysUsable) {
    const auto path = "/v1/jobs/" + take_a_job() + "/output/stdout?offset=0";
    backend_.misbehave({.method = "PUT", .times = 1, .status = 503});
    EXPECT_EQ(client_->put(path, std::string(100'000, 'x')).status, 503);
    EXPECT_EQ(client_->put(path, "abc").status, 200);
    EXPECT_EQ(backend_.standard_output("job-1"), "abc");
}

}  // namespace
}  // namespace bulkhead::reference
