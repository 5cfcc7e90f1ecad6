#include "worker/config/config.hpp"

#include "tests/worker/config/sources.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using test::parsed;

TEST(Config, AUrlIsAllThatMustBeSaid) {
    const auto config = parsed("backend: {url: https://b.example.com}");
    ASSERT_EQ(config.backends.size(), 1U);
    const auto& backend = config.backends[0];
    EXPECT_EQ(backend.name, "bulkhead");
    EXPECT_EQ(backend.dialect, "bulkhead");
    EXPECT_EQ(backend.url, "https://b.example.com");
    EXPECT_EQ(backend.heartbeat_interval, 60s);
    EXPECT_EQ(backend.timeout, 30s);
    EXPECT_EQ(backend.connect_timeout, 10s);
    EXPECT_FALSE(backend.allow_plaintext);
    EXPECT_EQ(config.log_level, sys::Level::info);
    EXPECT_TRUE(config.status_socket);
    EXPECT_EQ(config.spool.max_bytes, 2_GiB);
    EXPECT_EQ(config.jobs.max_running, 4U);
    EXPECT_EQ(config.jobs.poll_wait, 50s);
    EXPECT_EQ(config.findings.interval, 15min);
    EXPECT_TRUE(config.findings.tls_paths.empty()) << "all that policy names";
}

TEST(Config, EverySettingCanStandInTheFile) {
    const auto config = parsed(R"(
log_level: debug
status_socket: false
spool: {max_bytes: 64MiB}
jobs: {max_running: 2, poll_wait: 1m30s}
findings:
  interval: 1h
  tls_paths: [/a/*.pem, /b.crt]
  tls_warn_days: 20
  tls_critical_days: 3
backend:
  name: main
  dialect: bulkhead
  url: https://b.example.com:8443/prefix/
  heartbeat_interval: 15s
  ca_file: /etc/ca.pem
  pinned_key: sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
  client_certificate_file: /etc/c.pem
  client_key_file: /etc/c.key
  proxy: http://proxy:3128
  proxy_credential_file: /etc/proxy
  install_token: bit_x
  timeout: 5s
  connect_timeout: 1500ms
)");
    EXPECT_EQ(config.log_level, sys::Level::debug);
    EXPECT_FALSE(config.status_socket);
    EXPECT_EQ(config.spool.max_bytes, 64_MiB);
    EXPECT_EQ(config.jobs.poll_wait, 90s);
    EXPECT_EQ(config.findings.tls_paths, (std::vector<std::string>{"/a/*.pem", "/b.crt"}));
    const auto& backend = config.backends[0];
    EXPECT_EQ(backend.name, "main");
    EXPECT_EQ(backend.url, "https://b.example.com:8443/prefix");
    EXPECT_EQ(backend.heartbeat_interval, 15s);
    EXPECT_EQ(backend.install_token.reveal(), "bit_x");
    EXPECT_EQ(backend.connect_timeout, 1500ms);
    EXPECT_EQ(backend.proxy.url, "http://proxy:3128");
    EXPECT_EQ(backend.proxy_credential_file, "/etc/proxy");
}

TEST(Config, LinksOfContainersAreLeftOutUnlessTheOperatorWantsOthers) {
    const auto usual = parsed("backend: {url: https://b.example.com}");
    for (const auto* link : {"veth1a2b3c4", "docker0", "br-0123456789ab", "cali0a1", "tap100i0"}) {
        EXPECT_FALSE(usual.interfaces.keeps(link)) << link;
    }
    for (const auto* link :
         {"lo", "eth0", "enp3s0", "bond0", "br0", "br-lan", "wg0", "tun0", "tap0"}) {
        EXPECT_TRUE(usual.interfaces.keeps(link)) << link;
    }
    EXPECT_FALSE(usual.findings.mounts.keeps("/var/lib/docker/overlay2/1a2b/merged"));
    EXPECT_TRUE(usual.findings.mounts.keeps("/var/lib/docker/volumes")) << "a disk for data";
    EXPECT_TRUE(usual.findings.mounts.keeps("/var/lib/docker"));

    const auto chosen = parsed(R"(
interfaces:
  include: [eth*, veth1]
  exclude: []
mounts: {include: "/srv /data*", exclude: /data/old}
backend: {url: https://b.example.com}
)");
    EXPECT_TRUE(chosen.interfaces.keeps("veth1"));
    EXPECT_FALSE(chosen.interfaces.keeps("lo"));
    EXPECT_TRUE(chosen.findings.mounts.keeps("/data/new"));
    EXPECT_FALSE(chosen.findings.mounts.keeps("/data/old"));
    EXPECT_FALSE(chosen.findings.mounts.keeps("/var/lib/docker/volumes/a"));
}

TEST(Config, APatternWithABlankIsRefusedForItWouldBeTwo) {
    const auto wrong =
        test::problems("mounts: {exclude: [/a b]}\nbackend: {url: https://b.example.com}");
    EXPECT_NE(wrong.find("mounts.exclude: a pattern with a blank: write ? for it"),
              std::string::npos)
        << wrong;
}

TEST(Config, ACredentialIsLookedForWhereItCanBeReplacedUnlessOneIsGiven) {
    const auto file = [](const std::string& more) {
        return parsed("backend: {url: https://b.example.com, name: main, " + more + "}")
            .backends[0];
    };
    for (const auto* dialect :
         {"hyprbox", "lunasentri", "grapheon", "ravenxcope, options: {sensor_id: s}"}) {
        const auto backend = file("dialect: " + std::string(dialect));
        EXPECT_EQ(backend.credential_file, "/etc/bulkhead/tls/main.credential") << dialect;
        EXPECT_TRUE(backend.credential_file_optional) << dialect;
    }
    EXPECT_EQ(file("dialect: bulkhead").credential_file, "") << "it enrolls, and takes no other";
    EXPECT_EQ(file("dialect: aegisflux").credential_file, "") << "it has none";
    EXPECT_EQ(file("dialect: hyprbox, credential: x").credential_file, "");
    const auto named = file("dialect: hyprbox, credential_file: /etc/token");
    EXPECT_EQ(named.credential_file, "/etc/token");
    EXPECT_FALSE(named.credential_file_optional);
    EXPECT_TRUE(file("dialect: grapheon, credential_file: /etc/key").credential_file_optional)
        << "it may come once an administrator rotates the key";
}

TEST(Config, SeveralBackendsEachHaveTheirOwn) {
    const auto config = parsed(R"(
heartbeat_interval: 30s
backends:
  - url: https://a.example.com
    install_token_file: /etc/a
  - name: fleet
    dialect: hyprbox
    url: https://b.example.com
    credential: hbnt_x
    heartbeat_interval: 2m
    options: {node_id: n1, chunk_member: output}
)");
    ASSERT_EQ(config.backends.size(), 2U);
    EXPECT_EQ(config.backends[0].heartbeat_interval, 30s);
    EXPECT_TRUE(config.backends[0].options.empty());
    EXPECT_EQ(config.backends[1].name, "fleet");
    EXPECT_EQ(config.backends[1].heartbeat_interval, 2min);
    EXPECT_EQ(config.backends[1].options.at("node_id"), "n1");
    EXPECT_EQ(config.backends[1].options.at("chunk_member"), "output");
    EXPECT_EQ(config.backends[1].options.at("heartbeat_path"), "/api/nodes/heartbeat");
}

TEST(Config, ADialectBringsItsOwnDefaults) {
    const auto config = parsed("backend: {dialect: hyprbox}");
    EXPECT_EQ(config.backends[0].name, "hyprbox");
    EXPECT_EQ(config.backends[0].url, "http://localhost:4000");
    EXPECT_EQ(config.backends[0].heartbeat_interval, 5min);
}

TEST(Config, PlainHttpToOtherHostsMustBeAllowedOnce) {
    EXPECT_NE(test::problems("backend: {url: http://b.example.com}").find("allow_plaintext"),
              std::string::npos);
    EXPECT_TRUE(parsed("allow_plaintext: true\nbackend: {url: http://b.example.com}")
                    .backends[0]
                    .allow_plaintext);
    EXPECT_TRUE(parsed("backend: {url: http://b.example.com, allow_plaintext: true}")
                    .backends[0]
                    .allow_plaintext);
    EXPECT_FALSE(parsed("backend: {url: http://127.0.0.1:80}").backends[0].allow_plaintext);
}

TEST(Config, NamesFilesInTheDirectoryOfTheUnitsCredentials) {
    ConfigSources sources = test::from_file(
        "backend: {url: https://b, dialect: hyprbox, credential_file: "
        "$CREDENTIALS_DIRECTORY/main.token, "
        "ca_file: \"${CREDENTIALS_DIRECTORY}/main.pem\"}");
    EXPECT_EQ(test::problems(sources),
              "agent.yaml:1: credential_file: $CREDENTIALS_DIRECTORY is not set; give the unit a "
              "line LoadCredential= or SetCredentialEncrypted=\n"
              "agent.yaml:1: ca_file: $CREDENTIALS_DIRECTORY is not set; give the unit a "
              "line LoadCredential= or SetCredentialEncrypted=");
    sources.environment["CREDENTIALS_DIRECTORY"] = "/run/credentials/bulkhead.service";
    const auto config = parsed(sources);
    EXPECT_EQ(config.backends[0].credential_file, "/run/credentials/bulkhead.service/main.token");
    EXPECT_EQ(config.backends[0].ca_file, "/run/credentials/bulkhead.service/main.pem");
}

TEST(Config, HoldsAtMostSixteenBackends) {
    const auto with = [](int count) {
        std::string text = "backends:\n";
        for (int i = 0; i < count; ++i) {
            text += "  - {url: https://b, name: b" + std::to_string(i) + "}\n";
        }
        return text;
    };
    EXPECT_EQ(parsed(with(16)).backends.size(), 16U);
    EXPECT_EQ(test::problems(with(17)), "agent.yaml:1: backends: at most 16 backends");
}

TEST(Config, BecomesSettingsOfTheClient) {
    auto config = parsed(
        "backend: {url: https://b, proxy: http://p:1, timeout: 7s, "
        "pinned_key: sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=}");
    config.backends[0].ca_pem = "pem";
    const auto settings = http_settings(config.backends[0], "1.2.3");
    EXPECT_EQ(settings.base_url, "https://b");
    EXPECT_EQ(settings.user_agent, "bulkhead/1.2.3");
    EXPECT_EQ(settings.ca_pem, "pem");
    EXPECT_EQ(settings.proxy.url, "http://p:1");
    EXPECT_FALSE(settings.proxy.https_only);
    EXPECT_EQ(settings.timeout, 7s);
    EXPECT_TRUE(settings.pinned_key.starts_with("sha256//"));
    EXPECT_FALSE(settings.allow_plaintext);
}

}  // namespace
}  // namespace bulkhead::worker
