// Telemetry on a real nats-server, and on servers that lie.
#include "worker/duties/telemetry_duty.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>

#include "tests/backend/certificates.hpp"
#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"
#include "tests/worker/backend/caller.hpp"
#include "tests/worker/backend/nats/nats_keys.hpp"
#include "tests/worker/backend/nats/nats_server.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using reference::CertificateAuthority;
using test::count_of;
using test::NatsKey;
using test::NatsRole;
using test::NatsServer;
using test::TalkingServer;

class TelemetryTest : public testing::Test {
  protected:
    void SetUp() override {
        if (NatsServer::program().empty()) GTEST_SKIP() << "nats-server is not installed";
        config_.name = "aegis";
        config_.connect_timeout = 5s;
        config_.telemetry.subject = "agent.telemetry";
        config_.telemetry.interval = 1h;
    }

    // The duty as these settings make it; begins at once.
    void begin(const std::string& url) {
        config_.telemetry.url = url;
        context_.emplace(DutyContext{.loop = caller_.loop(),
                                     .client = caller_.client(),
                                     .config = config_,
                                     .identity = identity_,
                                     .log = log_,
                                     .mode = RunMode::serve,
                                     .random = [] { return 0.5; },
                                     .now = [] { return UnixTime(1'800'000'000s); },
                                     .fatal = [](const Error& error) { FAIL() << error.what; }});
        duty_.emplace(*context_, "host-1",
                      TelemetryDuty::Callbacks{.files = [this]() -> Result<TelemetryFiles> {
                                                   ++attempts_;
                                                   return config_.telemetry.files;
                                               },
                                               .heartbeat =
                                                   [] {
                                                       return TelemetryHeartbeat{
                                                           .hostname = "h",
                                                           .jobs_running = 2,
                                                           .troubles = {"ledger-lost"}};
                                                   }},
                      limits_);
        duty_->start();
    }
    void tell(const std::string& id = "drop-egress") {
        duty_->artifact_event({.artifact_id = id, .status = "loaded"});
    }
    bool run_until(const std::function<bool()>& done) { return caller_.run_until(done); }
    void run_for(std::chrono::milliseconds time) {
        bool over = false;
        caller_.loop().after(time, [&over] { over = true; });
        ASSERT_TRUE(run_until([&over] { return over; }));
    }

    std::string described() const {
        JsonWriter json;
        json.begin_object();
        duty_->describe(json);
        json.end();
        return std::move(json).take();
    }
    bool says(const std::string& part) const { return described().find(part) != std::string::npos; }
    std::string logged() const { return bulkhead::test::content_of(log_file_); }
    // The codes of its troubles.
    std::string troubles() const {
        std::vector<Trouble> all;
        duty_->tell(all);
        std::string codes;
        for (const auto& one : all) codes += one.code + " ";
        return codes;
    }

    bulkhead::test::TempDir directory_;
    std::string log_file_ = directory_ / "log";
    sys::Fd log_fd_{::open(log_file_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)};
    sys::Log log_{"test", log_fd_.get()};
    test::Caller caller_{{.base_url = "http://127.0.0.1:9", .allow_plaintext = true}};
    BackendConfig config_;
    Identity identity_;
    TelemetryDuty::Limits limits_{.steady = 0ms,
                                  .backoff = {.least = 5ms, .first = 10ms, .cap = 40ms}};
    std::optional<DutyContext> context_;
    int attempts_ = 0;
    std::optional<TelemetryDuty> duty_;
};

constexpr const char* kSeedsEvent =
    R"({"host_id":"host-1","artifact_id":"drop-egress","status":"loaded","drops":0,"errors":0,)"
    R"("cpu_pct":0,"ts":"2027-01-15T08:00:00Z"})";

TEST_F(TelemetryTest, AnEventStandsOnTheWireAsTheOriginalAgentWritesIt) {
    NatsServer server;
    ASSERT_TRUE(server.start());
    begin(server.at("nats"));
    tell();
    duty_->artifact_event({.artifact_id = "a\"b",
                           .status = "rolled_back",
                           .drops = 18'446'744'073'709'551'615U,
                           .errors = 1,
                           .cpu_pct = 12.5,
                           .verifier_msg = "R1 type=\nctx",
                           .error_message = "CPU threshold exceeded"});
    duty_->artifact_event({.artifact_id = "", .status = "loaded"});
    ASSERT_TRUE(run_until([&] { return says("\"delivered\":2"); })) << described();
    EXPECT_EQ(server.logged(kSeedsEvent), 1U) << server.log();
    EXPECT_EQ(server.logged("[PUB agent.telemetry " +
                            std::to_string(std::string_view(kSeedsEvent).size())),
              1U);
    EXPECT_EQ(server.logged("[PUB "), 2U) << "never one with an empty artifact_id";
    EXPECT_EQ(
        json_of(
            {"host-1", "b"},
            ArtifactEvent{
                .artifact_id = "x", .status = "error", .verifier_msg = "v", .error_message = "e"},
            UnixTime(0s)),
        R"({"host_id":"host-1","artifact_id":"x","status":"error","drops":0,"errors":0,)"
        R"("cpu_pct":0,"verifier_msg":"v","error_message":"e","ts":"1970-01-01T00:00:00Z"})");
    EXPECT_TRUE(says("\"connected\":true")) << described();
    EXPECT_EQ(troubles(), "");
}

TEST_F(TelemetryTest, AMessageIsBoundedWhateverItHolds) {
    for (const auto& text :
         {std::string(100'000, 'v'), std::string(100'000, '\xff'), std::string(100'000, '\x01')}) {
        const auto json = json_of(
            {"h", "b"}, ArtifactEvent{.artifact_id = "x", .status = "error", .verifier_msg = text},
            UnixTime(0s));
        EXPECT_LT(json.size(), 7'000U);
        EXPECT_OK(JsonValue::parse(json));
    }
}

TEST_F(TelemetryTest, HeartbeatsAndJobsHaveSubjectsOfTheirOwn) {
    NatsServer server;
    ASSERT_TRUE(server.start());
    config_.telemetry.interval = 1s;
    config_.telemetry.heartbeats = true;
    begin(server.at("nats"));
    int due = 0;
    duty_->when_due([&] {
        ++due;
        tell();
    });
    duty_->job_event({.event = "ended", .delivery_id = "d-1"});
    config_.telemetry.job_events = true;
    duty_->job_event({.event = "ended",
                      .delivery_id = "d-2",
                      .outcome = "finished",
                      .reason = "ok",
                      .exit_code = 3});
    ASSERT_TRUE(run_until([&] { return due >= 2 && says("\"queued\":0"); }));
    EXPECT_EQ(
        server.logged(R"({"type":"job","host_id":"host-1","backend":"aegis","delivery_id":"d-2",)"
                      R"("event":"ended","outcome":"finished","reason":"ok","exit_code":3,"ts":)"),
        1U);
    EXPECT_EQ(server.logged("d-1"), 0U) << "of jobs nothing is told unless the settings say so";
    EXPECT_EQ(server.logged("[PUB agent.telemetry.job "), 1U);
    EXPECT_GE(server.logged("[PUB agent.telemetry.heartbeat "), 1U);
    EXPECT_GE(server.logged(R"("troubles":["ledger-lost"],"dropped":0,"ts":)"), 1U);
    EXPECT_GE(server.logged("[PUB agent.telemetry "), 2U) << "figures at each interval";
}

// --- TLS

class TelemetryTlsTest : public TelemetryTest {
  protected:
    using Flaw = CertificateAuthority::Flaw;
    std::string settings(Flaw flaw = Flaw::none, const std::string& more = "") {
        EXPECT_TRUE(ca_);
        EXPECT_TRUE(ca_->write_certificate(directory_ / "ca.pem"));
        EXPECT_TRUE(ca_->issue(CertificateAuthority::Use::server, flaw, directory_ / "cert.pem",
                               directory_ / "key.pem"));
        config_.telemetry.files.ca_pem = bulkhead::test::content_of(directory_ / "ca.pem");
        return "tls { cert_file: \"" + directory_ / "cert.pem" + "\", key_file: \"" +
               directory_ / "key.pem" + "\" " + more + " }";
    }
    reference::Outcome<CertificateAuthority> ca_ = CertificateAuthority::create("tests");
};

TEST_F(TelemetryTlsTest, ATrustedServerIsPublishedToByNameAndByAddress) {
    NatsServer server(settings());
    ASSERT_TRUE(server.start());
    for (const auto& url : {server.at("tls"), server.at("tls", "localhost"), server.at("nats")}) {
        begin(url);
        tell(url);
        ASSERT_TRUE(run_until([&] { return says("\"delivered\":1"); })) << url << logged();
        EXPECT_TRUE(says("\"tls\":true"));
        EXPECT_EQ(server.logged(url + "\""), 1U);
    }
}

TEST_F(TelemetryTlsTest, AThousandEventsCostLittle) {
    NatsServer server(settings());
    ASSERT_TRUE(server.start());
    begin(server.at("tls"));
    ASSERT_TRUE(run_until([&] { return says("\"connected\":true"); }));
    const auto spent = [] {
        rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        const auto us = [](const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; };
        return us(used.ru_utime) + us(used.ru_stime);
    };
    const auto before = spent();
    for (int i = 0; i < 1'000; ++i) tell();
    ASSERT_TRUE(run_until([&] { return says("\"delivered\":1000,"); }));
    const auto each = static_cast<double>(spent() - before) / 1'000;
    std::printf("processor time of an event over TLS, confirmed: %.1f us\n", each);
    EXPECT_LT(each, 1'000.0);
}

TEST_F(TelemetryTlsTest, AFlawedCertificateIsRefusedAndSaidOnce) {
    for (const auto flaw : {Flaw::expired, Flaw::not_yet_valid, Flaw::wrong_name}) {
        NatsServer server(settings(flaw));
        ASSERT_TRUE(server.start());
        const auto before = count_of("telemetry-failed", logged());
        begin(server.at("tls"));
        tell();
        const int attempts = attempts_;
        ASSERT_TRUE(run_until([&] { return attempts_ >= attempts + 4; }));
        EXPECT_EQ(count_of("telemetry-failed", logged()), before + 1) << logged();
        EXPECT_EQ(server.logged("CONNECT"), 0U) << "no login goes to a stranger";
        EXPECT_EQ(troubles(), "telemetry-failing ");
    }
}

TEST_F(TelemetryTlsTest, AnotherAuthorityIsNotTrustedNorAreThoseOfTheSystem) {
    NatsServer server(settings());
    ASSERT_TRUE(server.start());
    const auto other = CertificateAuthority::create("another");
    ASSERT_TRUE(other->write_certificate(directory_ / "other.pem"));
    for (const auto& ca : {bulkhead::test::content_of(directory_ / "other.pem"), std::string()}) {
        config_.telemetry.files.ca_pem = ca;
        begin(server.at("tls"));
        ASSERT_TRUE(run_until([&] { return says("telemetry.ca_file"); })) << logged();
        EXPECT_EQ(server.logged("CONNECT"), 0U);
    }
}

TEST_F(TelemetryTlsTest, AServerWithoutTlsIsRefusedWhereTlsIsAskedFor) {
    NatsServer server;
    ASSERT_TRUE(server.start());
    config_.telemetry.files.login.token = Secret("a-token-of-tests");
    begin(server.at("tls"));
    tell();
    ASSERT_TRUE(run_until([&] { return attempts_ >= 3; }));
    EXPECT_TRUE(says("offers no TLS")) << described();
    EXPECT_EQ(count_of("telemetry-failed", logged()), 1U);
    EXPECT_EQ(server.logged("CONNECT"), 0U);
}

// INFO is plain text: whoever stands between may take tls_required out of it.
TEST_F(TelemetryTlsTest, AStrippedOfferOfTlsYieldsNothing) {
    std::string heard;
    std::atomic<bool> over = false;
    TalkingServer thief([&](int fd) {
        TalkingServer::say(fd, "INFO {\"auth_required\":true,\"nonce\":\"abc\"}\r\n");
        const auto text = TalkingServer::hear(fd, 300ms);
        if (!over.exchange(true)) heard = text;
    });
    config_.telemetry.files.login.token = Secret("a-token-of-tests");
    begin(thief.at("tls"));
    ASSERT_TRUE(run_until([&] { return over.load(); }));
    duty_.reset();
    EXPECT_EQ(heard, "");
}

TEST_F(TelemetryTlsTest, WhatStandsBehindTheGreetingBeforeTlsIsNotBelieved) {
    TalkingServer thief([&](int fd) {
        TalkingServer::say(fd, "INFO {\"tls_required\":true}\r\nPONG\r\n");
        TalkingServer::hear(fd, 200ms);
    });
    begin(thief.at("tls"));
    ASSERT_TRUE(run_until([&] { return says("before TLS"); })) << described();
}

// --- who we are

TEST_F(TelemetryTest, AnNkeyOpensAndAnotherDoesNotAndThatIsSaidOnce) {
    const NatsKey ours(NatsRole::user);
    const NatsKey other(NatsRole::user);
    NatsServer server("authorization { users: [ { nkey: " + ours.public_key() + " } ] }");
    ASSERT_TRUE(server.start());
    auto& login = config_.telemetry.files.login;
    login.setting = "telemetry.nkey_seed_file";
    login.key = *NatsUserKey::of_seed(other.seed());
    begin(server.at("nats"));
    tell();
    ASSERT_TRUE(run_until([&] { return attempts_ >= 5; }));
    EXPECT_EQ(count_of("telemetry-failed", logged()), 1U) << logged();
    EXPECT_TRUE(says(other.public_key())) << "what the server's operator has to add";
    EXPECT_TRUE(says("telemetry.nkey_seed_file"));
    EXPECT_EQ(logged().find(other.seed()), std::string::npos);
    // An operator replaces the file: the next attempt reads it.
    login.key = *NatsUserKey::of_seed(ours.seed());
    ASSERT_TRUE(run_until([&] { return says("\"delivered\":1"); }));
    EXPECT_EQ(troubles(), "");
}

TEST_F(TelemetryTest, AKeyForAServerWithoutKeysIsSaid) {
    TalkingServer server([&](int fd) {
        TalkingServer::say(fd, "INFO {\"max_payload\":1024}\r\n");
        TalkingServer::hear(fd, 200ms);
    });
    config_.telemetry.files.login.key = *NatsUserKey::of_seed(NatsKey(NatsRole::user).seed());
    begin(server.at("nats"));
    ASSERT_TRUE(run_until([&] { return says("sends no nonce"); })) << described();
}

TEST_F(TelemetryTest, ACredentialsFileOpens) {
    const NatsKey op(NatsRole::operator_);
    const NatsKey account(NatsRole::account);
    const NatsKey user(NatsRole::user);
    const auto any = std::string(R"("subs":-1,"data":-1,"payload":-1)");
    NatsServer server("operator: \"" + op.jwt(op.public_key(), R"("type":"operator")") +
                      "\"\nresolver: MEMORY\nresolver_preload: { " + account.public_key() + ": \"" +
                      op.jwt(account.public_key(),
                             R"("limits":{"imports":-1,"exports":-1,"wildcards":true,"conn":-1,)"
                             R"("leaf":-1,)" +
                                 any + R"(},"type":"account")") +
                      "\" }");
    ASSERT_TRUE(server.start());
    const auto jwt = account.jwt(
        user.public_key(), R"("pub":{"allow":["agent.>"]},"sub":{},)" + any + R"(,"type":"user")");
    config_.telemetry.files.login = *parse_nats_credentials(test::credentials_of(jwt, user.seed()));
    begin(server.at("nats"));
    tell();
    ASSERT_TRUE(run_until([&] { return says("\"delivered\":1"); })) << logged() << server.log();
    EXPECT_EQ(server.logged(kSeedsEvent), 1U);
}

TEST_F(TelemetryTest, ATokenAndAPasswordOpenAndNoneIsAdvisedFor) {
    {
        NatsServer server("authorization { token: \"t-of-tests\" }");
        ASSERT_TRUE(server.start());
        begin(server.at("nats"));
        tell();
        ASSERT_TRUE(run_until([&] { return says("give it a login"); })) << described();
        config_.telemetry.files.login.token = Secret("t-of-tests");
        ASSERT_TRUE(run_until([&] { return says("\"delivered\":1"); }));
    }
    NatsServer server("authorization { users: [ { user: agent, password: \"p-of-tests\" } ] }");
    ASSERT_TRUE(server.start());
    config_.telemetry.files.login = {};
    config_.telemetry.files.login.user = "agent";
    config_.telemetry.files.login.password = Secret("p-of-tests");
    begin(server.at("nats"));
    tell();
    ASSERT_TRUE(run_until([&] { return says("\"delivered\":1"); })) << described();
    EXPECT_EQ(logged().find("p-of-tests"), std::string::npos);
}

TEST_F(TelemetryTest, APublicationThatIsNotPermittedIsCountedAndSaidOnce) {
    NatsServer server(
        "authorization { users: [ { user: agent, password: p, permissions: { publish: "
        "\"agent.telemetry\" } } ] }");
    ASSERT_TRUE(server.start());
    config_.telemetry.files.login.user = "agent";
    config_.telemetry.files.login.password = Secret("p");
    config_.telemetry.subject = "agent.telemetry.other";
    begin(server.at("nats"));
    for (int i = 0; i < 5; ++i) {
        tell();
        const auto counted = "\"refused\":" + std::to_string(i + 1) + "}";
        ASSERT_TRUE(run_until([&] { return says(counted); })) << described() << server.log();
    }
    EXPECT_EQ(count_of("telemetry-refused", logged()), 1U) << logged();
    EXPECT_TRUE(says("\"delivered\":0,\"queued\":0"));
    EXPECT_TRUE(says("\"connected\":true")) << "the connection stays";
    EXPECT_EQ(troubles(), "telemetry-refused ");
}

TEST_F(TelemetryTest, AnEventLargerThanTheServerTakesIsDroppedAndSaid) {
    NatsServer server("max_payload: 150");
    ASSERT_TRUE(server.start());
    begin(server.at("nats"));
    duty_->artifact_event({.artifact_id = std::string(200, 'a'), .status = "loaded"});
    ASSERT_TRUE(run_until([&] { return says("\"dropped\":1"); })) << described();
    EXPECT_NE(logged().find("max_payload"), std::string::npos);
    tell();
    ASSERT_TRUE(run_until([&] { return says("\"delivered\":1"); }));
}

// --- the server is away

TEST_F(TelemetryTest, TheNewestThousandWaitAndTheRestIsCounted) {
    NatsServer server;
    ASSERT_TRUE(server.start());
    server.stop();
    limits_.backoff.cap = 100ms;
    begin(server.at("nats"));
    for (int i = 0; i < 5'000; ++i) tell("a-" + std::to_string(i));
    ASSERT_TRUE(run_until([&] { return attempts_ >= 3; }));
    EXPECT_TRUE(says("\"queued\":1000,\"dropped\":4000")) << described();
    EXPECT_EQ(count_of("telemetry-failed", logged()), 1U) << logged();
    EXPECT_EQ(count_of("telemetry-dropped", logged()), 1U);
    EXPECT_EQ(troubles(), "telemetry-failing telemetry-dropped ");
    ASSERT_TRUE(server.start());
    ASSERT_TRUE(run_until([&] { return says("\"delivered\":1000,\"queued\":0"); })) << described();
    EXPECT_EQ(server.logged("\"a-4000\""), 1U);
    EXPECT_EQ(server.logged("\"a-3999\""), 0U);
    EXPECT_NE(logged().find("\"dropped\":4000"), std::string::npos) << logged();
    EXPECT_EQ(troubles(), "");
}

TEST(TelemetryQueue, IsBoundedInBytesAndKeepsWhatIsUnderWay) {
    TelemetryQueue queue;
    for (int i = 0; i < 5; ++i) queue.add({"s", std::to_string(i)});
    queue.next();
    queue.sent();
    queue.sent();
    for (int i = 0; i < 400; ++i) queue.add({"s", std::string(8'000, 'x')});
    EXPECT_LE(queue.bytes(), TelemetryQueue::kMostBytes);
    EXPECT_EQ(queue.size() + queue.dropped(), 405U);
    queue.rewind();
    EXPECT_EQ(queue.next()->payload, "0") << "it was under way, so it was not dropped";
    for (std::size_t i = 0; i < TelemetryQueue::kMostUnderWay; ++i) {
        ASSERT_NE(queue.next(), nullptr);
        queue.sent();
    }
    EXPECT_EQ(queue.next(), nullptr);
    queue.confirmed(1'000);
    EXPECT_EQ(queue.size() + queue.dropped() + TelemetryQueue::kMostUnderWay, 405U);
}

TEST_F(TelemetryTest, AServerThatComesBackIsUsedAgainAndNothingIsLost) {
    NatsServer server;
    ASSERT_TRUE(server.start());
    begin(server.at("nats"));
    tell("before");
    ASSERT_TRUE(run_until([&] { return says("\"delivered\":1"); }));
    server.stop();
    ASSERT_TRUE(run_until([&] { return says("\"connected\":false"); }));
    tell("while");
    ASSERT_TRUE(server.start());
    ASSERT_TRUE(run_until([&] { return says("\"delivered\":2"); })) << described();
    EXPECT_EQ(server.logged("\"while\""), 1U);
    EXPECT_EQ(count_of("telemetry-connected", logged()), 2U);
}

// What was sent and not confirmed is sent again.
TEST_F(TelemetryTest, AnEventThatAServerDidNotConfirmIsNotLost) {
    std::atomic<int> heard = 0;
    TalkingServer server([&](int fd) {
        TalkingServer::say(fd, "INFO {\"max_payload\":1024}\r\nPONG\r\n");
        if (TalkingServer::hear(fd, 300ms).find("PUB agent.telemetry ") != std::string::npos)
            ++heard;
    });
    begin(server.at("nats"));
    ASSERT_TRUE(run_until([&] { return server.connections() >= 1; }));
    tell();
    ASSERT_TRUE(run_until([&] { return heard >= 2; })) << described();
    EXPECT_TRUE(says("\"delivered\":0,\"queued\":1"));
}

// --- servers that lie

class HostileNats : public TelemetryTest, public testing::WithParamInterface<const char*> {};

TEST_P(HostileNats, ServerIsLeftWithAWord) {
    const std::string kind = GetParam();
    std::atomic<bool> over = false;
    TalkingServer server([&](int fd) {
        const std::string info = "INFO {\"max_payload\":1048576}\r\n";
        const std::string large(65'536, 'x');
        const auto flood = [&](const std::string& begin, const std::string& piece) {
            bool goes = TalkingServer::say(fd, begin);
            // 64 MiB at most: whoever takes so much takes anything.
            for (std::size_t sent = 0; goes && sent < 64_MiB; sent += piece.size()) {
                goes = TalkingServer::say(fd, piece);
            }
            over = !goes;
        };
        std::string pings;
        for (int i = 0; i < 1'000; ++i) pings += "PING\r\n";
        if (kind == "endless-line") flood("", large);
        if (kind == "giant-info") flood("INFO {\"version\":\"", large);
        if (kind == "garbage") flood("HTTP/1.1 400 Bad Request\r\n\r\n", large);
        if (kind == "ping-flood") flood(info + "PONG\r\n", pings);
        if (kind == "ok-flood") flood(info + "PONG\r\n", "+OK\r\n" + std::string("+OK\r\n"));
        if (kind == "pong-unasked") flood("PONG\r\n", "PONG\r\n");
        if (kind == "message") flood(info + "PONG\r\n", "MSG a 1 5\r\nhello\r\n");
        if (kind == "info-again-and-again") flood(info, info);
        if (kind == "silent") {
            TalkingServer::hear(fd, 5s);
            over = true;
        }
    });
    config_.connect_timeout = 300ms;
    begin(server.at("nats"));
    for (int i = 0; i < 10; ++i) tell();
    ASSERT_TRUE(run_until([&] { return says("\"trouble\":"); })) << kind << described();
    ASSERT_TRUE(run_until([&] { return over.load(); })) << kind;
    duty_.reset();
}

INSTANTIATE_TEST_SUITE_P(All, HostileNats,
                         testing::Values("endless-line", "giant-info", "garbage", "ping-flood",
                                         "ok-flood", "pong-unasked", "message",
                                         "info-again-and-again", "silent"));

TEST_F(TelemetryTest, AServerThatFallsSilentIsLeft) {
    TalkingServer server([&](int fd) {
        TalkingServer::say(fd, "INFO {}\r\nPONG\r\n");
        TalkingServer::hear(fd, 3s);
    });
    limits_.ping_interval = 50ms;
    begin(server.at("nats"));
    ASSERT_TRUE(run_until([&] { return says("has been silent"); })) << described();
    duty_.reset();
}

// Bytes that confirm nothing are no sign of life while something is under way.
TEST_F(TelemetryTest, AServerThatPingsAndConfirmsNothingIsLeft) {
    TalkingServer server([&](int fd) {
        TalkingServer::say(fd, "INFO {}\r\nPONG\r\n");
        for (int i = 0; i < 300 && TalkingServer::say(fd, "PING\r\n"); ++i) {
            TalkingServer::hear(fd, 10ms);
        }
    });
    limits_.ping_interval = 50ms;
    begin(server.at("nats"));
    ASSERT_TRUE(run_until([&] { return says("\"connected\":true"); })) << described();
    tell();
    ASSERT_TRUE(run_until([&] { return says("confirms nothing"); })) << described();
    EXPECT_TRUE(says("\"delivered\":0,\"queued\":1")) << described();
    duty_.reset();
}

TEST_F(TelemetryTest, OneThatIsClosedStaysClosed) {
    std::atomic<bool> gone = false;
    TalkingServer server([&](int fd) {
        TalkingServer::say(fd, "INFO {}\r\nPONG\r\n");
        while (TalkingServer::say(fd, "+OK\r\n")) TalkingServer::hear(fd, 10ms);
        gone = true;
    });
    begin(server.at("nats"));
    ASSERT_TRUE(run_until([&] { return says("\"connected\":true"); })) << described();
    tell();
    duty_->close();
    tell();
    duty_->job_event({.event = "ended", .delivery_id = "d-1"});
    ASSERT_TRUE(run_until([&] { return gone.load(); }));
    run_for(200ms);
    EXPECT_EQ(server.connections(), 1);
    EXPECT_TRUE(says("\"connected\":false")) << described();
    EXPECT_TRUE(says("\"queued\":0,\"dropped\":0")) << described();
    EXPECT_EQ(troubles(), "");
    duty_.reset();
}

TEST_F(TelemetryTest, NobodyListensIsSaidWithTheSettingsKey) {
    begin("nats://127.0.0.1:9");
    ASSERT_TRUE(run_until([&] { return attempts_ >= 3; }));
    EXPECT_TRUE(says("nobody listens on 127.0.0.1:9; is it running, and is telemetry.url"))
        << described();
    EXPECT_EQ(count_of("telemetry-failed", logged()), 1U);
}

}  // namespace
}  // namespace bulkhead::worker
