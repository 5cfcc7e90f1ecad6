// A backend that is dead, lies or stammers: the worker lives on, and all is well again afterwards.
#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

using Kind = Misbehaviour::Kind;

// What can be wrong with an answer, as the name of the test says.
struct Wrong {
    std::string name;
    Misbehaviour misbehaviour;
};

void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

std::vector<Wrong> every_wrong() {
    return {{"status_400", {.kind = Kind::status, .status = 400}},
            {"status_404", {.kind = Kind::status, .status = 404}},
            {"status_429", {.kind = Kind::status, .status = 429, .retry_after = "1"}},
            {"status_500", {.kind = Kind::status, .status = 500}},
            {"status_503", {.kind = Kind::status, .status = 503, .retry_after = "soon"}},
            {"gateway_404", {.kind = Kind::gateway, .status = 404}},
            {"gateway_409", {.kind = Kind::gateway, .status = 409}},
            {"gateway_413", {.kind = Kind::gateway, .status = 413}},
            {"redirect", {.kind = Kind::redirect, .location = "http://127.0.0.1:1/elsewhere"}},
            {"cut_before_headers", {.kind = Kind::cut_before_headers}},
            {"cut_in_body", {.kind = Kind::cut_in_body}},
            {"not_json", {.kind = Kind::not_json}},
            {"truncated_json", {.kind = Kind::truncated_json}},
            {"wrong_types", {.kind = Kind::wrong_types}},
            {"oversized", {.kind = Kind::oversized}},
            {"oversized_chunked", {.kind = Kind::oversized, .chunked = true}}};
}

class Hostile : public Pair, public testing::WithParamInterface<Wrong> {
  protected:
    Misbehaviour at(const std::string& path, int times = 1) const {
        auto wrong = GetParam().misbehaviour;
        wrong.path = path;
        wrong.times = times;
        return wrong;
    }
    bool all_struck() {
        return eventually([&] { return backend().misbehaviours().empty(); }, kPatience);
    }
};

TEST_P(Hostile, AnAnswerToEnrollingIsTriedAgain) {
    backend().misbehave(at("/v1/enroll"));
    start();
    const auto first = wait_for_worker();
    EXPECT_TRUE(all_struck());
    ASSERT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(worker_pid(), first);
    EXPECT_EQ(backend().enrolments().size(), 1U);
}

TEST_P(Hostile, AnAnswerToAnythingElseLosesNoHeartbeatAndNoJob) {
    const PinnedJob job{.name = "whole", .script = "echo out\necho err >&2\n"};
    pin(job);
    start_enrolled();
    const auto first = worker_pid();
    backend().misbehave(at("/v1/heartbeat"));
    backend().misbehave(at("/v1/jobs/next"));
    // The first one ends the question that waits already. Whichever answer is spoilt, its job is
    // handed out again, as a backend does when nobody reports one.
    for (const std::string id : {"first", "second"}) {
        queue({.script = job.script, .id = id});
        EXPECT_TRUE(eventually(
            [&] {
                if (!backend().job(id)->result.is_null()) return true;
                backend().redeliver_job(id).value();
                return backend().wait_for_result(id, 300ms);
            },
            kPatience));
    }
    EXPECT_TRUE(all_struck());
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(worker_pid(), first);
    EXPECT_EQ(audit("worker-started").size(), 1U);
}

TEST_P(Hostile, AnAnswerToOutputOrResultIsTriedAgainOrTheRestStillReported) {
    const PinnedJob job{.name = "whole", .script = "echo out\necho err >&2\n"};
    pin(job);
    start_enrolled();
    const auto first = worker_pid();
    backend().misbehave(at("/v1/jobs/struck/output"));
    backend().misbehave(at("/v1/jobs/struck/result"));
    const auto id = queue({.script = job.script, .id = "struck"});
    ASSERT_TRUE(all_struck());
    EXPECT_TRUE(wait_for_heartbeats(1));
    const auto status = GetParam().misbehaviour.status;
    const bool final_answer =
        GetParam().misbehaviour.kind == Kind::status && (status == 400 || status == 404);
    // A backend that says the request itself is wrong will say it again: it is not asked again.
    if (!final_answer) {
        EXPECT_EQ(result_of(id)["outcome"], "finished");
        EXPECT_EQ(backend().standard_output(id), "out\n");
        EXPECT_EQ(backend().standard_error(id), "err\n");
    }
    EXPECT_EQ(worker_pid(), first);
    EXPECT_EQ(run_job({.script = job.script})["outcome"], "finished") << "the next job must run";
}

INSTANTIATE_TEST_SUITE_P(Backend, Hostile, testing::ValuesIn(every_wrong()),
                         [](const auto& each) { return each.param.name; });

class DeadBackend : public Pair {};

TEST_F(DeadBackend, AtTheStartIsWaitedForAndThenFound) {
    backend().stop();
    start();
    const auto first = wait_for_worker();
    ASSERT_TRUE(wait_for_log("\"event\":\"enroll-failed\""));
    ASSERT_TRUE(backend().start());
    ASSERT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(worker_pid(), first);
}

TEST_F(DeadBackend, AmidAJobCostsNoByteOfItsOutput) {
    const auto go = place().scratch() + "/go";
    const PinnedJob job{
        .name = "patient",
        .script = "echo begun\nwhile [ ! -e " + go + " ]; do sleep 0.02; done\nseq 1 100000\n"};
    pin(job);
    start_enrolled();
    const auto id = queue({.script = job.script});
    ASSERT_TRUE(wait_for_output(id, "begun\n"));
    backend().stop();
    place().write("scratch/go", "");
    ASSERT_TRUE(wait_for_audit("job-ended"));
    ASSERT_TRUE(backend().start());
    const auto result = result_of(id);
    EXPECT_EQ(result["outcome"], "finished");
    EXPECT_EQ(backend().job(id)->out->sha256(), result["stdout"]["sha256"]);
    EXPECT_EQ(backend().job(id)->out->held(), 588'895U + 6U);
}

TEST_F(DeadBackend, WithACertificateOfAnotherCaIsToldNothing) {
    auto text = configuration();
    const auto right = backend().ca_file();
    text.replace(text.find(right), right.size(), backend().wrong_ca_file().value());
    place().write("agent.yaml", text);
    start();
    ASSERT_TRUE(wait_for_log("certificate"));
    EXPECT_TRUE(wait_for_log("\"event\":\"enroll-failed\""));
    EXPECT_TRUE(backend().requests().empty());
    EXPECT_TRUE(backend().enrolments().empty());
}

TEST_F(DeadBackend, ThatRevokesTheCredentialIsEnrolledWithAgain) {
    start_enrolled();
    const auto first = worker_pid();
    const auto before = backend().enrolments()[0].credential;
    ASSERT_TRUE(backend().revoke(backend().enrolments()[0].agent_id));
    ASSERT_TRUE(backend().wait_for(
        [](const State& state) { return state.enrolments.begin()->second.times == 2; }, kPatience));
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_NE(backend().enrolments()[0].credential, before);
    EXPECT_EQ(worker_pid(), first);
}

}  // namespace
}  // namespace bulkhead::test
