// What agent.yaml says of telemetry.
#include "worker/config/telemetry.hpp"

#include <fcntl.h>

#include "tests/support/tree.hpp"
#include "tests/worker/backend/nats/nats_keys.hpp"
#include "tests/worker/config/sources.hpp"
#include "worker/config/ports.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using test::NatsKey;
using test::NatsRole;
using test::parsed;
using test::problems;

constexpr const char* kUsual = "backend:\n  url: https://b.example\n  telemetry:\n";

std::string with(const std::string& lines) { return kUsual + lines; }
bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != text.npos;
}

TEST(Telemetry, IsASectionOfABackendOfAnyDialect) {
    const auto config = parsed(R"(
backends:
  - {name: a, url: https://a.example}
  - name: b
    dialect: grapheon
    url: https://b.example
    telemetry: {url: "tls://nats.example", user: agent, password_file: /p, ca_file: /ca.pem,
                interval: 5m, heartbeats: true, job_events: true, subject: "t.{host_id}"}
)");
    EXPECT_EQ(config.backends[0].telemetry.url, "");
    const auto& telemetry = config.backends[1].telemetry;
    EXPECT_EQ(telemetry.url, "tls://nats.example");
    EXPECT_EQ(telemetry.interval, 5min);
    EXPECT_TRUE(telemetry.heartbeats);
    EXPECT_TRUE(telemetry.job_events);
    EXPECT_EQ(telemetry_subject(telemetry, "Web-1.example *>"), "t.Web-1_example___");
    EXPECT_EQ(parsed(with("    url: tls://n")).backends[0].telemetry.subject, "agent.telemetry");
}

TEST(Telemetry, IsSaidByTheEnvironmentToo) {
    const auto config = parsed({.environment = {{"BULKHEAD_URL", "https://b.example"},
                                                {"BULKHEAD_TELEMETRY_URL", "tls://n.example"},
                                                {"BULKHEAD_TELEMETRY_NKEY_SEED_FILE", "/seed"}}});
    EXPECT_EQ(config.backends[0].telemetry.nkey_seed_file, "/seed");
}

TEST(Telemetry, WhatIsWrongIsSaidWithItsLine) {
    EXPECT_TRUE(
        holds(problems(with("    url: https://n")), "agent.yaml:4: telemetry.url: must begin"));
    EXPECT_TRUE(holds(problems(with("    url: nats://n.example")), "write tls://"));
    EXPECT_TRUE(holds(problems(with("    url: tls://n\n    subject: a.>")), "wildcard"));
    EXPECT_TRUE(holds(problems(with("    heartbeats: true")), "telemetry.url is missing"));
    EXPECT_TRUE(holds(problems(with("    url: tls://n\n    user: a")), "go together"));
    EXPECT_TRUE(
        holds(problems(with("    url: tls://n\n    token_file: /t\n    nkey_seed_file: /s")),
              "give one of"));
    EXPECT_TRUE(holds(problems(with("    url: tls://n\n    subjct: a")), "did you mean"));
    EXPECT_TRUE(holds(problems(with("    url: tls://n\n    url: tls://m")), "stands already"));
    EXPECT_TRUE(
        holds(problems("backend: {url: https://b.example, telemetry: yes}"), "expected settings"));
    EXPECT_TRUE(holds(problems("telemetry: {url: tls://n}\nbackend: {url: https://b.example}"),
                      "belongs into backend:"));
    EXPECT_TRUE(holds(problems("backend: {url: https://b.example, spool: {max_bytes: 1GiB}}"),
                      "unknown key"));
    EXPECT_EQ(problems(with("    url: nats://n.example\n  allow_plaintext: true")), "");
    EXPECT_EQ(problems(with("    url: nats://127.0.0.1:4222")), "");
}

TEST(Telemetry, ItsPortHasToBeOpenAsTheBackends) {
    const auto config = parsed(with("    url: tls://n.example"));
    EXPECT_OK(check_ports(config, {443, 4222}));
    const auto closed = check_ports(config, {443});
    ASSERT_FALSE(closed);
    EXPECT_TRUE(holds(closed.error().what, "connect any 4222")) << closed.error().what;
    const auto here = check_ports(parsed(with("    url: nats://127.0.0.1:5222")), {443});
    EXPECT_TRUE(holds(here.error().what, "connect 127.0.0.1 5222")) << here.error().what;
    auto proxied = parsed(with("    url: tls://n.example\n  proxy: http://p.example:3128"));
    EXPECT_OK(check_ports(proxied, {3128}));
}

class TelemetryFilesTest : public testing::Test {
  protected:
    OpenedFile open(const std::string& text, int mode = 0600) {
        const auto path = directory_ / "file";
        ::unlink(path.c_str());
        const sys::Fd out(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, mode));
        EXPECT_EQ(::write(out.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
        EXPECT_EQ(::fchmod(out.get(), static_cast<mode_t>(mode)), 0);
        return {.reason = "ok", .fd = sys::Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC))};
    }
    std::string trouble(const TelemetryConfig& telemetry, const std::string& text,
                        int mode = 0600) {
        const auto files =
            read_telemetry_files(telemetry, [&](const std::string&) { return open(text, mode); });
        return files ? "" : files.error().what;
    }
    bulkhead::test::TempDir directory_;
};

TEST_F(TelemetryFilesTest, GiveOneLogin) {
    const NatsKey user(NatsRole::user);
    const auto read = [&](const TelemetryConfig& telemetry, const std::string& text) {
        auto files =
            read_telemetry_files(telemetry, [&](const std::string&) { return open(text); });
        EXPECT_OK(files);
        return files ? files->login : NatsLogin{};
    };
    EXPECT_EQ(read({.nkey_seed_file = "/s"}, user.seed() + "\n").in_words(),
              "the nkey " + user.public_key());
    EXPECT_EQ(read({.token_file = "/t"}, "token\n").token.reveal(), "token");
    const auto login = read({.user = "agent", .password_file = "/p"}, "secret\n");
    EXPECT_EQ(login.in_words(), "the user agent");
    EXPECT_EQ(login.password.reveal(), "secret");
    EXPECT_EQ(login.setting, "telemetry.password_file");
    const auto jwt = user.jwt("x", R"("type":"user")");
    EXPECT_EQ(read({.credentials_file = "/c"}, test::credentials_of(jwt, user.seed())).jwt.reveal(),
              jwt);
    EXPECT_TRUE(read({}, "").empty());
}

TEST_F(TelemetryFilesTest, ThatAreWrongAreSaidWithTheSettingAndWithoutTheSecret) {
    const auto told = trouble({.nkey_seed_file = "/s"}, "SUNOSEED");
    EXPECT_TRUE(holds(told, "telemetry.nkey_seed_file: /s: ")) << told;
    EXPECT_FALSE(holds(told, "SUNOSEED"));
    EXPECT_TRUE(holds(trouble({.token_file = "/t"}, "t", 0604), "chmod"));
    EXPECT_TRUE(holds(trouble({.credentials_file = "/c"}, "x"), "NATS USER JWT"));
    EXPECT_TRUE(holds(trouble({.ca_file = "/ca"}, "no certificate"), "telemetry.ca_file"));
}

// What is wrong with telemetry takes the backend nothing away, and opens no way around ca_file.
TEST_F(TelemetryFilesTest, ThatCannotBeReadStopTelemetryAlone) {
    BackendConfig backend{
        .name = "b", .dialect = "bulkhead", .telemetry = {.url = "tls://n", .ca_file = "/ca.pem"}};
    const auto named = named_files(backend);
    ASSERT_EQ(named.size(), 1U);
    EXPECT_EQ(named[0].key, "telemetry.ca_file");
    EXPECT_TRUE(named[0].may_be_absent);
    ASSERT_OK(load_files(backend, {}));
    EXPECT_TRUE(holds(backend.telemetry.trouble, "/ca.pem does not exist"));
    EXPECT_TRUE(backend.telemetry.files.ca_pem.empty());
}

}  // namespace
}  // namespace bulkhead::worker
