#include "worker/backend/hyprbox/hyprbox_dialect.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/text.hpp"
#include "tests/worker/backend/golden.hpp"
#include "tests/worker/backend/values.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using Kind = Failure::Kind;

HyprboxDialect dialect(DialectOptions options = {}) {
    return HyprboxDialect(HyprboxOptions::from(options));
}

template <class T>
Answer<T> judged(const Exchange<T>& exchange, int status, std::string body = "") {
    return exchange.judge({.status = status, .body = std::move(body)});
}

TEST(HyprboxHeartbeat, IsAsSmallAsTheOriginal) {
    const auto request = dialect().heartbeat(test::identity(), test::heartbeat()).request;
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/api/nodes/heartbeat");
    EXPECT_EQ(test::header(request, "Authorization"), "Bearer bhc_secret");
    EXPECT_EQ(test::body(request),
              R"({"node_id":"web-01","hostname":"web-01","os":"debian","cpu_percent":12.5,)"
              R"("ram_percent":40,"disk_percent":55,"status":"online","agent_version":"0.1.0",)"
              R"("kernel":"6.1.0-25-amd64","architecture":"amd64"})");
}

TEST(HyprboxHeartbeat, WithoutATokenThereIsNoHeaderForIt) {
    const auto request = dialect().heartbeat({}, test::heartbeat()).request;
    EXPECT_EQ(test::header(request, "Authorization"), "");
}

TEST(HyprboxHeartbeat, PathNodeAndRegionAreSettings) {
    const auto request =
        dialect({{"heartbeat_path", "/api/heartbeat"}, {"node_id", "prod-1"}, {"region", "eu"}})
            .heartbeat(test::identity(), test::heartbeat())
            .request;
    EXPECT_EQ(request.path, "/api/heartbeat");
    EXPECT_TRUE(test::body(request).starts_with(R"({"node_id":"prod-1","hostname":"web-01")"));
    EXPECT_TRUE(test::body(request).ends_with(R"("region":"eu"})"));
}

TEST(HyprboxHeartbeat, AnAddressIsSentOnlyWhenItIsKnown) {
    auto beat = test::heartbeat();
    const auto sent = [&beat](DialectOptions options) {
        return test::body(dialect(std::move(options)).heartbeat(test::identity(), beat).request);
    };
    EXPECT_EQ(dialect().traits().network.address_probe, "8.8.8.8");
    EXPECT_EQ(sent({}).find("\"ip\""), std::string::npos) << "auto, and there is none";
    EXPECT_TRUE(sent({{"ip", "198.51.100.7"}}).ends_with(R"("ip":"198.51.100.7"})"));
    beat.network.address = "192.0.2.1";
    EXPECT_TRUE(sent({}).ends_with(R"("ip":"192.0.2.1"})"));
    EXPECT_EQ(sent({{"ip", ""}}).find("\"ip\""), std::string::npos);
    EXPECT_EQ(dialect({{"ip", ""}}).traits().network.address_probe, "");
}

TEST(HyprboxHeartbeat, TheVersionIsTheOriginalsUnlessAnotherIsSet) {
    auto beat = test::heartbeat();
    beat.agent_version = "9.9.9";
    const auto sent = [&beat](DialectOptions options) {
        return test::body(dialect(std::move(options)).heartbeat(test::identity(), beat).request);
    };
    EXPECT_NE(sent({}).find(R"("agent_version":"0.1.0")"), std::string::npos);
    EXPECT_NE(sent({{"agent_version", "0.2.0"}}).find(R"("agent_version":"0.2.0")"),
              std::string::npos);
}

TEST(HyprboxHeartbeat, EveryAnswerHasItsMeaning) {
    constexpr auto* kAnswers = "hyprbox/heartbeat_answers.txt";
    const auto hyprbox = dialect();
    test::expect_judged_as(kAnswers, hyprbox.heartbeat(test::identity(), test::heartbeat()));
    test::expect_judged_as(kAnswers,
                           hyprbox.findings()->findings(test::identity(), test::system_info(), {}));
}

TEST(HyprboxTraits, SayHowTheOriginalBehaves) {
    const auto hyprbox = dialect();
    EXPECT_EQ(hyprbox.traits().heartbeat_interval, 5min);
    EXPECT_EQ(hyprbox.traits().longest_rejected_pause, 0s) << "a rejected token is tried each time";
    EXPECT_EQ(hyprbox.enrollment(), nullptr);
    const auto& traits = hyprbox.jobs()->traits();
    EXPECT_TRUE(traits.drains_after_heartbeat);
    EXPECT_FALSE(traits.long_polls);
    EXPECT_EQ(traits.flush_interval, 1'500ms);
    EXPECT_EQ(traits.default_timeout, 30min);
}

Answer<JobNews> news(std::string body, int status = 200, DialectOptions options = {}) {
    const auto hyprbox = dialect(std::move(options));
    return judged(hyprbox.jobs()->next_job(test::identity(), test::system_info(), 0s), status,
                  std::move(body));
}

TEST(HyprboxPending, AsksForThisNode) {
    const auto hyprbox = dialect({{"node_id", "a b&c"}});
    const auto request =
        hyprbox.jobs()->next_job(test::identity(), test::system_info(), 0s).request;
    EXPECT_EQ(request.path, "/api/jobs/pending?nodeId=a%20b%26c");
}

TEST(HyprboxPending, NoJobHasSeveralForms) {
    for (const auto* body : {R"({"job":null})", "null", "{}"}) {
        const auto answer = news(body);
        ASSERT_TRUE(answer) << body;
        EXPECT_TRUE(answer->empty());
    }
    EXPECT_TRUE(news("", 204)->empty());
}

TEST(HyprboxPending, AJobMayStandInsideOrAtTheTop) {
    for (const auto* body :
         {R"({"job":{"id":"7","script":"true"}})", R"({"id":"7","script":"true"})",
          R"({"job":{"id":7,"script":"true"}})"}) {
        const auto answer = news(body);
        ASSERT_TRUE(answer) << body;
        EXPECT_EQ(answer->offer->id.value, "7");
        EXPECT_EQ(std::get<ScriptJob>(answer->offer->work).script, "true");
    }
    EXPECT_EQ(news(R"({"job":{"uid":"8","body":"x"}})", 200,
                   {{"id_member", "uid"}, {"script_member", "body"}})
                  ->offer->id.value,
              "8");
}

TEST(HyprboxPending, AClaimedJobThatCannotRunIsStillReported) {
    for (const auto* body : {R"({"job":{"id":"7"}})", R"({"job":{"id":"7","script":[]}})"}) {
        const auto answer = news(body);
        ASSERT_TRUE(answer) << body;
        EXPECT_TRUE(std::holds_alternative<UnusableJob>(answer->offer->work)) << body;
    }
}

TEST(HyprboxPending, EveryAnswerHasItsMeaning) {
    const auto hyprbox = dialect();
    test::expect_judged_as("hyprbox/pending_answers.txt",
                           hyprbox.jobs()->next_job(test::identity(), test::system_info(), 0s));
}

TEST(HyprboxReport, EveryAnswerHasItsMeaning) {
    const auto hyprbox = dialect();
    test::expect_judged_as(
        "hyprbox/report_answers.txt",
        hyprbox.jobs()->output(test::identity(), {.delivery_id = {"7"}, .data = std::string("x")}));
    test::expect_judged_as("hyprbox/report_answers.txt",
                           hyprbox.jobs()->result(test::identity(), test::job_result("7")));
}

TEST(HyprboxPending, WhatCannotBeReadIsTriedAgain) {
    for (const auto* body : {"", "<html>", R"({"job":{"script":"x"}})", R"({"job":{"id":".."}})",
                             R"({"job":{"id":-1}})", R"({"job":{"id":1.5}})"}) {
        const auto answer = news(body);
        ASSERT_FALSE(answer) << body;
        EXPECT_EQ(answer.error().kind, Kind::retry);
    }
}

TEST(HyprboxOutput, IsTextWhateverTheJobWrote) {
    const auto hyprbox = dialect();
    const auto exchange = hyprbox.jobs()->output(
        test::identity(),
        {.delivery_id = {"7"}, .offset = 100, .data = std::string("ok\xff\0\n", 5)});
    EXPECT_EQ(exchange.request.path, "/api/jobs/7/output");
    EXPECT_EQ(test::body(exchange.request), "{\"chunk\":\"ok\xef\xbf\xbd\xef\xbf\xbd\\n\"}");
    EXPECT_EQ(judged(exchange, 200)->next_offset, 105U);
}

TEST(HyprboxOutput, SaysWhereSomethingWasDropped) {
    const auto hyprbox = dialect();
    const auto exchange = hyprbox.jobs()->output(
        test::identity(),
        {.delivery_id = {"7"}, .offset = 1'000, .data = std::string("tail\n"), .skip_from = 600});
    EXPECT_EQ(test::body(exchange.request),
              "{\"chunk\":\"\\n[400 bytes dropped by this host]\\ntail\\n\"}");
    EXPECT_EQ(judged(exchange, 200)->next_offset, 1'005U);
}

std::string completion(const JobResult& result, DialectOptions options = {}) {
    const auto hyprbox = dialect(std::move(options));
    return test::body(hyprbox.jobs()->result(test::identity(), result).request);
}

TEST(HyprboxComplete, AFinishedJobHasACodeAndTheRestOfItsOutput) {
    auto result = test::job_result("a/b");
    result.last_output = "bye\n";
    EXPECT_EQ(completion(result), R"({"exitCode":0,"output":"bye\n"})");
    EXPECT_EQ(completion(result, {{"rest_member", "tail"}}), R"({"exitCode":0,"tail":"bye\n"})");
    EXPECT_EQ(dialect().jobs()->result(test::identity(), result).request.path,
              "/api/jobs/a%2Fb/complete");
    result.exit_code.reset();
    result.signal = 11;
    EXPECT_EQ(completion(result), R"({"exitCode":139,"output":"bye\n"})");
}

TEST(HyprboxComplete, WhateverDidNotFinishFailsWithAReason) {
    auto result = test::job_result("7");
    result.exit_code.reset();
    result.outcome = JobOutcome::refused;
    result.reason = "not_approved";
    result.detail = "no manifest matches";
    EXPECT_EQ(completion(result),
              R"({"exitCode":126,"output":"","errorMsg":"refused by this host, nothing was )"
              R"(executed: not_approved: no manifest matches"})");
    result.outcome = JobOutcome::timed_out;
    EXPECT_TRUE(completion(result).starts_with(R"({"exitCode":137,)"));
    for (const auto outcome : {JobOutcome::timed_out, JobOutcome::cancelled,
                               JobOutcome::interrupted, JobOutcome::failed_to_start}) {
        result.outcome = outcome;
        result.exit_code = 0;
        EXPECT_NE(completion(result).find("errorMsg"), std::string::npos);
    }
}

TEST(HyprboxComplete, WhatWasLeftBehindStandsBehindTheOutput) {
    auto result = test::job_result("7");
    result.last_output = "bye\n";
    result.left_behind = 2;
    result.left_names = "sleep, nginx";
    EXPECT_EQ(completion(result),
              R"({"exitCode":0,"output":"bye\n\n[still running when the job had ended, )"
              R"(and ended too: 2 (sleep, nginx)]\n"})");
}

TEST(HyprboxComplete, OutputThatIsIncompleteIsToldBehindIt) {
    auto result = test::job_result("7");
    result.last_output = "bye\n";
    result.incomplete = kOutputLost;
    EXPECT_EQ(
        completion(result),
        R"({"exitCode":0,"output":"bye\n\n[incomplete: some of what the job printed was lost )"
        R"(on this host: output-lost]\n"})");
    result.incomplete = kOutputRefused;
    EXPECT_NE(completion(result).find("output-refused"), std::string::npos);
    result.incomplete = kOutputCut;
    EXPECT_EQ(completion(result), R"({"exitCode":0,"output":"bye\n"})") << "told where it was cut";
}

TEST(HyprboxComplete, AJobThatHasTheHostRestartedDidNotFail) {
    auto result = test::job_result("7");
    result.exit_code = 194;
    EXPECT_EQ(completion(result), R"({"exitCode":194,"output":""})") << "it just exited so";
    result.reason = "reboot-requested";
    EXPECT_EQ(completion(result),
              R"({"exitCode":0,"output":"\n[this host restarts, as the job asked]\n"})");
    result.exit_code = 3;
    EXPECT_NE(completion(result).find(R"("exitCode":3)"), std::string::npos);
}

TEST(HyprboxOptions, EveryDefaultPassesItsOwnCheck) {
    for (const auto& row : HyprboxOptions::rows())
        EXPECT_TRUE(row.accepts(row.fallback)) << row.name;
}

TEST(HyprboxOptions, PathsAreChecked) {
    for (const auto& row : HyprboxOptions::rows()) {
        if (!row.name.ends_with("_path")) continue;
        for (const auto* odd : {"", "api/x", "/a b", "/a?b", "/a#b", "/\xc3\xa4"}) {
            EXPECT_FALSE(row.accepts(odd)) << row.name << " " << odd;
        }
    }
    const auto output =
        std::ranges::find(HyprboxOptions::rows(), "output_path", &DialectOption::name);
    EXPECT_FALSE(output->accepts("/api/jobs/output")) << "no place for the id";
}

}  // namespace
}  // namespace bulkhead::worker
