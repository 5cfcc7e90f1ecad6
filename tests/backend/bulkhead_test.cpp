#include <future>

#include "tests/backend/test_client.hpp"

namespace bulkhead::reference {
namespace {

using Bulkhead = EnrolledAgent;

TEST_F(Bulkhead, AnUnknownTokenDoesNotEnrol) {
    const auto reply = client_->post("/v1/enroll", enrolment_of("web-02", "guess"));
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(reply.body["error"]["code"], "unknown_token");
}

TEST_F(Bulkhead, ATokenEnrolsOneHostOnly) {
    const auto reply = client_->post("/v1/enroll", enrolment_of("web-02", "token"));
    EXPECT_EQ(reply.status, 403);
    EXPECT_EQ(reply.body["error"]["code"], "token_used");
}

TEST_F(Bulkhead, AnExpiredTokenIsForbidden) {
    backend_.add_install_token("old");
    backend_.expire_install_token("old");
    EXPECT_EQ(client_->post("/v1/enroll", enrolment_of("web-02", "old")).status, 403);
}

TEST_F(Bulkhead, AnEnrolledHostCannotComeBackWithAnotherToken) {
    backend_.add_install_token("second");
    const auto reply = client_->post("/v1/enroll", enrolment_of("web-01", "second"));
    EXPECT_EQ(reply.status, 409);
    EXPECT_EQ(reply.body["error"]["code"], "already_enrolled");
}

TEST_F(Bulkhead, EnrollingAgainGivesTheSameAgentAndAFreshCredential) {
    const auto again = client_->post("/v1/enroll", enrolment_of("web-01", "token"));
    ASSERT_EQ(again.status, 200);
    EXPECT_EQ(again.body["agent_id"], agent_);
    EXPECT_EQ(client_->post("/v1/heartbeat", heartbeat_of(agent_, "web-01", 1)).status, 401);
    client_->set_bearer(again.body["credential"]);
    EXPECT_EQ(client_->post("/v1/heartbeat", heartbeat_of(agent_, "web-01", 1)).status, 204);
    EXPECT_EQ(backend_.enrolments().size(), 1U);
}

TEST_F(Bulkhead, AHeartbeatIsKeptAsItCame) {
    const auto body = heartbeat_of(agent_, "web-01", 7);
    EXPECT_EQ(client_->post("/v1/heartbeat", body).status, 204);
    const auto heartbeats = backend_.heartbeats();
    ASSERT_EQ(heartbeats.size(), 1U);
    EXPECT_EQ(heartbeats[0].body, body);
    EXPECT_EQ(heartbeats[0].who, agent_);
}

// A snapshot of a machine comes back with ledger and audit log alike: only who remembers can tell.
TEST_F(Bulkhead, AHostThatWasSetBackRaisesAnAlert) {
    const auto beat = [&](int number, std::uint64_t size, char head) {
        auto body = heartbeat_of(agent_, "web-01", number);
        body["ledger"] = {{"size", size}, {"head", std::string(64, head)}};
        EXPECT_EQ(client_->post("/v1/heartbeat", body).status, 204);
        return backend_.alerts().size();
    };
    EXPECT_EQ(beat(1, 7, 'a'), 0U);
    EXPECT_EQ(beat(2, 7, 'a'), 0U);
    EXPECT_EQ(beat(3, 9, 'b'), 0U);
    EXPECT_EQ(beat(4, 9, 'c'), 1U) << "the same count, another past";
    EXPECT_EQ(beat(5, 8, 'd'), 2U);
    EXPECT_EQ(beat(6, 9, 'e'), 2U) << "told once";
    EXPECT_EQ(backend_.alerts()[1].kind, "host-rolled-back");
    EXPECT_EQ(backend_.alerts()[1].who, agent_);
    EXPECT_EQ(backend_.alerts()[1].detail, "the ledger has 8 records, it had 9");
    EXPECT_EQ(client_->post("/v1/heartbeat", heartbeat_of(agent_, "web-01", 7)).status, 204)
        << "an agent of 0.1 has none";
    EXPECT_EQ(backend_.alerts().size(), 2U);
}

TEST_F(Bulkhead, TheBackendCanSetThePace) {
    backend_.set_heartbeat_seconds(5);
    const auto reply = client_->post("/v1/heartbeat", heartbeat_of(agent_, "web-01", 1));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, (json{{"heartbeat_seconds", 5}}));
}

TEST_F(Bulkhead, AWrongHeartbeatIsRefusedByTheNameOfItsMember) {
    const auto complaint = [&](const json& change) {
        auto body = heartbeat_of(agent_, "web-01", 1);
        body.merge_patch(change);  // a null removes a member
        const auto reply = client_->post("/v1/heartbeat", body);
        EXPECT_EQ(reply.status, 400);
        return reply.body["error"]["message"].get<std::string>();
    };
    EXPECT_EQ(complaint({{"sequence", nullptr}}), "sequence: is missing");
    EXPECT_EQ(complaint({{"sequence", "1"}}), "sequence: must be an integer");
    EXPECT_EQ(complaint({{"surprise", 1}}), "surprise: is not known here");
    EXPECT_EQ(complaint({{"policy_digest", "aa"}}),
              "policy_digest: must be 64 lower case hex digits");
    EXPECT_EQ(complaint({{"metrics", {{"memory", {{"used_bytes", -1}}}}}}),
              "metrics.memory.used_bytes: must not be below 0");
    EXPECT_EQ(complaint({{"metrics", {{"load", {0.1, "x"}}}}}),
              "metrics.load[1]: must be a number");
    EXPECT_TRUE(backend_.heartbeats().empty());
}

TEST_F(Bulkhead, ARevokedCredentialIsUnauthorizedEverywhere) {
    ASSERT_TRUE(backend_.revoke("web-01"));
    EXPECT_EQ(client_->post("/v1/heartbeat", heartbeat_of(agent_, "web-01", 1)).status, 401);
    EXPECT_EQ(client_->get("/v1/jobs/next").status, 401);
    EXPECT_EQ(client_->put("/v1/jobs/job-1/output/stdout?offset=0", "x").status, 401);
}

TEST_F(Bulkhead, AnAgentThatHasLeftIsUnknownAndMayComeBack) {
    httplib::Client client(backend_.url());
    client.set_ca_cert_path(backend_.ca_file());
    client.set_bearer_token_auth(backend_.enrolments().at(0).credential);
    const auto answer = client.Delete("/v1/agents/self");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 204);
    EXPECT_TRUE(backend_.enrolments().empty());
    EXPECT_EQ(client_->post("/v1/heartbeat", heartbeat_of(agent_, "web-01", 1)).status, 401);
    const auto again = client.Delete("/v1/agents/self");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->status, 401);
}

TEST_F(Bulkhead, AnAgentCannotSpeakForAnother) {
    EXPECT_EQ(client_->post("/v1/heartbeat", heartbeat_of("agent-99", "web-01", 1)).status, 403);
    EXPECT_EQ(client_->post("/v1/heartbeat", heartbeat_of(agent_, "web-99", 1)).status, 403);
}

TEST_F(Bulkhead, WithoutWorkTheLongPollEndsEmptyHanded) {
    EXPECT_EQ(client_->get("/v1/jobs/next?wait=0").status, 204);
    EXPECT_EQ(client_->get("/v1/jobs/next?wait=x").status, 400);
    EXPECT_EQ(client_->get("/v1/jobs/next?wait=301").status, 400);
}

TEST_F(Bulkhead, AJobWakesALongPoll) {
    auto poll =
        std::async(std::launch::async, [&] { return client_->get("/v1/jobs/next?wait=60"); });
    ASSERT_EQ(poll.wait_for(50ms), std::future_status::timeout);
    const auto id = backend_.queue_job({.target = "web-01", .script = "uptime\n"});
    ASSERT_EQ(poll.wait_for(10s), std::future_status::ready);
    EXPECT_EQ(poll.get().body, (json{{"job", {{"id", *id}, {"script", "uptime\n"}}}}));
    EXPECT_EQ(backend_.job(*id)->state, JobState::running);
}

TEST_F(Bulkhead, ACatalogueJobComesWithItsParameters) {
    const auto id =
        backend_.queue_job({.target = "web-01", .catalogue = "disk", .params = {{"path", "/var"}}});
    EXPECT_EQ(
        client_->get("/v1/jobs/next").body,
        (json{{"job", {{"id", *id}, {"catalogue", "disk"}, {"params", {{"path", "/var"}}}}}}));
}

TEST_F(Bulkhead, AJobOfAnotherHostIsNotHandedOut) {
    ASSERT_TRUE(backend_.queue_job({.target = "web-02", .script = "x"}));
    EXPECT_EQ(client_->get("/v1/jobs/next").status, 204);
}

TEST_F(Bulkhead, AJobIsHandedOutAgainOnlyWhenItsLeaseEnds) {
    const auto id = take_a_job();
    EXPECT_EQ(client_->get("/v1/jobs/next?wait=0").status, 204);
    backend_.set_lease(20ms);
    EXPECT_EQ(client_->get("/v1/jobs/next?wait=10").body["job"]["id"], id);
    EXPECT_EQ(backend_.job(id)->handed_out, 2);
}

TEST_F(Bulkhead, AHeartbeatThatNamesAJobKeepsItsLease) {
    const auto id = take_a_job();
    const auto before = backend_.job(id)->last_sign;
    auto body = heartbeat_of(agent_, "web-01", 1);
    body["jobs"]["running"] = {id};
    ASSERT_EQ(client_->post("/v1/heartbeat", body).status, 204);
    EXPECT_GT(backend_.job(id)->last_sign, before);
}

TEST_F(Bulkhead, ALongPollWhoseCallerLeftTakesNoJob) {
    {
        TestClient leaving(backend_);
        leaving.set_bearer(backend_.enrolments()[0].credential);
        leaving.raw().set_read_timeout(50ms);
        EXPECT_EQ(leaving.get("/v1/jobs/next?wait=60").status, 0);
    }
    const auto id = backend_.queue_job({.target = "web-01", .script = "x"});
    EXPECT_EQ(client_->get("/v1/jobs/next?wait=10").body["job"]["id"], *id);
    EXPECT_EQ(backend_.job(*id)->handed_out, 1);
}

TEST_F(Bulkhead, CancellingARunningJobIsSaidOnce) {
    const auto id = take_a_job();
    ASSERT_TRUE(backend_.cancel_job(id));
    EXPECT_EQ(client_->get("/v1/jobs/next?wait=10").body, (json{{"cancel", {id}}}));
    EXPECT_EQ(client_->get("/v1/jobs/next").status, 204);
}

TEST_F(Bulkhead, CancellingAQueuedJobDropsIt) {
    const auto id = backend_.queue_job({.target = "web-01", .script = "x"});
    ASSERT_TRUE(backend_.cancel_job(*id));
    EXPECT_EQ(client_->get("/v1/jobs/next").status, 204);
    EXPECT_EQ(backend_.job(*id)->state, JobState::cancelled);
}

TEST_F(Bulkhead, ARedeliveredJobKeepsItsIdAndItsResult) {
    const auto id = take_a_job();
    ASSERT_EQ(client_->post("/v1/jobs/" + id + "/result", result_of("finished", 0)).status, 204);
    ASSERT_TRUE(backend_.redeliver_job(id));
    EXPECT_EQ(client_->get("/v1/jobs/next").body["job"]["id"], id);
    EXPECT_EQ(backend_.job(id)->state, JobState::done);
}

TEST_F(Bulkhead, OutputIsTakenInOrderAndRepetitionIsHarmless) {
    const auto path = "/v1/jobs/" + take_a_job() + "/output/stdout?offset=";
    EXPECT_EQ(client_->put(path + "0", "hello ").body, (json{{"next_offset", 6}}));
    EXPECT_EQ(client_->put(path + "6", "world").body, (json{{"next_offset", 11}}));
    EXPECT_EQ(client_->put(path + "6", "world").body, (json{{"next_offset", 11}}));
    EXPECT_EQ(client_->put(path + "8", "rld!").body, (json{{"next_offset", 12}}));
    EXPECT_EQ(backend_.standard_output("job-1"), "hello world!");
    EXPECT_EQ(backend_.standard_error("job-1"), "");
}

TEST_F(Bulkhead, AGapIsAConflictAndSaysWhereToGoOn) {
    const auto path = "/v1/jobs/" + take_a_job() + "/output/stderr?offset=";
    client_->put(path + "0", "abc");
    const auto reply = client_->put(path + "9", "jkl");
    EXPECT_EQ(reply.status, 409);
    EXPECT_EQ(reply.body, (json{{"next_offset", 3}}));
    EXPECT_EQ(backend_.standard_error("job-1"), "abc");
}

TEST_F(Bulkhead, DroppedOutputLeavesARecordedHole) {
    const auto path = "/v1/jobs/" + take_a_job() + "/output/stdout?offset=";
    client_->put(path + "0", "abc");
    const auto reply = client_->put(path + "1000", "the end", {{"Bulkhead-Skip-From", "3"}});
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, (json{{"next_offset", 1007}}));
    const auto again = client_->put(path + "1000", "the end", {{"Bulkhead-Skip-From", "3"}});
    EXPECT_EQ(again.body, (json{{"next_offset", 1007}}));
    EXPECT_EQ(backend_.standard_output("job-1"), "abcthe end");
    EXPECT_EQ(backend_.job("job-1")->out->holes(), (std::vector<OutputStream::Hole>{{3, 997}}));
}

TEST_F(Bulkhead, OutputOfAJobThatWasNeverHandedOutIsUnknown) {
    const auto queued = backend_.queue_job({.target = "web-01", .script = "x"});
    EXPECT_EQ(client_->put("/v1/jobs/" + *queued + "/output/stdout?offset=0", "x").status, 404);
    EXPECT_EQ(client_->put("/v1/jobs/nonsense/output/stdout?offset=0", "x").status, 404);
}

TEST_F(Bulkhead, AChunkAboveOneMebibyteIsTooLarge) {
    const auto path = "/v1/jobs/" + take_a_job() + "/output/stdout?offset=0";
    EXPECT_EQ(client_->put(path, std::string((1U << 20U) + 1, 'x')).status, 413);
    EXPECT_EQ(client_->put(path, std::string(1U << 20U, 'x')).status, 200);
}

TEST_F(Bulkhead, AResultIsRecordedOnce) {
    const auto path = "/v1/jobs/" + take_a_job() + "/result";
    EXPECT_EQ(client_->post(path, result_of("finished", 3)).status, 204);
    EXPECT_EQ(client_->post(path, result_of("finished", 4)).status, 409);
    EXPECT_EQ(backend_.job("job-1")->result["exit_code"], 3);
    EXPECT_EQ(backend_.job("job-1")->results_refused, 1);
    EXPECT_EQ(client_->post("/v1/jobs/nonsense/result", result_of("finished", 0)).status, 404);
}

TEST_F(Bulkhead, AJobIdMayHoldAnyCharacter) {
    const auto id = backend_.queue_job({.target = "web-01", .script = "x", .id = "a/b c?d"});
    ASSERT_EQ(client_->get("/v1/jobs/next").body["job"]["id"], *id);
    EXPECT_EQ(client_->put("/v1/jobs/a%2Fb%20c%3Fd/output/stdout?offset=0", "x").status, 200);
    EXPECT_EQ(backend_.standard_output(*id), "x");
}

TEST_F(Bulkhead, AFindingSeenAgainIsTheSameFinding) {
    const json finding{{"type", "tls.expiring"},
                       {"key", "/etc/x.pem"},
                       {"severity", "warn"},
                       {"title", "t"},
                       {"message", "m"},
                       {"metadata", {{"days_left", 12}}},
                       {"related", {"host:web-01"}}};
    const json body{{"agent_id", agent_}, {"findings", {finding}}};
    EXPECT_EQ(client_->post("/v1/findings", body).status, 204);
    EXPECT_EQ(client_->post("/v1/findings", body).status, 204);
    ASSERT_EQ(backend_.findings().size(), 1U);
    EXPECT_EQ(backend_.findings()[0].times, 2);
}

TEST_F(Bulkhead, AFindingThatIsNotInTheNextReportIsResolved) {
    json finding{{"type", "disk.space"},    {"key", "/"},
                 {"severity", "warn"},      {"title", "t"},
                 {"message", "m"},          {"metadata", json::object()},
                 {"related", json::array()}};
    json body{{"agent_id", agent_}, {"findings", {finding}}};
    ASSERT_EQ(client_->post("/v1/findings", body).status, 204);
    finding["key"] = "/srv";
    body["findings"] = {finding};
    ASSERT_EQ(client_->post("/v1/findings", body).status, 204);
    ASSERT_EQ(backend_.findings().size(), 1U);
    EXPECT_EQ(backend_.findings()[0].body["key"], "/srv");
    body["findings"] = json::array();
    ASSERT_EQ(client_->post("/v1/findings", body).status, 204);
    EXPECT_TRUE(backend_.findings().empty());
}

TEST_F(Bulkhead, AnInventoryMayBeCompressedAndNothingElse) {
    const json body{{"agent_id", agent_},
                    {"sequence", 1},
                    {"full", true},
                    {"addresses",
                     {{{"interface", "eth0"},
                       {"ip_address", "192.0.2.1"},
                       {"mac_address", nullptr},
                       {"prefix_length", 24}}}},
                    {"neighbors", json::array()},
                    {"routes", json::array()},
                    {"connections", json::array()}};
    client_->raw().set_compress(true);
    EXPECT_EQ(client_->post("/v1/inventory", body).status, 204);
    ASSERT_EQ(backend_.inventories().size(), 1U);
    EXPECT_EQ(backend_.inventories()[0].body, body);
    EXPECT_TRUE(backend_.inventories()[0].compressed);
    EXPECT_EQ(client_->post("/v1/heartbeat", heartbeat_of(agent_, "web-01", 1)).status, 415);
}

TEST_F(Bulkhead, ABodyThatIsNotJsonIsSaidToBeSo) {
    const auto answer = client_->raw().Post("/v1/enroll", "{\"install_token\"", "application/json");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400);
    EXPECT_EQ(json::parse(answer->body)["error"]["code"], "bad_json");
}

TEST_F(Bulkhead, RequestsAreRecordedInTheOrderOfTheirAnswers) {
    client_->get("/v1/jobs/next?wait=0");
    client_->get("/nowhere");
    const auto requests = backend_.requests();
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_EQ(requests[1].target, "/v1/jobs/next?wait=0");
    EXPECT_EQ(requests[1].path, "/v1/jobs/next");
    EXPECT_EQ(requests[1].status, 204);
    EXPECT_TRUE(requests[1].headers.at("authorization").starts_with("Bearer "));
    EXPECT_EQ(requests[2].status, 404);
}

TEST_F(Bulkhead, AfterARestartItIsTheSameBackendOnTheSamePort) {
    const auto url = backend_.url();
    backend_.stop();
    EXPECT_EQ(client_->get("/v1/jobs/next").status, 0);
    ASSERT_TRUE(backend_.start());
    EXPECT_EQ(backend_.url(), url);
    EXPECT_EQ(client_->get("/v1/jobs/next").status, 204);
}

TEST_F(Bulkhead, StoppingEndsALongPollAtOnce) {
    auto poll =
        std::async(std::launch::async, [&] { return client_->get("/v1/jobs/next?wait=60"); });
    ASSERT_EQ(poll.wait_for(50ms), std::future_status::timeout);
    backend_.stop();
    EXPECT_EQ(poll.wait_for(10s), std::future_status::ready);
}

}  // namespace
}  // namespace bulkhead::reference
