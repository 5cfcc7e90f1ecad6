// /healthz and /status over HTTP: what clients may send, and what they are told.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "cli/http/server.hpp"
#include "common/sys/clock.hpp"
#include "tests/cli/site.hpp"
#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::test {
namespace {

using cli::HttpRequest;
using cli::parse_request;
using cli::RootFile;
using cli::StatusJson;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

int status_of(const std::string& request) { return parse_request(request).status; }

TEST(HttpRequestTest, TwoPathsAreKnown) {
    const auto get = parse_request("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:7070\r\n\r\n");
    EXPECT_EQ(get.status, 200);
    EXPECT_EQ(get.path, "/healthz");
    EXPECT_FALSE(get.head);
    const auto head = parse_request("HEAD /status?x=1 HTTP/1.0\r\n\r\n");
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.path, "/status");
    EXPECT_TRUE(head.head);
}

TEST(HttpRequestTest, AllElseGetsAnErrorOfItsOwn) {
    const std::string host = "Host: localhost\r\n";
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + host + "\r\n"), 404);
    EXPECT_EQ(status_of("GET /healthz/ HTTP/1.1\r\n" + host + "\r\n"), 404);
    EXPECT_EQ(status_of("GET http://localhost/healthz HTTP/1.1\r\n" + host + "\r\n"), 404);
    EXPECT_EQ(status_of("GET /../status HTTP/1.1\r\n" + host + "\r\n"), 404);
    EXPECT_EQ(status_of("POST /healthz HTTP/1.1\r\n" + host + "\r\n"), 405);
    EXPECT_EQ(status_of("OPTIONS /status HTTP/1.1\r\n" + host + "\r\n"), 405);
    EXPECT_EQ(status_of("GET /healthz HTTP/2.0\r\n" + host + "\r\n"), 505);
    for (const std::string bad :
         {"GET /healthz\r\n\r\n", "GET  /healthz HTTP/1.1\r\n\r\n",
          " GET /healthz HTTP/1.1\r\n\r\n", "GET /healthz HTTP/1.1\r\n\r\n",
          "G\x01T /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n", "\r\n\r\n",
          "GET /healthz HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n",
          "GET /healthz HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
          "GET /healthz HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n",
          "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
          "GET /healthz HTTP/1.1\r\nnot a header\r\n\r\n", "\x16\x03\x01 TLS here\r\n\r\n"}) {
        EXPECT_EQ(status_of(bad), 400) << bad;
    }
    EXPECT_EQ(
        status_of(std::string("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: \0\r\n\r\n", 51)),
        400);
}

// A web page's script can reach 127.0.0.1 by a name of its own; what it sends as Host is that name.
TEST(HttpRequestTest, AHostIsAnAddressOrLocalhost) {
    const auto with = [](const std::string& host) {
        return status_of("GET /status HTTP/1.1\r\nhOsT: " + host + "\r\n\r\n");
    };
    for (const auto* good : {"localhost", "LOCALHOST:7070", "127.0.0.1", "127.0.0.1:1", "[::1]",
                             "[::1]:7070", "10.0.0.1:80", " 127.0.0.1 "}) {
        EXPECT_EQ(with(good), 200) << good;
    }
    for (const auto* bad :
         {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1", "::1",
          "127.0.0.1:80:80", "127.0.0.1:x", "localhost:", "user@localhost", "127.1", "[::1]x"}) {
        const bool empty_port = std::string_view(bad) == "localhost:";
        EXPECT_EQ(with(bad), empty_port ? 200 : 421) << bad;
    }
}

TEST(HttpRequestTest, AHeadIsWaitedForAndHasABound) {
    const std::string whole = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(status_of(whole.substr(0, size)), 0) << size;
    }
    EXPECT_EQ(
        status_of("GET /healthz HTTP/1.1\r\nX: " + std::string(cli::kMostHead, 'x') + "\r\n\r\n"),
        431);
    EXPECT_EQ(status_of(std::string(cli::kMostHead, '\n')), 431);
}

StatusJson sample() {
    return cli::parse_bounded(content_of(std::string(WATCH_SAMPLES) + "/broker.json")).value();
}

RootFile well() {
    auto said = sample();
    said["troubles"] = StatusJson::array();
    said["policy"] = {{"digest", "0fc3"}, {"loaded", 1}, {"on_disk", "in-force"}};
    said["intake"] = {{"suspended", false}};
    said["walls"] = {{"missing", StatusJson::array()}, {"unusable", StatusJson::array()}};
    said["workers"][0]["violations"] = 0;
    said["workers"][0]["restarts"] = 0;
    said["expiring"] = StatusJson::array();
    return {.state = RootFile::State::fresh, .why = {}, .said = std::move(said)};
}

cli::Asked worker(const std::string& members) {
    return {.backend = "main",
            .answer = cli::parse_bounded(R"({"backends":[{"name":"main",)" + members + "}]}")};
}

const std::string kGood =
    R"("dialect":"bulkhead","enrollment":"enrolled","heartbeats":3,"last_heartbeat":")" +
    format_utc(sys::now()) + '"';
const std::string kAegis =
    R"("dialect":"aegisflux","enrollment":"enrolled","heartbeats":3,"capabilities":{"btf_available":true},"last_heartbeat":")" +
    format_utc(sys::now()) + '"';

TEST(HttpAnswers, HealthIsTheWorseOfRootsAndTheWorkers) {
    EXPECT_EQ(cli::answer_healthz(well(), {worker(kGood)}).status, 200);
    EXPECT_EQ(cli::answer_healthz(well(), {worker(kGood)}).body,
              "{\"healthy\":true,\"troubles\":0}\n");
    EXPECT_EQ(cli::answer_healthz(well(), {worker(kGood + R"(,"heartbeat_trouble":"503")")}).status,
              503);
    auto rejected = well();
    rejected.said["troubles"] = sample()["troubles"];
    EXPECT_EQ(cli::answer_healthz(rejected, {worker(kGood)}).status, 503)
        << "a worker that says all is well";
    EXPECT_EQ(cli::answer_healthz(RootFile{}, {worker(kGood)}).status, 503) << "no agent";
    EXPECT_EQ(cli::answer_healthz(RootFile{}, {}).status, 503);
}

TEST(HttpAnswers, StatusHasNoTextsOfTroubles) {
    auto root = well();
    root.said["troubles"] = sample()["troubles"];
    const auto answer = cli::answer_status(
        root, {worker(kGood + R"(,"heartbeat_trouble":"https://secret.example: 503")")});
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, HasSubstr("policy-rejected"));
    EXPECT_THAT(answer.body, Not(HasSubstr("host.policy")));
    EXPECT_THAT(answer.body, Not(HasSubstr("secret")));
    const auto body = cli::parse_bounded(answer.body).value();
    EXPECT_EQ(body["healthy"], false);
    EXPECT_EQ(body["according_to_workers"][0]["failing"], StatusJson::array({"heartbeat"}));
    EXPECT_EQ(body["root"]["policy"]["digest"], "0fc3");
}

TEST(HttpAnswers, TheShapesOfAegisFluxWhereItIsConfigured) {
    EXPECT_EQ(cli::answer_healthz(well(), {worker(kAegis)}).body, R"({"ok":true})");
    EXPECT_EQ(cli::answer_healthz(RootFile{}, {worker(kAegis)}).status, 503);
    const auto body = cli::parse_bounded(cli::answer_status(well(), {worker(kAegis)}).body).value();
    EXPECT_EQ(body["loaded"], StatusJson::object());
    EXPECT_EQ(body["applied_artifacts"], StatusJson::array());
    EXPECT_EQ(body["capabilities"]["btf_available"], true);
    EXPECT_EQ(body["registered"], false) << "it has no id";
}

RootFile with_artifacts() {
    auto root = well();
    const auto now = sys::now().time_since_epoch().count();
    root.said["started"] = now - 3'725;
    root.said["artifacts"] = {
        {"enabled", true},
        {"list",
         {{{"id", "count-packets"},
           {"state", "loaded"},
           {"since", 1'800'000'000},
           {"expires", now + 600},
           {"cpu_millipercent", 250}},
          {{"id", "burns"}, {"state", "rolled-back"}, {"since", 1'800'000'000}}}}};
    return root;
}

TEST(HttpAnswers, WhatRootHasLoadedIsToldInTheMembersOfAllItsAgents) {
    const auto entry = worker(kAegis + R"(,"host_id":"edge-7","agent_id":"agent-1")");
    const auto body =
        cli::parse_bounded(cli::answer_status(with_artifacts(), {entry}).body).value();
    ASSERT_EQ(body["loaded"].size(), 1U) << body;
    EXPECT_TRUE(parse_utc(body["loaded"]["count-packets"].get<std::string>()));
    EXPECT_EQ(body["host_id"], "edge-7");
    EXPECT_EQ(body["agent_uid"], "agent-1");
    EXPECT_EQ(body["registered"], true);
    EXPECT_EQ(body["cpu_pct"], 0.25);
    EXPECT_EQ(body["total_programs"], 1);
    EXPECT_THAT(body["uptime"].get<std::string>(), StartsWith("1h2m"));
    const auto& applied = body["applied_artifacts"][0];
    EXPECT_EQ(applied["status"], "running");
    EXPECT_EQ(applied["loaded_at"], "2027-01-15T08:00:00Z");
    EXPECT_GT(applied["ttl_seconds"], 590);
    for (const auto* secret : {"url", "public_key"}) EXPECT_FALSE(body.contains(secret));
    auto silent = with_artifacts();
    silent.state = RootFile::State::silent;
    EXPECT_TRUE(
        cli::parse_bounded(cli::answer_status(silent, {entry}).body).value()["loaded"].empty())
        << "what a root that hangs had loaded is not known";
}

TEST(HttpAnswers, TheShapeOfTheBackendsOwnAgent) {
    const auto entry = worker(kAegis + R"(,"host_id":"edge-7")");
    const auto said = [&](const RootFile& root) {
        const auto answer = cli::answer_healthz(root, {entry}, cli::HealthShape::local);
        return cli::parse_bounded(answer.body).value();
    };
    EXPECT_EQ(said(well())["status"], "healthy");
    EXPECT_EQ(said(with_artifacts())["status"], "running");
    EXPECT_EQ(said(with_artifacts())["loaded_programs"], 1);
    EXPECT_EQ(said(with_artifacts())["host_id"], "edge-7");
    EXPECT_EQ(said(RootFile{})["status"], "unhealthy");
}

// A server on a port of its own, in another thread.
class HttpServer : public ::testing::Test {
  protected:
    HttpServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(listener_.get(), generic(), sizeof address_), 0);
        EXPECT_EQ(::listen(listener_.get(), 128), 0);
        socklen_t size = sizeof address_;
        EXPECT_EQ(::getsockname(listener_.get(), generic(), &size), 0);
    }
    ~HttpServer() override {
        if (thread_.joinable()) thread_.join();
    }
    void serve(std::chrono::milliseconds idle = 300ms) {
        thread_ = std::thread([this, idle] {
            EXPECT_OK(cli::serve_http(
                listener_,
                [](std::string_view path) {
                    return cli::HttpAnswer{200, std::string(path)};
                },
                idle));
        });
    }
    sys::Fd connect() {
        sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const timeval patience{.tv_sec = 30, .tv_usec = 0};
        ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        EXPECT_EQ(::connect(socket.get(), generic(), sizeof address_), 0);
        return socket;
    }
    static void say(const sys::Fd& socket, std::string_view text) {
        ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
    }
    // All until the server closes.
    static std::string heard(const sys::Fd& socket) {
        std::string text;
        std::array<char, 4096> chunk{};
        for (;;) {
            const auto got = ::recv(socket.get(), chunk.data(), chunk.size(), 0);
            if (got <= 0) return text;
            text.append(chunk.data(), static_cast<std::size_t>(got));
        }
    }
    std::string ask(std::string_view text) {
        const auto socket = connect();
        say(socket, text);
        return heard(socket);
    }
    sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }

    sys::Fd listener_;
    sockaddr_in address_{};
    std::thread thread_;
};

constexpr std::string_view kHealthz = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST_F(HttpServer, AnswersOncePerConnectionAndEndsWhenNobodyAsks) {
    serve();
    const auto answer = ask(kHealthz);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 8\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n/healthz"));
    EXPECT_THAT(ask("HEAD /status HTTP/1.1\r\nHost: localhost\r\n\r\n"), EndsWith("\r\n\r\n"));
    EXPECT_THAT(ask("PUT /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"),
                HasSubstr("405 Method Not Allowed\r\n"));
    EXPECT_THAT(ask("GET /status HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
                StartsWith("HTTP/1.1 421 "));
    EXPECT_THAT(ask(std::string(100'000, 'x')), testing::AnyOf(StartsWith("HTTP/1.1 431 "), ""));
    thread_.join();
}

TEST_F(HttpServer, ARequestInPiecesIsOne) {
    serve();
    const auto socket = connect();
    for (const char c : kHealthz) say(socket, {&c, 1});
    EXPECT_THAT(heard(socket), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServer, ThoseWhoSayNothingKeepNobodyOutAndAreClosed) {
    serve();
    std::vector<sys::Fd> silent;
    for (std::size_t i = 0; i < 3 * cli::kMostConnections; ++i) {
        silent.push_back(connect());
        say(silent.back(), "GET /healthz HTTP/1.1\r\n");
    }
    const auto before = std::chrono::steady_clock::now();
    EXPECT_THAT(ask(kHealthz), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_LT(std::chrono::steady_clock::now() - before, cli::kConnectionTime);
    for (const auto& socket : silent) EXPECT_EQ(heard(socket), "");
    EXPECT_LT(std::chrono::steady_clock::now() - before, cli::kConnectionTime + 5s);
}

TEST_F(HttpServer, OneThatDripsIsClosedAtItsDeadline) {
    serve();
    const auto socket = connect();
    const auto before = std::chrono::steady_clock::now();
    pollfd closed{.fd = socket.get(), .events = POLLIN, .revents = 0};
    while (std::chrono::steady_clock::now() - before < 2 * cli::kConnectionTime) {
        say(socket, "X");
        if (::poll(&closed, 1, 100) == 1) break;
    }
    const auto took = std::chrono::steady_clock::now() - before;
    EXPECT_GE(took, cli::kConnectionTime - 100ms);
    EXPECT_LT(took, cli::kConnectionTime + 3s);
}

// As systemd starts it: the socket is descriptor 3.
class ServeStatus : public HttpServer {
  protected:
    pid_t start(const std::string& fds, bool own_pid = true) {
        const auto child = ::fork();
        if (child != 0) return child;
        ::dup2(listener_.get(), 3);
        ::fcntl(3, F_SETFD, 0);  // it may have been 3 before
        ::setenv("LISTEN_FDS", fds.c_str(), 1);
        ::setenv("LISTEN_PID", std::to_string(own_pid ? ::getpid() : 1).c_str(), 1);
        ::execl(BULKHEAD_PROGRAM, "bulkhead", "serve-status", "--run-dir", place_.path().c_str(),
                nullptr);
        ::_exit(127);
    }
    static int end_of(pid_t child) {
        int status = 0;
        ::waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    Tree place_ = tree({{"status/none", ""}});
};

TEST_F(ServeStatus, AnswersAtTheSocketOfSystemd) {
    const auto child = start("1");
    EXPECT_THAT(ask(kHealthz), StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(ask("GET /status HTTP/1.1\r\nHost: [::1]:1\r\n\r\n"),
                HasSubstr("\"healthy\":false"));
    ::kill(child, SIGTERM);
    end_of(child);
}

TEST_F(ServeStatus, RefusesAllElseThanOneSocketThatListens) {
    EXPECT_EQ(end_of(start("2")), 2);
    EXPECT_EQ(end_of(start("x")), 2);
    EXPECT_EQ(end_of(start("1", false)), 2);
    listener_ = sys::Fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
    EXPECT_EQ(end_of(start("1")), 2);
    EXPECT_EQ(run({.words = {"serve-status"}}).code, 2);
}

}  // namespace
}  // namespace bulkhead::test
