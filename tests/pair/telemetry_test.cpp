// Telemetry of a running agent, its worker behind all its walls, at a real nats-server.
#include <sys/stat.h>

#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"
#include "tests/worker/backend/nats/nats_keys.hpp"
#include "tests/worker/backend/nats/nats_server.hpp"

namespace bulkhead::test {
namespace {

using reference::CertificateAuthority;
using worker::test::NatsKey;
using worker::test::NatsRole;
using worker::test::NatsServer;

class Telemetry : public Pair {
  protected:
    void SetUp() override {
        if (NatsServer::program().empty()) GTEST_SKIP() << "nats-server is not installed";
        Pair::SetUp();
        if (IsSkipped()) return;
        ASSERT_EQ(::mkdir((place() / "keys").c_str(), 0755), 0);
        place().let_backends_have(place() / "keys", "bulkhead");
        const auto ca = CertificateAuthority::create("tests");
        ASSERT_TRUE(ca);
        ASSERT_TRUE(ca->write_certificate(place() / "keys/nats-ca.pem"));
        ASSERT_TRUE(ca->issue(CertificateAuthority::Use::server, CertificateAuthority::Flaw::none,
                              place() / "nats.pem", place() / "nats.key"));
        put_seed(key_.seed());
        server_.emplace("tls { cert_file: \"" + (place() / "nats.pem") + "\", key_file: \"" +
                        (place() / "nats.key") + "\" }\nauthorization { users: [ { nkey: " +
                        key_.public_key() + ", permissions: { publish: \"t.>\" } } ] }");
        ASSERT_TRUE(server_->start());
        place().write("agent.yaml", configuration());
    }
    std::string configuration() override {
        auto text = Pair::configuration();
        if (!server_) return text;
        text.insert(text.find("heartbeat_interval"),
                    "  telemetry:\n    url: " + server_->at("tls", "localhost") +
                        "\n    subject: t.{host_id}\n"
                        "    nkey_seed_file: " +
                        (place() / "keys/nats.seed") +
                        "\n    ca_file: " + (place() / "keys/nats-ca.pem") +
                        "\n    interval: 1s\n"
                        "    heartbeats: true\n"
                        "    job_events: true\n");
        return text;
    }
    void put_seed(const std::string& seed) {
        place().write("keys/new", seed + "\n");
        ASSERT_EQ(::chmod((place() / "keys/new").c_str(), 0600), 0);
        ASSERT_EQ(::rename((place() / "keys/new").c_str(), (place() / "keys/nats.seed").c_str()),
                  0);
    }
    void let_worker_connect() {
        for (const char* address : {"127.0.0.1", "::1"}) {
            place().append("policy/profiles/worker.profile",
                           "connect " + std::string(address) + " " +
                               std::to_string(server_->port()) + "  # NATS\n");
        }
    }
    bool hears(const std::string& text, std::size_t times = 1) {
        return eventually([&] { return server_->logged(text) >= times; }, kPatience);
    }

    NatsKey key_{NatsRole::user};
    std::optional<NatsServer> server_;
};

TEST_F(Telemetry, OfHeartbeatsAndJobsArrivesFromBehindAllWalls) {
    let_worker_connect();
    const PinnedJob job{.name = "hello", .script = "echo hello; exit 3"};
    pin(job);
    start_enrolled();
    EXPECT_TRUE(wait_for_log("telemetry-connected"));
    EXPECT_TRUE(hears("\"type\":\"heartbeat\"", 2));
    const auto result = run_job({.script = job.script});
    EXPECT_EQ(result["exit_code"], 3);
    EXPECT_TRUE(hears("\"event\":\"started\""));
    EXPECT_TRUE(
        hears("\"event\":\"ended\",\"outcome\":\"finished\",\"reason\":\"ok\",\"exit_code\":3"));
    EXPECT_EQ(run_job({.script = "echo other"})["outcome"], "refused");
    EXPECT_TRUE(hears("\"event\":\"refused\""));
    EXPECT_TRUE(wait_for_status("\"connected\":true,\"tls\":true"));
    const auto worker = worker_pid();
    for (const char* name : {"Threads", "RssAnon", "VmRSS"}) {
        std::printf("worker with telemetry: %s %s\n", name, status_of(worker, name).c_str());
    }
    EXPECT_EQ(status_of(worker, "Threads"), "1") << "the resolver's threads have ended";
    // A server that was away, under load of jobs, is used again.
    server_->stop();
    EXPECT_TRUE(wait_for_log("telemetry-failed"));
    EXPECT_TRUE(wait_for_status("telemetry-failing"));
    ASSERT_TRUE(server_->start());
    EXPECT_TRUE(wait_for_log("telemetry-connected", 2));
}

TEST_F(Telemetry, AtAPortThatPolicyDoesNotNameIsSaidWithTheLineToAdd) {
    start_enrolled();
    EXPECT_TRUE(wait_for_log("backend-port-closed"));
    EXPECT_TRUE(wait_for_log("connect 127.0.0.1 " + std::to_string(server_->port())));
    EXPECT_TRUE(wait_for_status("telemetry-failing"));
    EXPECT_EQ(server_->logged("CONNECT"), 0U);
}

TEST_F(Telemetry, WithASeedThatIsGoneTakesTheBackendNothingAndTakesUpTheNextOne) {
    let_worker_connect();
    place().remove("keys/nats.seed");
    const PinnedJob job{.name = "hello", .script = "echo hello"};
    pin(job);
    start_enrolled();
    EXPECT_TRUE(wait_for_log("nats.seed does not exist"));
    EXPECT_EQ(run_job({.script = job.script})["reason"], "ok");
    put_seed(key_.seed());
    EXPECT_TRUE(wait_for_log("telemetry-connected"));
    EXPECT_TRUE(hears("\"type\":\"heartbeat\""));
}

// What telemetry costs is the difference.
TEST_F(Telemetry, WithoutItThereIsNoneOfIt) {
    place().write("agent.yaml", Pair::configuration());
    start_enrolled();
    ASSERT_TRUE(wait_for_heartbeats(3));
    const auto worker = worker_pid();
    for (const char* name : {"Threads", "RssAnon", "VmRSS"}) {
        std::printf("worker without telemetry: %s %s\n", name, status_of(worker, name).c_str());
    }
    EXPECT_EQ(status().find("telemetry"), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::test
