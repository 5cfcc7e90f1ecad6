// Tests that the reference backend refuses what the real LunaSentri refuses.
#include "tests/backend/test_client.hpp"

namespace bulkhead::reference {
namespace {

constexpr auto kGood = R"({"cpu_pct":1,"mem_used_pct":2.5,"disk_used_pct":3})";

class Lunasentri : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        client_.emplace(backend_.url());
        client_->set_ca_cert_path(backend_.ca_file());
    }
    struct Said {
        int status = 0;
        std::string body;
        bool operator==(const Said&) const = default;
    };
    Said post(const std::string& body, httplib::Headers headers = {{"Authorization", "Bearer key"}},
              const std::string& path = "/agent/metrics") {
        const auto reply = client_->Post(path, headers, body, "application/json");
        return reply ? Said{reply->status, reply->body} : Said{};
    }
    int status(const std::string& body) { return post(body).status; }

    ReferenceBackend backend_{{.api_keys = {{"key", "web-01"}}, .only = "lunasentri"}};
    std::optional<httplib::Client> client_;
};

TEST_F(Lunasentri, TakesAReportWithAnEmpty202) {
    EXPECT_EQ(post(kGood), (Said{202, ""}));
    EXPECT_EQ(backend_.heartbeats().back().who, "web-01");
    EXPECT_EQ(status(R"({"CPU_PCT":1,"unknown":[]} and whatever follows)"), 202);
    EXPECT_EQ(status(R"({"cpu_pct":1e1,"system_info":{"hostname":"a\u0000\u00e4"}})"), 202);
}

TEST_F(Lunasentri, ComparesTheBearerExactlyAndLetsTheOtherHeaderWin) {
    const Said none{401, "Unauthorized: API key required\n"};
    const Said wrong{401, "Unauthorized: invalid API key\n"};
    EXPECT_EQ(post(kGood, {}), none);
    EXPECT_EQ(post(kGood, {{"Authorization", "bearer key"}}), none);
    EXPECT_EQ(post(kGood, {{"Authorization", "Bearer other"}}), wrong);
    EXPECT_EQ(post(kGood, {{"X-API-Key", "key"}}), (Said{202, ""}));
    EXPECT_EQ(post(kGood, {{"X-API-Key", "other"}, {"Authorization", "Bearer key"}}), wrong);
}

TEST_F(Lunasentri, DoesNotTellADisabledMachineFromAWrongKey) {
    backend_.enable_machine("web-01", false);
    EXPECT_EQ(post(kGood), (Said{401, "Unauthorized: invalid API key\n"}));
    backend_.enable_machine("web-01", true);
    EXPECT_EQ(status(kGood), 202);
}

TEST_F(Lunasentri, RefusesWhatIsOutOfRangeOrOfAnotherType) {
    EXPECT_EQ(post(R"({"cpu_pct":100.1})"),
              (Said{400, R"({"error":"cpu_pct must be between 0 and 100"})"}));
    EXPECT_EQ(status(R"({"mem_used_pct":-1})"), 400);
    const Said bad{400, "Invalid request body\n"};
    for (const auto* body :
         {"", "no JSON", "[]", R"({"cpu_pct":"1"})", R"({"net_rx_bytes":1.5})",
          R"({"net_rx_bytes":1e3})", R"({"net_rx_bytes":4.0})",
          R"({"net_rx_bytes":9223372036854775808})", R"({"system_info":{"cpu_cores":2.0}})",
          R"({"system_info":{"hostname":7}})", R"({"timestamp":"yesterday"})"}) {
        EXPECT_EQ(post(body), bad) << body;
    }
    EXPECT_EQ(status(R"({"net_rx_bytes":9223372036854775807})"), 202);
}

TEST_F(Lunasentri, RefusesCompressedBodiesAndOtherMethods) {
    const httplib::Headers gzip{{"Authorization", "Bearer key"}, {"Content-Encoding", "gzip"}};
    EXPECT_EQ(post(kGood, gzip).status, 400);
    const auto reply = client_->Get("/agent/metrics", {{"Authorization", "Bearer key"}});
    EXPECT_EQ(reply->status, 405);
}

TEST_F(Lunasentri, Answers200ToPathsItDoesNotKnowAnd301ToDoubledSlashes) {
    const httplib::Headers key{{"Authorization", "Bearer key"}};
    EXPECT_EQ(post(kGood, key, "/agent/metrics/"), (Said{200, "LunaSentri API - Coming Soon"}));
    EXPECT_EQ(post(kGood, key, "/anything").status, 200);
    EXPECT_EQ(post(kGood, key, "//agent/metrics").status, 301);
    EXPECT_EQ(client_->Get("/health")->body, R"({"status":"healthy"})");
    EXPECT_TRUE(backend_.heartbeats().empty());
}

TEST_F(Lunasentri, KeepsWhatAnEarlierReportSaidOfTheMachine) {
    post(R"({"system_info":{"hostname":"a","cpu_cores":2}})");
    post(R"({"system_info":{"hostname":"b","cpu_cores":null}})");
    const auto system = backend_.read([](const State& s) { return s.machines.at("key").system; });
    EXPECT_EQ(system, (json{{"hostname", "b"}, {"cpu_cores", 2}}));
}

TEST_F(Lunasentri, SaysSoWhenItsDatabaseFails) {
    backend_.break_storage(true);
    EXPECT_EQ(post(kGood), (Said{500, "Failed to record metrics\n"}));
}

}  // namespace
}  // namespace bulkhead::reference
