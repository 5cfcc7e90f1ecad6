// What a broken or malicious peer can answer.
#include <gtest/gtest.h>

#include "tests/worker/backend/caller.hpp"
#include "tests/worker/backend/http/raw_server.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using reference::Misbehaviour;
using reference::ReferenceBackend;
using test::Caller;
using test::RawServer;
using Kind = Misbehaviour::Kind;

class HostileTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        caller_.emplace(test::settings_for(backend_));
    }
    // Whatever happened, the next request is served.
    void TearDown() override {
        backend_.behave();
        EXPECT_EQ(caller_->call({.path = "/health"})->status, 200);
    }

    ReferenceBackend backend_{{.tls = false}};
    std::optional<Caller> caller_;
};

TEST_F(HostileTest, EveryStatusIsAnAnswer) {
    for (const int status : {400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504}) {
        backend_.misbehave({.kind = Kind::status, .times = 1, .status = status});
        EXPECT_EQ(caller_->call({.path = "/health"})->status, status);
    }
}

TEST_F(HostileTest, RetryAfterMayBeSecondsOrADate) {
    const auto told = [this](std::string retry_after) {
        backend_.misbehave(
            {.kind = Kind::status, .times = 1, .status = 503, .retry_after = retry_after});
        return caller_->call({.path = "/health"})->retry_after;
    };
    EXPECT_EQ(told("7"), 7s);
    EXPECT_FALSE(told("soon"));
    EXPECT_FALSE(told("-5"));
    EXPECT_EQ(told("999999999999999"), 24h);
    EXPECT_FALSE(told("99999999999999999999")) << "no number of seconds at all";
    EXPECT_FALSE(told("Sun, 06 Nov 1994 08:49:37 GMT")) << "over long ago";
    const auto far = told("Sun, 06 Nov 2061 08:49:37 GMT");
    EXPECT_EQ(far, 24h);
}

TEST_F(HostileTest, ARedirectIsAnAnswerAndNotFollowed) {
    for (const int status : {301, 302, 303, 307, 308}) {
        backend_.misbehave({.kind = Kind::redirect,
                            .path = "/from",
                            .times = 1,
                            .status = status,
                            .location = "/health"});
        const auto answer =
            caller_->call({.method = "POST", .path = "/from", .body = std::string("secret")});
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, status);
        EXPECT_EQ(answer->location, backend_.url() + "/health");
        EXPECT_EQ(backend_.requests().back().path, "/from");
    }
}

TEST_F(HostileTest, ACutConnectionIsAnError) {
    backend_.misbehave({.kind = Kind::cut_before_headers, .times = 1});
    EXPECT_NE(caller_->trouble({.path = "/health"}).find("Empty reply"), std::string::npos);
    backend_.misbehave({.kind = Kind::cut_in_body, .times = 1});
    EXPECT_NE(caller_->trouble({.path = "/health"}).find("transfer"), std::string::npos);
}

TEST_F(HostileTest, AnAnswerLargerThanAllowedIsAnErrorHoweverItIsSent) {
    for (const bool chunked : {false, true}) {
        backend_.misbehave(
            {.kind = Kind::oversized, .times = 1, .mebibytes = 64, .chunked = chunked});
        EXPECT_EQ(caller_->trouble({.path = "/health", .max_answer_bytes = 1000}),
                  "answer larger than 1000 bytes");
    }
    backend_.misbehave({.kind = Kind::oversized, .times = 1, .mebibytes = 64});
    EXPECT_EQ(caller_->trouble({.path = "/health"}), "answer larger than 1048576 bytes");
}

TEST_F(HostileTest, ASilentBackendIsGivenUpInTime) {
    backend_.misbehave({.kind = Kind::none, .times = 1, .delay = 3s});
    const auto start = sys::Clock::now();
    const auto trouble = caller_->trouble({.path = "/health", .timeout = 200ms});
    EXPECT_TRUE(trouble.starts_with("no answer within 200 ms")) << trouble;
    EXPECT_LT(sys::Clock::now() - start, 2s);
}

std::string trouble_with(const RawServer& server, HttpRequest request = {.path = "/"}) {
    Caller caller({.base_url = server.url(), .timeout = 1s});
    return caller.trouble(std::move(request));
}

TEST(HostilePeer, AByteNowAndThenDoesNotHoldARequestForEver) {
    const RawServer server([](const std::string&, const RawServer::Say& say) {
        if (!say("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")) return;
        while (say("x")) std::this_thread::sleep_for(20ms);
    });
    const auto start = sys::Clock::now();
    EXPECT_TRUE(trouble_with(server, {.path = "/", .timeout = 300ms})
                    .starts_with("no answer within 300 ms"));
    EXPECT_LT(sys::Clock::now() - start, 2s);
}

TEST(HostilePeer, HeadersWithoutEndAreAnError) {
    const RawServer server([](const std::string&, const RawServer::Say& say) {
        if (!say("HTTP/1.1 200 OK\r\n")) return;
        while (say("X-Padding: " + std::string(1000, 'x') + "\r\n")) continue;
    });
    EXPECT_EQ(trouble_with(server), "answer's headers larger than 65536 bytes");
}

TEST(HostilePeer, AHeaderLineWithoutEndIsAnError) {
    const RawServer server([](const std::string&, const RawServer::Say& say) {
        if (!say("HTTP/1.1 200 OK\r\nX-Padding: ")) return;
        while (say(std::string(10'000, 'x'))) continue;
    });
    EXPECT_FALSE(trouble_with(server).starts_with("status"));
}

TEST(HostilePeer, WhatIsNotHttpIsAnError) {
    for (const auto* noise :
         {"SSH-2.0-OpenSSH_9.2\r\n", "\r\n\r\n", "hello", "HTTP/9.9 200 OK\r\n\r\n",
          "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
        const RawServer server(
            [noise](const std::string&, const RawServer::Say& say) { say(noise); });
        EXPECT_FALSE(trouble_with(server).starts_with("status 2")) << noise;
    }
}

TEST(HostilePeer, ALengthBeyondAllBoundsIsRefusedAtOnce) {
    const RawServer server([](const std::string&, const RawServer::Say& say) {
        say("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n");
        while (say(std::string(1'000'000, 'x'))) continue;
    });
    EXPECT_EQ(trouble_with(server), "answer larger than 1048576 bytes");
}

TEST(HostilePeer, AnswersAreNotUnpacked) {
    const RawServer server([](const std::string& request, const RawServer::Say& say) {
        EXPECT_NE(request.find("Accept-Encoding: identity\r\n"), request.npos);
        say("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc");
    });
    Caller caller({.base_url = server.url()});
    EXPECT_EQ(caller.call({.path = "/"})->body, "abc");
}

}  // namespace
}  // namespace bulkhead::worker
