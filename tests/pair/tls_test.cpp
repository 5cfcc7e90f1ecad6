// Whom the confined worker trusts and what it shows of itself: client certificates that are
// replaced while it runs, a pinned key, proxies.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/pair/pair.hpp"
#include "tests/support/connect_proxy.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

class MutualTls : public Pair {
  protected:
    MutualTls() : Pair({.client_certificates = true}) {}

    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped()) return;
        ASSERT_TRUE(stranger_.start());  // for a certificate that the backend does not accept
        ASSERT_EQ(::mkdir((place() / "tls").c_str(), 0755), 0);
        place().let_backends_have(place() / "tls", "bulkhead");
        // Where its files lie is known only now.
        place().write("agent.yaml", "backend:\n  url: " + backend().url() +
                                        "\n  ca_file: " + backend().ca_file() +
                                        "\n  install_token: token\n  client_certificate_file: " +
                                        (place() / "tls/client.pem") +
                                        "\n  client_key_file: " + (place() / "tls/client.key") +
                                        "\nheartbeat_interval: 1s\n");
    }
    // The file as it is, with other bytes in it.
    void overwrite(const std::string& name, const std::string& source) {
        place().write("tls/" + name, content_of(source));
        ASSERT_EQ(::chmod((place() / ("tls/" + name)).c_str(), 0600), 0);
    }
    // Another file under its name.
    void rename_over(const std::string& name, const std::string& source) {
        overwrite(name + ".new", source);
        fs::rename(place() / ("tls/" + name + ".new"), place() / ("tls/" + name));
    }
    reference::ReferenceBackend stranger_{{.client_certificates = true}};
};

TEST_F(MutualTls, ACertificateThatIsReplacedOnDiskIsShownWithoutARestart) {
    overwrite("client.pem", stranger_.client_certificate_file());
    overwrite("client.key", stranger_.client_key_file());
    start();
    ASSERT_TRUE(wait_for_log("\"event\":\"enroll-failed\""));
    EXPECT_TRUE(heartbeats().empty());
    const auto first = worker_pid();
    // Renewed by rename, key first: until the certificate is there the two do not match.
    rename_over("client.key", backend().client_key_file());
    rename_over("client.pem", backend().client_certificate_file());
    ASSERT_TRUE(wait_for_heartbeats(2));
    // Overwritten, in the other order, with one that the backend does not accept.
    overwrite("client.pem", stranger_.client_certificate_file());
    overwrite("client.key", stranger_.client_key_file());
    reload();  // else it would be some minutes, for nothing fails yet
    ASSERT_TRUE(wait_for_log("\"event\":\"files-reloaded\"", 2));
    ASSERT_TRUE(wait_for_log("\"event\":\"heartbeat-failed\",\"backend\""));
    const auto refused_at = heartbeats().size();
    overwrite("client.pem", backend().client_certificate_file());
    overwrite("client.key", backend().client_key_file());
    ASSERT_TRUE(wait_for_log("\"event\":\"files-reloaded\"", 3));
    ASSERT_TRUE(wait_for_log("heartbeat-again"));
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_GE(heartbeats().size(), refused_at);
    EXPECT_EQ(worker_pid(), first) << "without a restart";
    EXPECT_EQ(log().find("PRIVATE KEY"), std::string::npos);
}

TEST_F(MutualTls, WithoutACertificateNothingIsSaid) {
    place().write("agent.yaml", Pair::configuration());
    start();
    ASSERT_TRUE(wait_for_log("\"event\":\"enroll-failed\""));
    EXPECT_TRUE(backend().requests().empty());
}

class Pinned : public Pair {
  protected:
    void pin_to(const std::string& key) {
        auto text = configuration();
        text.insert(text.find("  install_token"), "  pinned_key: " + key + "\n");
        place().write("agent.yaml", text);
    }
};

TEST_F(Pinned, TheServersKeyHasToBeTheOneThatIsPinned) {
    pin_to("sha256//" + std::string(43, 'A') + "=");
    EXPECT_EQ(run_to_end({"--once"}), 1);
    EXPECT_TRUE(backend().requests().empty());
    pin_to(backend().pin());
    EXPECT_EQ(run_to_end({"--once"}), 0);
    EXPECT_FALSE(heartbeats().empty());
}

class Proxied : public Pair {
  protected:
    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped()) return;
        place().append("policy/profiles/worker.profile",
                       "connect 127.0.0.1 " + std::to_string(proxy_.port()) + "  # the proxy\n");
    }
    ConnectProxy proxy_;
};

TEST_F(Proxied, TheEnvironmentsIsUsedUnlessItNamesAnException) {
    start({"--once"}, {{"HTTPS_PROXY", proxy_.url()}});
    EXPECT_EQ(stop(0), 0);
    const auto through = proxy_.connections();
    EXPECT_GE(through, 1);
    EXPECT_EQ(heartbeats().size(), 1U);
    start({"--once"}, {{"HTTPS_PROXY", proxy_.url()}, {"NO_PROXY", "localhost,127.0.0.1"}});
    EXPECT_EQ(stop(0), 0);
    EXPECT_EQ(proxy_.connections(), through);
    EXPECT_EQ(heartbeats().size(), 2U);
}

TEST_F(Proxied, OnlyTheProxysPortHasToStandInPolicy) {
    auto rows = place().read("policy/profiles/worker.profile");
    const auto row =
        "connect 127.0.0.1 " + std::to_string(backend().port()) + "  # the reference backend";
    ASSERT_NE(rows.find(row), rows.npos);
    place().write("policy/profiles/worker.profile", rows.erase(rows.find(row), row.size()));
    start({"--once"}, {{"HTTPS_PROXY", proxy_.url()}});
    EXPECT_EQ(stop(0), 0);
    EXPECT_EQ(run_to_end({"--once", "--proxy", proxy_.url()}), 0);
    EXPECT_EQ(heartbeats().size(), 2U);
    EXPECT_EQ(run_to_end({"--once"}), 1) << "and without it the backend's";
    EXPECT_TRUE(wait_for_log("add a line by profiles/worker.profile.d/NAME.lines"));
}

TEST_F(Proxied, TheConfigurationsIsUsed) {
    EXPECT_EQ(run_to_end({"--once", "--proxy", proxy_.url()}), 0);
    EXPECT_GE(proxy_.connections(), 1);
    EXPECT_EQ(heartbeats().size(), 1U);
}

// To any port that policy does not list: neither a proxy's nor a backend's.
TEST_F(Proxied, OneOnAPortThatPolicyDoesNotListIsNamedAtTheStart) {
    EXPECT_EQ(run_to_end({"--once", "--proxy", "http://127.0.0.1:1"}), 1);
    EXPECT_TRUE(wait_for_log("connect 127.0.0.1 1"));
    EXPECT_TRUE(backend().requests().empty());
}

}  // namespace
}  // namespace bulkhead::test
