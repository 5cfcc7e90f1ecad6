#include "tests/backend/test_client.hpp"

namespace bulkhead::reference {
namespace {

class Aegisflux : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        client_ = std::make_unique<TestClient>(backend_);
    }
    static json init_body() {
        return {{"org_id", "default"},
                {"host_id", "h1"},
                {"agent_pubkey", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
                {"machine_id_hash", "sha256:00"},
                {"agent_version", "0.1.0"},
                {"capabilities", json::object()},
                {"platform", json::object()},
                {"network", json::object()}};
    }
    std::pair<int, std::string> text_of(const std::string& path, const json& body) {
        const auto result = client_->raw().Post(path, body.dump(), "application/json");
        return result ? std::pair(result->status, result->body) : std::pair(0, std::string());
    }

    ReferenceBackend backend_{{.tls = false}};
    std::unique_ptr<TestClient> client_;
};

TEST_F(Aegisflux, AssignmentsComeInTheShapeOfTheServer) {
    const auto list = [this] { return client_->get("/artifacts/for-host/h1").body; };
    EXPECT_EQ(list(), (json{{"artifacts", json::array()}, {"total", 0}}));
    backend_.assign_artifacts(ArtifactShape::array, json::array());
    EXPECT_EQ(list(), json());
    const auto one = json::array({{{"artifact_id", "a1"}}});
    backend_.assign_artifacts(ArtifactShape::array, one);
    EXPECT_EQ(list(), one);
    backend_.assign_artifacts(ArtifactShape::ids, json::array({{{"id", "a1"}}}));
    EXPECT_EQ(list()["artifacts"][0]["id"], "a1");
}

TEST_F(Aegisflux, AnApprovalAloneAssignsNothing) {
    const auto total = [this] { return client_->get("/artifacts/for-host/h1").body["total"]; };
    backend_.put_approval("a1", "bulkhead-artifact v1\n");
    EXPECT_EQ(total(), 0);
    backend_.put_artifact("a1", "octets");
    EXPECT_EQ(total(), 1);
}

TEST_F(Aegisflux, ABadKeyIsRefusedInPlainText) {
    EXPECT_EQ(client_->post("/agents/register/init", init_body()).status, 200);
    for (const auto* key :
         {"", "AAAA", "not base64", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
        auto body = init_body();
        body["agent_pubkey"] = key;
        EXPECT_EQ(text_of("/agents/register/init", body),
                  std::pair(400, std::string("bad pubkey\n")));
    }
}

TEST_F(Aegisflux, AFalseSignatureLeavesTheRegistrationOpen) {
    const auto begun = client_->post("/agents/register/init", init_body()).body;
    json body{{"registration_id", begun["registration_id"]},
              {"host_id", "h1"},
              {"signature", std::string(86, 'x') + "=="}};
    const auto complete = [&] { return text_of("/agents/register/complete", body); };
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(complete(), std::pair(401, std::string("signature verify failed\n")));
    }
    body["signature"] = "?";
    EXPECT_EQ(complete(), std::pair(400, std::string("bad signature\n")));
    backend_.forget_registrations();
    EXPECT_EQ(complete(), std::pair(404, std::string("unknown registration\n")));
}

}  // namespace
}  // namespace bulkhead::reference
