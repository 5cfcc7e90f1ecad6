#include "worker/config/sealed_settings.hpp"

#include <sys/mman.h>

#include "common/protocol/requests.hpp"
#include "tests/support/ok.hpp"
#include "tests/worker/config/sources.hpp"

namespace bulkhead::worker {
namespace {

constexpr const char* kTwo =
    "log_level: debug\n"
    "status_socket: false\n"
    "jobs:\n  max_running: 7\n"
    "interfaces: {include: [e*], exclude: [eth9]}\nmounts: {include: [/a], exclude: [/b, /c]}\n"
    "findings:\n  tls_paths: [/a/*.pem, /b]\n"
    "backends:\n"
    "  - name: one\n"
    "    dialect: grapheon\n"
    "    url: https://one.test\n"
    "    install_token: secret-of-one\n"
    "    credential_file: /etc/bulkhead/tls/one\n"
    "    timeout: 2500ms\n"
    "    options:\n      timer_interval: 900s\n"
    "    telemetry: {url: \"tls://n\", interval: 7s, heartbeats: true, token_file: /t}\n"
    "  - name: two\n"
    "    dialect: hyprbox\n"
    "    url: https://two.test\n"
    "    credential: secret-of-two\n";

std::string text_of(const sys::Fd& sealed) { return sys::read_from_start(sealed, 1 << 20).value(); }
sys::Fd sealed(std::string_view text) { return *sys::sealed_memfd("settings", as_bytes(text)); }

class SealedSettings : public testing::Test {
  protected:
    static Config config_of_two() {
        auto sources = test::from_file(kTwo);
        sources.environment = {{"HTTPS_PROXY", "bob:p%40ss@p:1"}, {"NO_PROXY", "a,b"}};
        return test::parsed(sources);
    }
    Config config_ = config_of_two();
    std::string whole_ = text_of(*seal_settings(config_, config_.backends[0]));

    std::string refused(const std::string& text) {
        const auto read = read_settings(sealed(text));
        return read ? "" : read.error().what;
    }
};

TEST_F(SealedSettings, AreTheOnesThatWereHandedOver) {
    const auto read = read_settings(sealed(whole_));
    ASSERT_OK(read);
    EXPECT_EQ(read->log_level, sys::Level::debug);
    EXPECT_FALSE(read->status_socket);
    EXPECT_EQ(read->jobs.max_running, 7U);
    EXPECT_EQ(read->jobs.poll_wait, config_.jobs.poll_wait);
    EXPECT_EQ(read->spool.max_bytes, config_.spool.max_bytes);
    EXPECT_EQ(read->findings.tls_paths, (std::vector<std::string>{"/a/*.pem", "/b"}));
    EXPECT_EQ(read->interfaces.include, std::vector<std::string>{"e*"});
    EXPECT_EQ(read->interfaces.exclude, std::vector<std::string>{"eth9"});
    EXPECT_EQ(read->findings.mounts.include, std::vector<std::string>{"/a"});
    EXPECT_EQ(read->findings.mounts.exclude, (std::vector<std::string>{"/b", "/c"}));
    ASSERT_EQ(read->backends.size(), 1U);
    const auto& one = read->backends[0];
    EXPECT_EQ(one.name, "one");
    EXPECT_EQ(one.url, "https://one.test");
    EXPECT_EQ(one.install_token.reveal(), "secret-of-one");
    EXPECT_EQ(one.install_token_origin, "agent.yaml:13: install_token");
    EXPECT_EQ(one.proxy.url, "http://p:1");
    EXPECT_EQ(one.proxy.login.reveal(), "bob:p%40ss");
    EXPECT_TRUE(one.proxy.https_only);
    EXPECT_EQ(one.proxy.exceptions, "a,b");
    EXPECT_EQ(one.timeout, std::chrono::milliseconds(2'500));
    EXPECT_TRUE(one.credential_file_optional);
    EXPECT_EQ(one.options, config_.backends[0].options);
    EXPECT_EQ(text_of(*seal_settings(*read, one)), whole_) << "nothing is lost on the way";
    EXPECT_EQ(read->backends[0].telemetry.url, "tls://n");
    EXPECT_EQ(read->backends[0].telemetry.interval, std::chrono::seconds(7));
    EXPECT_TRUE(read->backends[0].telemetry.heartbeats);
    EXPECT_EQ(read->backends[0].telemetry.token_file, "/t");
    EXPECT_EQ(read->backends[0].telemetry.subject, "agent.telemetry");
}

TEST_F(SealedSettings, HoldNothingOfAnotherBackend) {
    EXPECT_EQ(whole_.find("two"), whole_.npos) << whole_;
    EXPECT_EQ(whole_.find("hyprbox"), whole_.npos);
}

TEST_F(SealedSettings, OfAnotherFormAreRefused) {
    auto more = whole_;
    more.insert(1, "\"another\":1,");
    EXPECT_EQ(refused(more), "settings: an unknown member");
    auto less = whole_;
    less.replace(less.find("\"timeout\""), 9, "\"timeouts\"");
    EXPECT_EQ(refused(less), "settings: timeout: missing");
    auto odd = whole_;
    odd.replace(odd.find("\"jobs.max_running\":7"), 20, "\"jobs.max_running\":-");
    EXPECT_NE(refused(odd), "");
    odd = whole_;
    odd.replace(odd.find("\"log_level\":0"), 13, "\"log_level\":9");
    EXPECT_EQ(refused(odd), "settings: log_level: not in 0..3");
    odd = whole_;
    odd.replace(odd.find("900s"), 4, "900x");
    EXPECT_TRUE(refused(odd).starts_with("settings: option timer_interval: ")) << refused(odd);
    odd = whole_;
    odd.replace(odd.find("grapheon"), 8, "graph-on");
    EXPECT_EQ(refused(odd), "settings: unknown dialect graph-on");
    EXPECT_NE(refused(""), "");
    EXPECT_NE(refused(std::string(protocol::kMaxSettings + 1, ' ')), "");
}

TEST_F(SealedSettings, ThatAreNotSealedAreRefused) {
    const sys::Fd open(::memfd_create("settings", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_TRUE(sys::write_all(open, as_bytes(whole_)));
    EXPECT_FALSE(read_settings(open)) << "somebody could still change them";
}

TEST_F(SealedSettings, ThatAreTooMuchForTheBrokerAreNotSealed) {
    config_.findings.tls_paths.assign(2, "/" + std::string(40'000, 'x'));
    const auto made = seal_settings(config_, config_.backends[0]);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().what, "backend one: its settings are more than 64 KiB");
}

TEST_F(SealedSettings, ThatNoJsonCanCarryAreNotChangedOnTheWay) {
    config_.backends[0].ca_file = "/etc/\xff";
    const auto made = seal_settings(config_, config_.backends[0]);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().what, "backend one: ca_file: not UTF-8");
}

}  // namespace
}  // namespace bulkhead::worker
