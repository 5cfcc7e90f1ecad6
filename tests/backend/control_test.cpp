#include <future>

#include "tests/backend/test_client.hpp"

namespace bulkhead::reference {
namespace {

class Control : public EnrolledAgent {
  protected:
    Control() : EnrolledAgent(with_token({.control = true})) {}

    void SetUp() override {
        EnrolledAgent::SetUp();
        control_ = std::make_unique<httplib::Client>(backend_.control_url());
    }

    Reply post(const std::string& path, const json& body) {
        return reply(control_->Post(path, body.dump(), "application/json"));
    }
    Reply get(const std::string& path) { return reply(control_->Get(path)); }

    static Reply reply(const httplib::Result& result) {
        if (!result) return {};
        return {result->status, json::parse(result->body, nullptr, false), result->headers};
    }

    std::unique_ptr<httplib::Client> control_;
};

TEST_F(Control, AQueuedJobReachesItsHostAndCanBeLookedAt) {
    const auto queued = post("/control/jobs", {{"host", "web-01"}, {"script", "echo hi\n"}});
    ASSERT_EQ(queued.status, 200);
    const auto id = queued.body["id"].get<std::string>();
    EXPECT_EQ(client_->get("/v1/jobs/next").body["job"]["script"], "echo hi\n");
    client_->put("/v1/jobs/" + id + "/output/stdout?offset=0", "hi\n\xff");
    const auto job = get("/control/jobs/" + id).body;
    EXPECT_EQ(job["state"], "running");
    EXPECT_EQ(job["stdout"]["bytes"], 4);
    EXPECT_EQ(job["stdout"]["text"], "hi\n\uFFFD");
    EXPECT_EQ(control_->Get("/control/jobs/" + id + "/output/stdout")->body, "hi\n\xff");
    EXPECT_EQ(get("/control/jobs").body.size(), 1U);
}

TEST_F(Control, ANodeMeansHyprbox) {
    post("/control/jobs", {{"node", "node-1"}, {"script", "x"}, {"id", "mine"}});
    EXPECT_EQ(backend_.job("mine")->dialect, "hyprbox");
}

TEST_F(Control, AScriptIsQueuedAsItIs) {
    const auto queued =
        control_->Post("/control/scripts?host=web-01", "echo \"hi\"\n", "application/octet-stream");
    ASSERT_TRUE(queued);
    EXPECT_EQ(queued->status, 200);
    EXPECT_EQ(get("/control/jobs").body.size(), 1U);
    EXPECT_EQ(control_->Post("/control/scripts?host=web-01", "", "text/plain")->status, 400);
}

TEST_F(Control, AJobThatCannotBeIsRefusedWithTheReason) {
    const auto complaint = [&](const json& body) {
        const auto refused = post("/control/jobs", body);
        EXPECT_EQ(refused.status, 400);
        return refused.body["error"]["message"].get<std::string>();
    };
    EXPECT_EQ(complaint({{"host", "a"}}), "a job needs a script or a catalogue name");
    EXPECT_EQ(complaint({{"script", "x"}, {"dialect", "klingon"}}), "dialect: is not known");
    EXPECT_EQ(complaint({{"script", 1}}), "script: must be a text");
    EXPECT_EQ(complaint({{"scirpt", "x"}}), "scirpt: is not known here");
    post("/control/jobs", {{"script", "x"}, {"id", "one"}});
    EXPECT_EQ(complaint({{"script", "x"}, {"id", "one"}}), "id: there is such a job already");
}

TEST_F(Control, AScriptCanWaitForAResult) {
    const auto id = take_a_job();
    auto waiting =
        std::async(std::launch::async, [&] { return get("/control/jobs/" + id + "?wait=60"); });
    ASSERT_EQ(waiting.wait_for(50ms), std::future_status::timeout);
    client_->post("/v1/jobs/" + id + "/result", result_of("finished", 3));
    ASSERT_EQ(waiting.wait_for(10s), std::future_status::ready);
    EXPECT_EQ(waiting.get().body["result"]["exit_code"], 3);
}

TEST_F(Control, HeartbeatsAndAgentsCanBeSeen) {
    client_->post("/v1/heartbeat", heartbeat_of(agent_, "web-01", 9));
    const auto seen = get("/control/heartbeats?count=1&wait=10").body;
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0]["body"]["sequence"], 9);
    EXPECT_EQ(get("/control/agents").body[0]["hostname"], "web-01");
    EXPECT_EQ(get("/control/requests").body[1]["path"], "/v1/heartbeat");
}

TEST_F(Control, CancellingAndRedelivering) {
    const auto id = take_a_job();
    EXPECT_EQ(post("/control/cancel", {{"id", id}}).status, 200);
    EXPECT_EQ(client_->get("/v1/jobs/next").body["cancel"][0], id);
    EXPECT_EQ(post("/control/redeliver", {{"id", id}}).status, 200);
    EXPECT_EQ(client_->get("/v1/jobs/next").body["job"]["id"], id);
    EXPECT_EQ(post("/control/cancel", {{"id", "nonsense"}}).status, 409);
}

TEST_F(Control, TokensCanBeAddedAndCredentialsRevoked) {
    EXPECT_EQ(post("/control/tokens", {{"token", "fresh"}}).status, 200);
    EXPECT_EQ(client_->post("/v1/enroll", enrolment_of("web-02", "fresh")).status, 200);
    EXPECT_EQ(post("/control/tokens", {{"token", "hbnt_x"}, {"node", "n"}}).status, 200);
    EXPECT_EQ(post("/control/revoke", {{"agent", "web-01"}}).status, 200);
    EXPECT_EQ(client_->get("/v1/jobs/next").status, 401);
}

TEST_F(Control, MisbehaviourCanBeAskedForSeenAndEnded) {
    EXPECT_EQ(
        post("/control/misbehave", {{"kind", "status"}, {"path", "/v1/jobs"}, {"status", 429}})
            .status,
        200);
    EXPECT_EQ(client_->get("/v1/jobs/next").status, 429);
    EXPECT_EQ(get("/control/misbehave").body[0]["path"], "/v1/jobs");
    EXPECT_EQ(control_->Delete("/control/misbehave")->status, 200);
    EXPECT_EQ(client_->get("/v1/jobs/next").status, 204);
    EXPECT_EQ(post("/control/misbehave", {{"kind", "rudeness"}}).body["error"]["message"],
              "kind: is not known");
}

TEST_F(Control, SettingsTakeEffectAtOnce) {
    EXPECT_EQ(post("/control/settings", {{"heartbeat_seconds", 3}, {"lease_ms", 5}}).status, 200);
    EXPECT_EQ(
        client_->post("/v1/heartbeat", heartbeat_of(agent_, "web-01", 1)).body["heartbeat_seconds"],
        3);
}

TEST_F(Control, UnknownPathsAndMethodsAreToldApart) {
    EXPECT_EQ(get("/control/nonsense").status, 404);
    EXPECT_EQ(control_->Delete("/control/jobs")->status, 405);
}

}  // namespace
}  // namespace bulkhead::reference
