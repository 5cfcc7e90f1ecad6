// TestClient: sends the requests of the tests of the reference backend.
#pragma once

#include <gtest/gtest.h>
#include <httplib.h>

#include "tests/backend/reference_backend.hpp"

namespace bulkhead::reference {

using namespace std::chrono_literals;
using nlohmann::json;

struct Reply {
    int status = 0;  // 0: no answer
    json body;
    httplib::Headers headers;
};

class TestClient {
  public:
    explicit TestClient(const ReferenceBackend& backend) : client_(backend.url()) {
        if (!backend.ca_file().empty()) client_.set_ca_cert_path(backend.ca_file());
        client_.set_keep_alive(true);
        client_.set_tcp_nodelay(true);
        client_.set_read_timeout(60s);
    }

    void set_bearer(const std::string& token) { bearer_ = token; }
    httplib::Client& raw() { return client_; }

    Reply get(const std::string& path) { return reply(client_.Get(path, headers())); }

    Reply post(const std::string& path, const json& body) {
        return reply(client_.Post(path, headers(), body.dump(), "application/json"));
    }

    Reply post(const std::string& path, const std::string& octets, httplib::Headers more) {
        for (const auto& header : headers()) more.insert(header);
        return reply(client_.Post(path, more, octets, "application/json"));
    }

    Reply put(const std::string& path, const std::string& octets, httplib::Headers more = {}) {
        for (const auto& header : headers()) more.insert(header);
        return reply(client_.Put(path, more, octets, "application/octet-stream"));
    }

  private:
    [[nodiscard]] httplib::Headers headers() const {
        if (bearer_.empty()) return {};
        return {{"Authorization", "Bearer " + bearer_}};
    }

    static Reply reply(const httplib::Result& result) {
        if (!result) return {};
        return {result->status, json::parse(result->body, nullptr, false), result->headers};
    }

    httplib::Client client_;
    std::string bearer_;
};

inline json system_of_an_agent() {
    return {{"os", "Debian"},
            {"os_version", "12"},
            {"kernel", "6.1"},
            {"architecture", "x86_64"},
            {"cpu_count", 2},
            {"memory_total_bytes", 1 << 30},
            {"boot_time", "2026-01-31T23:59:59Z"}};
}

inline json enrolment_of(const std::string& host, const std::string& token) {
    return {{"install_token", token},
            {"host_id", "id-of-" + host},
            {"hostname", host},
            {"agent_version", "0.1.0"},
            {"system", system_of_an_agent()}};
}

inline json heartbeat_of(const std::string& agent, const std::string& host, int sequence) {
    return {{"agent_id", agent},
            {"sequence", sequence},
            {"sent_at", "2026-01-31T23:59:59.25Z"},
            {"agent_version", "0.1.0"},
            {"host_id", "id-of-" + host},
            {"policy_digest", std::string(64, 'a')},
            {"confinement", {{"landlock_abi", 2}, {"missing", json::array()}}},
            {"metrics",
             {{"cpu_percent", 4.125},
              {"memory",
               {{"total_bytes", 100},
                {"used_bytes", 12},
                {"available_bytes", 88},
                {"used_percent", 12.3}}},
              {"swap", {{"total_bytes", 0}, {"used_bytes", 0}}},
              {"disk",
               {{"path", "/"},
                {"total_bytes", 100},
                {"used_bytes", 40},
                {"used_percent", 40},
                {"inodes_used_percent", 3.5}}},
              {"load", {0.1, 0.2, 0.3}},
              {"uptime_seconds", 1000.5},
              {"interfaces", json::array()}}},
            {"jobs", {{"running", json::array()}, {"unreported", 0}}}};
}

inline json result_of(const std::string& outcome, int exit_code) {
    const json stream{{"bytes", 0}, {"sha256", std::string(64, '0')}, {"dropped", 0}};
    return {{"outcome", outcome}, {"exit_code", exit_code},
            {"signal", nullptr},  {"reason", "ok"},
            {"detail", ""},       {"rule", "r"},
            {"wall_ms", 12},      {"cpu_ms", 3},
            {"max_rss_bytes", 1}, {"oom_killed", false},
            {"stdout", stream},   {"stderr", stream}};
}

/// A fixture with a running backend and one enrolled agent, "web-01".
class EnrolledAgent : public testing::Test {
  protected:
    explicit EnrolledAgent(ReferenceBackend::Options options = with_token({}))
        : backend_(std::move(options)) {}

    static ReferenceBackend::Options with_token(ReferenceBackend::Options options) {
        options.install_tokens = {"token"};
        return options;
    }

    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        client_ = std::make_unique<TestClient>(backend_);
        const auto reply = client_->post("/v1/enroll", enrolment_of("web-01", "token"));
        ASSERT_EQ(reply.status, 200);
        agent_ = reply.body["agent_id"];
        client_->set_bearer(reply.body["credential"]);
    }

    /// Queues a script, fetches it as the agent does, and returns its id.
    std::string take_a_job() {
        const auto id = backend_.queue_job({.target = "web-01", .script = "true\n"});
        const auto reply = client_->get("/v1/jobs/next?wait=10");
        EXPECT_EQ(reply.body["job"]["id"], *id);
        return *id;
    }

    ReferenceBackend backend_;
    std::unique_ptr<TestClient> client_;
    std::string agent_;
};

}  // namespace bulkhead::reference
