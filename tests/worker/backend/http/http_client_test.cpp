#include "worker/backend/http/http_client.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>

#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"
#include "tests/worker/backend/caller.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using reference::Misbehaviour;
using reference::ReferenceBackend;
using test::Caller;

class HttpClientTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        caller_.emplace(test::settings_for(backend_));
    }
    std::size_t requests() const { return backend_.requests().size(); }

    ReferenceBackend backend_{{.tls = false}};
    std::optional<Caller> caller_;
};

TEST_F(HttpClientTest, AnAnswerHasItsStatusAndBody) {
    const auto answer = caller_->call({.path = "/health"});
    ASSERT_OK(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_NE(answer->body.find("ok"), std::string::npos);
    EXPECT_EQ(backend_.requests().back().headers.at("user-agent"), "bulkhead/test");
    EXPECT_EQ(backend_.requests().back().headers.at("accept-encoding"), "identity");
}

TEST_F(HttpClientTest, BodiesOfEveryKindArriveWhole) {
    EXPECT_EQ(caller_->call({.method = "POST", .path = "/x", .body = std::string("abc")})->status,
              404);
    EXPECT_EQ(backend_.requests().back().method, "POST");
    EXPECT_EQ(backend_.requests().back().body_bytes, 3U);
    EXPECT_EQ(caller_->call({.method = "PUT", .path = "/x", .body = std::string()})->status, 404);
    EXPECT_EQ(backend_.requests().back().method, "PUT");
    EXPECT_EQ(caller_->call({.method = "DELETE", .path = "/x"})->status, 404);
    EXPECT_EQ(backend_.requests().back().method, "DELETE");
    EXPECT_EQ(caller_->call({.path = "/health"})->status, 200) << "nothing of the others is left";
}

TEST_F(HttpClientTest, AFileRangeIsStreamedFromItsOffset) {
    const auto files = bulkhead::test::tree({{"spool", std::string(300'000, 'a') + "tail"}});
    const sys::Fd fd(::open((files.path() + "/spool").c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(fd);
    const HttpRequest request{
        .method = "PUT", .path = "/x", .body = FileRange{fd.get(), 100, 250'000}};
    EXPECT_EQ(caller_->call(request)->status, 404);
    EXPECT_EQ(backend_.requests().back().body_bytes, 250'000U);
    EXPECT_FALSE(backend_.requests().back().headers.contains("expect"));
    EXPECT_EQ(
        caller_->call({.method = "PUT", .path = "/x", .body = FileRange{fd.get(), 0, 0}})->status,
        404);
}

TEST_F(HttpClientTest, AFileThatBecameShorterIsAnErrorAndNotAWait) {
    const auto files = bulkhead::test::tree({{"spool", "short"}});
    const sys::Fd fd(::open((files.path() + "/spool").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(caller_->trouble({.method = "PUT", .path = "/x", .body = FileRange{fd.get(), 0, 10}}),
              "the file that was being sent became shorter");
    EXPECT_EQ(caller_->call({.path = "/health"})->status, 200);
}

TEST_F(HttpClientTest, RequestsFromInsideAnAnswerAreFine) {
    int answers = 0;
    HttpClient::OnAnswer again = [&](Result<HttpAnswer> answer) {
        EXPECT_TRUE(answer);
        if (++answers < 5) caller_->client().send({.path = "/health"}, again);
    };
    caller_->client().send({.path = "/health"}, again);
    EXPECT_TRUE(caller_->run_until([&answers] { return answers == 5; }));
    EXPECT_EQ(caller_->client().pending(), 0U);
}

TEST_F(HttpClientTest, AnEndlessChainOfRequestsLeavesOthersTheirTurn) {
    HttpClient::OnAnswer again = [&](Result<HttpAnswer>) {
        caller_->client().send({.path = "/health"}, again);
    };
    HttpClient::OnAnswer failing = [&](Result<HttpAnswer>) {
        caller_->client().send({.path = "nonsense"}, failing);
    };
    caller_->client().send({.path = "/health"}, again);
    caller_->client().send({.path = "nonsense"}, failing);
    bool timer = false;
    caller_->loop().after(100ms, [&timer] { timer = true; });
    EXPECT_TRUE(caller_->run_until([&timer] { return timer; }));
}

TEST_F(HttpClientTest, ManyAtOnceAreAllAnsweredOverFewConnections) {
    int answers = 0;
    for (int i = 0; i < 50; ++i) {
        caller_->client().send({.path = "/health"}, [&answers](Result<HttpAnswer> answer) {
            if (answer && answer->status == 200) ++answers;
        });
    }
    EXPECT_EQ(caller_->client().pending(), 50U);
    EXPECT_TRUE(caller_->run_until([&answers] { return answers == 50; }));
}

TEST_F(HttpClientTest, ACancelledRequestIsNeverAnswered) {
    backend_.misbehave({.kind = Misbehaviour::Kind::none, .times = 1, .delay = 200ms});
    bool answered = false;
    const auto slow =
        caller_->client().send({.path = "/health"}, [&](Result<HttpAnswer>) { answered = true; });
    caller_->client().cancel(slow);
    caller_->client().cancel(slow);
    caller_->client().cancel(RequestId{999});
    EXPECT_EQ(caller_->client().pending(), 0U);
    EXPECT_EQ(caller_->call({.path = "/health"})->status, 200);
    EXPECT_FALSE(answered);
}

TEST_F(HttpClientTest, ACancelledConnectLeavesItsDescriptorToOthers) {
    for (int i = 0; i < 3; ++i) {
        caller_->client().cancel(caller_->client().send({.path = "/health"}, [](auto) {}));
        // Whoever gets the number of that socket can be watched...
        auto pipe = sys::make_pipe();
        ASSERT_TRUE(pipe);
        bool read = false;
        ASSERT_TRUE(caller_->loop().watch(pipe->read.get(), EPOLLIN, [&](std::uint32_t) {
            read = true;
            caller_->loop().forget(pipe->read.get());
        }));
        ASSERT_TRUE(sys::write_all(pipe->write, as_bytes("x")));
        // ... and the next request is not told that its own is watched already.
        const auto start = sys::Clock::now();
        EXPECT_EQ(caller_->call({.path = "/health"})->status, 200);
        EXPECT_LT(sys::Clock::now() - start, 5s);
        EXPECT_TRUE(read);
    }
}

TEST_F(HttpClientTest, AnAnswerMayCancelAnother) {
    backend_.misbehave(
        {.kind = Misbehaviour::Kind::none, .path = "/slow", .times = 1, .delay = 200ms});
    bool answered = false;
    bool done = false;
    const auto slow =
        caller_->client().send({.path = "/slow"}, [&](Result<HttpAnswer>) { answered = true; });
    caller_->client().send({.path = "/health"}, [&](Result<HttpAnswer>) {
        caller_->client().cancel(slow);
        done = true;
    });
    EXPECT_TRUE(caller_->run_until([&done] { return done; }));
    EXPECT_EQ(caller_->client().pending(), 0U);
    EXPECT_FALSE(answered);
}

TEST_F(HttpClientTest, AClientMayGoWhileRequestsAreUnderWay) {
    backend_.misbehave({.kind = Misbehaviour::Kind::none, .times = 1, .delay = 200ms});
    bool answered = false;
    {
        auto client = HttpClient::create(caller_->loop(), test::settings_for(backend_));
        ASSERT_TRUE(client);
        client->send({.path = "/health"}, [&](Result<HttpAnswer>) { answered = true; });
        ASSERT_TRUE(caller_->loop().step(10ms));
    }
    EXPECT_EQ(caller_->call({.path = "/health"})->status, 200);
    EXPECT_FALSE(answered);
}

TEST_F(HttpClientTest, ABackendThatClosedTheKeptConnectionIsNoError) {
    EXPECT_EQ(caller_->call({.path = "/health"})->status, 200);
    backend_.stop();
    // The loop notices that the kept connection ended, and does not spin on it.
    for (int turns = 0; turns < 3; ++turns) ASSERT_TRUE(caller_->loop().step(20ms));
    ASSERT_TRUE(backend_.start());
    EXPECT_EQ(caller_->call({.path = "/health"})->status, 200);
    EXPECT_EQ(caller_->call({.method = "POST", .path = "/x", .body = std::string("x")})->status,
              404);
}

// Sockets of this process that are connected to the backend, whatever became of the other end.
class KeptConnections : public HttpClientTest {
  protected:
    std::size_t connected() const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
            const auto fd = std::atoi(entry.path().filename().c_str());
            sockaddr_in peer{};
            socklen_t size = sizeof peer;
            const bool named = ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
            const auto port = named && peer.sin_family == AF_INET ? ntohs(peer.sin_port) : 0;
            if (port != 0 && backend_.url().ends_with(":" + std::to_string(port))) ++count;
        }
        return count;
    }
    bool until(std::size_t wanted) {
        for (int turns = 0; turns < 250 && connected() != wanted; ++turns) {
            if (!caller_->loop().step(20ms)) return false;
        }
        return connected() == wanted;
    }
};

TEST_F(KeptConnections, OneThatTheBackendClosedIsClosedHereAsWell) {
    EXPECT_EQ(caller_->call({.path = "/health"})->status, 200);
    EXPECT_EQ(connected(), 1U);
    backend_.stop();
    EXPECT_TRUE(until(0)) << "it would stay in CLOSE_WAIT until the next request";
    ASSERT_TRUE(backend_.start());
    EXPECT_EQ(caller_->call({.path = "/health"})->status, 200);
    EXPECT_EQ(connected(), 1U);
}

TEST_F(KeptConnections, AreClosedWhenTheyHaveBeenIdleForLong) {
    auto settings = test::settings_for(backend_);
    settings.kept_for = 100ms;
    caller_.emplace(std::move(settings));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(caller_->call({.path = "/health"})->status, 200);
        EXPECT_EQ(connected(), 1U);
        EXPECT_TRUE(until(0));
    }
}

TEST_F(HttpClientTest, ADeadBackendIsAnErrorAndItsReturnIsNoticed) {
    backend_.stop();
    EXPECT_NE(caller_->trouble({.path = "/health"}).find("nobody listens on"), std::string::npos);
    ASSERT_TRUE(backend_.start());
    EXPECT_EQ(caller_->call({.path = "/health"})->status, 200);
}

TEST_F(HttpClientTest, HeadersThatWouldSmuggleAnotherAreRefused) {
    for (const auto& [name, value] : {std::pair<std::string, std::string>{"X", "a\r\nY: b"},
                                      {"X", "a\nb"},
                                      {"X:Y", "b"},
                                      {"", "b"},
                                      {"X Y", "b"}}) {
        HttpRequest request{.path = "/health"};
        request.headers.push_back({name, Secret(value)});
        EXPECT_NE(caller_->trouble(std::move(request)).find("header"), std::string::npos);
    }
    EXPECT_EQ(requests(), 0U);
}

TEST_F(HttpClientTest, AWholeUrlMustObeyTheSameRules) {
    EXPECT_EQ(caller_->call({.path = backend_.url() + "/health?x=1"})->status, 200);
    EXPECT_NE(caller_->trouble({.path = "http://192.0.2.1/x"}).find("plain http"),
              std::string::npos);
    EXPECT_NE(caller_->trouble({.path = "file:///etc/passwd"}).find("URL"), std::string::npos);
    EXPECT_NE(caller_->trouble({.path = "https://user:pw@127.0.0.1/"}).find("password"),
              std::string::npos);
    EXPECT_NE(caller_->trouble({.path = ""}).find("URL"), std::string::npos);
}

TEST_F(HttpClientTest, AnOddPathArrivesAsItWasEncoded) {
    EXPECT_EQ(caller_->call({.path = "/v1/a%2F..%2Fb/../c"})->status, 404);
    EXPECT_EQ(backend_.requests().back().target, "/v1/a%2F..%2Fb/../c");
}

TEST(HttpClientCreation, RefusesWhatCannotWork) {
    auto loop = sys::Loop::create();
    ASSERT_TRUE(loop);
    EXPECT_FALSE(HttpClient::create(*loop, {.base_url = "http://192.0.2.1"}));
    EXPECT_FALSE(HttpClient::create(*loop, {.base_url = "nonsense"}));
    EXPECT_TRUE(
        HttpClient::create(*loop, {.base_url = "http://192.0.2.1", .allow_plaintext = true}));
}

}  // namespace
}  // namespace bulkhead::worker
