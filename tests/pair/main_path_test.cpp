// The way of a job from the backend through worker and broker and back, with nothing going wrong.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "broker/records/ledger.hpp"
#include "common/sys/clock.hpp"
#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

class MainPath : public Pair {};

TEST_F(MainPath, TheAgentEnrollsOnceAndKeepsItsCredentialOverARestart) {
    start_enrolled();
    const auto enrolled = backend().enrolments();
    ASSERT_EQ(enrolled.size(), 1U);
    EXPECT_EQ(enrolled[0].times, 1);
    EXPECT_EQ(enrolled[0].request["system"]["cpu_count"], ::sysconf(_SC_NPROCESSORS_ONLN));
    EXPECT_EQ(stop(), 0);
    start();
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(backend().enrolments()[0].times, 1) << "it enrolled again";
}

TEST_F(MainPath, OutputArrivesWhileTheJobRuns) {
    const auto go = place().scratch() + "/go";
    const PinnedJob job{
        .name = "live",
        .script = "echo first\nwhile [ ! -e " + go + " ]; do sleep 0.05; done\necho second\n"};
    pin(job);
    start_enrolled();
    const auto id = queue({.script = job.script});
    ASSERT_TRUE(wait_for_output(id, "first\n"));
    EXPECT_EQ(backend().job(id)->state, reference::JobState::running);
    EXPECT_TRUE(backend().job(id)->result.is_null());
    place().write("scratch/go", "");
    const auto result = result_of(id);
    EXPECT_EQ(result["outcome"], "finished");
    EXPECT_EQ(result["exit_code"], 0);
    EXPECT_EQ(backend().standard_output(id), "first\nsecond\n");
}

TEST_F(MainPath, StandardOutputAndStandardErrorStayApart) {
    const PinnedJob job{.name = "two-streams", .script = "echo out\necho err >&2\necho out2\n"};
    pin(job);
    start_enrolled();
    const auto id = queue({.script = job.script});
    const auto result = result_of(id);
    EXPECT_EQ(backend().standard_output(id), "out\nout2\n");
    EXPECT_EQ(backend().standard_error(id), "err\n");
    EXPECT_EQ(result["stdout"]["bytes"], 9);
    EXPECT_EQ(result["stderr"]["bytes"], 4);
    EXPECT_EQ(result["stdout"]["sha256"], backend().job(id)->out->sha256());
    EXPECT_EQ(result["stderr"]["sha256"], backend().job(id)->err->sha256());
}

TEST_F(MainPath, ACatalogueJobTakesATypedParameterAndNoOther) {
    pin({.name = "greet",
         .script = "echo hello $JOB_P_whom\n",
         .catalogue = true,
         .params = {{"whom", "enum:world|moon"}}});
    start_enrolled();
    const auto good = queue({.catalogue = "greet", .params = {{"whom", "moon"}}});
    EXPECT_EQ(result_of(good)["outcome"], "finished");
    EXPECT_EQ(backend().standard_output(good), "hello moon\n");

    const auto bad = run_job({.catalogue = "greet", .params = {{"whom", "moon; id"}}});
    EXPECT_EQ(bad["outcome"], "refused");
    EXPECT_EQ(bad["reason"], "parameter-invalid");
    EXPECT_EQ(run_job({.catalogue = "greet"})["reason"], "parameter-missing");
    EXPECT_EQ(run_job({.catalogue = "greet", .params = {{"whom", "moon"}, {"x", "y"}}})["reason"],
              "parameter-unknown");
    EXPECT_EQ(run_job({.catalogue = "gruss"})["reason"], "catalogue-unknown");
}

TEST_F(MainPath, APathThatLeadsOutOfItsPrefixStartsNoScript) {
    const auto counter = place().scratch() + "/ran";
    pin({.name = "size",
         .script = "echo \"$JOB_P_dir\"\necho run >> " + counter + "\n",
         .catalogue = true,
         .params = {{"dir", "path:" + place().scratch()}},
         .format = 2});
    ASSERT_EQ(::mkdir((place().scratch() + "/inner").c_str(), 0755), 0);
    ASSERT_EQ(::symlink("/etc", (place().scratch() + "/etc").c_str()), 0);
    start_enrolled();
    const auto good =
        queue({.catalogue = "size", .params = {{"dir", place().scratch() + "/inner"}}});
    EXPECT_EQ(result_of(good)["outcome"], "finished");
    EXPECT_EQ(backend().standard_output(good), place().scratch() + "/inner\n");
    EXPECT_EQ(lines_in_scratch("ran"), 1U);

    const auto outside = run_job({.catalogue = "size", .params = {{"dir", "/etc"}}});
    EXPECT_EQ(outside["outcome"], "refused");
    EXPECT_EQ(outside["reason"], "parameter-invalid");
    const auto up =
        run_job({.catalogue = "size", .params = {{"dir", place().scratch() + "/../policy"}}});
    EXPECT_EQ(up["reason"], "parameter-invalid");
    const auto link =
        run_job({.catalogue = "size", .params = {{"dir", place().scratch() + "/etc"}}});
    EXPECT_EQ(link["outcome"], "failed_to_start");
    EXPECT_EQ(link["reason"], "parameter-leads-out");
    EXPECT_EQ(link["detail"], "parameter dir: " + place().scratch() +
                                  "/etc: leads to /etc, which is not beneath " + place().scratch());
    EXPECT_EQ(lines_in_scratch("ran"), 1U);
}

TEST_F(MainPath, AScriptThatIsPinnedTwiceIsRefusedAndThatIsToldUntilPolicySaysBothAreMeant) {
    const std::string script = "echo \"$0\"\n";
    pin({.name = "a-loose", .script = script, .profile = "loose"});
    pin({.name = "b-test", .script = script, .profile = "test"});
    start_enrolled();
    EXPECT_EQ(run_job({.script = script})["reason"], "script-ambiguous");
    EXPECT_TRUE(wait_for_status("script-ambiguous"));
    EXPECT_THAT(log(),
                testing::HasSubstr("approved/a-loose.manifest and approved/b-test.manifest"));
    place().append("policy/approval.policy", "same-script a-loose b-test  # a test\n");
    reload();
    EXPECT_EQ(run_job({.script = script})["outcome"], "finished");
    EXPECT_EQ(last_audit("verdict", 2)["profile"], "test") << "the weaker one";
    EXPECT_THAT(status(), testing::Not(testing::HasSubstr("script-ambiguous")));
}

TEST_F(MainPath, AScriptFromTheBackendTakesItsManifestsParameters) {
    const std::string script = "echo hello $JOB_P_whom\n";
    pin({.name = "greet", .script = script, .params = {{"whom", "enum:world|moon"}}});
    start_enrolled();
    const auto good = queue({.script = script, .params = {{"whom", "world"}}});
    EXPECT_EQ(result_of(good)["outcome"], "finished");
    EXPECT_EQ(backend().standard_output(good), "hello world\n");
    EXPECT_EQ(run_job({.script = script, .params = {{"whom", "sun"}}})["reason"],
              "parameter-invalid");
    EXPECT_EQ(run_job({.script = script})["reason"], "parameter-missing");
}

TEST_F(MainPath, AJobThatNobodyApprovedIsRefusedWithItsReason) {
    start_enrolled();
    const auto counter = place().scratch() + "/ran";
    const auto id = queue({.script = "echo run >> " + counter + "\n"});
    const auto result = result_of(id);
    EXPECT_EQ(result["outcome"], "refused");
    EXPECT_EQ(result["reason"], "not-approved");
    EXPECT_TRUE(result["exit_code"].is_null());
    EXPECT_FALSE(place().exists("scratch/ran"));
    ASSERT_TRUE(wait_for_audit("verdict"));
    EXPECT_EQ(last_audit("verdict")["decision"], "refuse");
    EXPECT_EQ(last_audit("verdict")["reason"], "not-approved");
    EXPECT_EQ(last_audit("verdict")["delivery"], id);
}

TEST_F(MainPath, OneChangedByteIsAnotherScript) {
    const PinnedJob job{.name = "exact", .script = "echo exact\n"};
    pin(job);
    start_enrolled();
    EXPECT_EQ(run_job({.script = "echo exacT\n"})["reason"], "not-approved");
    EXPECT_EQ(run_job({.script = job.script})["outcome"], "finished");
    const auto verdict = last_audit("verdict", 2);
    EXPECT_EQ(verdict["decision"], "admit");
    EXPECT_EQ(verdict["profile"], job.profile);
    EXPECT_EQ(verdict["script"], crypto::hex(crypto::sha256(as_bytes(job.script))));
    EXPECT_EQ(
        verdict["manifest"],
        crypto::hex(crypto::sha256(as_bytes(place().read("policy/approved/exact.manifest")))));
}

TEST_F(MainPath, ExitCodeAndFiguresAreReported) {
    const PinnedJob job{.name = "busy",
                        .script =
                            "i=0\nwhile [ $i -lt 200000 ]; do i=$((i+1)); done\n"
                            "sleep 0.3\nexit 41\n"};
    pin(job);
    start_enrolled();
    const auto result = run_job({.script = job.script});
    EXPECT_EQ(result["outcome"], "finished");
    EXPECT_EQ(result["exit_code"], 41);
    EXPECT_TRUE(result["signal"].is_null());
    EXPECT_GE(result["wall_ms"], 300);
    EXPECT_GT(result["cpu_ms"], 10);
    EXPECT_LT(result["cpu_ms"], result["wall_ms"]);
    EXPECT_GT(result["max_rss_bytes"], 100'000);
    EXPECT_LT(result["max_rss_bytes"], 100'000'000);
    EXPECT_EQ(result["oom_killed"], false);
}

TEST_F(MainPath, AScriptStopsAtTheFirstErrorWhereItsFirstLineSaysSo) {
    const PinnedJob job{.name = "strict", .script = "#!/bin/sh -eu\nfalse\necho not stopped\n"};
    pin(job);
    start_enrolled();
    const auto id = queue({.script = job.script});
    EXPECT_EQ(result_of(id)["exit_code"], 1);
    EXPECT_EQ(backend().standard_output(id), "");
}

TEST_F(MainPath, AJobThatASignalEndedSaysWhich) {
    const PinnedJob job{.name = "suicide", .script = "kill -9 $$\n"};
    const PinnedJob look_alike{.name = "look-alike", .script = "exit 137\n"};
    pin(job);
    pin(look_alike);
    start_enrolled();
    const auto killed = run_job({.script = job.script});
    EXPECT_EQ(killed["signal"], 9);
    EXPECT_TRUE(killed["exit_code"].is_null());
    const auto exited = run_job({.script = look_alike.script});
    EXPECT_EQ(exited["exit_code"], 137);
    EXPECT_TRUE(exited["signal"].is_null());
}

TEST_F(MainPath, TheSameDeliveryTwiceRunsOnce) {
    const PinnedJob job{.name = "counted",
                        .script = "echo run >> " + place().scratch() + "/runs\necho done\n"};
    pin(job);
    start_enrolled();
    const auto id = queue({.script = job.script});
    EXPECT_EQ(result_of(id)["outcome"], "finished");
    // Until the worker has heard that its report arrived, it ignores the job as one of its own.
    const auto refused = [&] {
        backend().redeliver_job(id).value();
        return backend().job(id)->results_refused > 0;
    };
    ASSERT_TRUE(eventually(refused, kPatience));
    EXPECT_EQ(last_audit("verdict", 2)["reason"], "delivery-already-run");
    EXPECT_EQ(lines_in_scratch("runs"), 1U);
}

TEST_F(MainPath, AOneShotJobRunsOnceEvenOverARestart) {
    const PinnedJob job{
        .name = "one-shot", .script = "echo run >> " + place().scratch() + "/runs\n", .runs = "1"};
    pin(job);
    start_enrolled();
    EXPECT_EQ(run_job({.script = job.script})["outcome"], "finished");
    EXPECT_EQ(run_job({.script = job.script})["reason"], "job-already-run");
    EXPECT_EQ(stop(), 0);
    start();
    EXPECT_EQ(run_job({.script = job.script})["reason"], "job-already-run");
    EXPECT_EQ(lines_in_scratch("runs"), 1U);
}

TEST_F(MainPath, ARepeatableJobStaysWithinItsQuotaEvenOverARestart) {
    const PinnedJob job{
        .name = "twice", .script = "echo run >> " + place().scratch() + "/runs\n", .runs = "2/day"};
    pin(job);
    start_enrolled();
    for (int i = 0; i < 2; ++i) EXPECT_EQ(run_job({.script = job.script})["outcome"], "finished");
    EXPECT_EQ(run_job({.script = job.script})["reason"], "quota-exceeded");
    EXPECT_EQ(stop(), 0);
    start();
    EXPECT_EQ(run_job({.script = job.script})["reason"], "quota-exceeded");
    EXPECT_EQ(lines_in_scratch("runs"), 2U);
}

// Or a job that runs every five minutes for a year would fill the ledger, and then nothing could.
TEST_F(MainPath, TheLedgerRemembersARepeatableRunForADayOnly) {
    pin({.name = "often", .script = "echo often\n", .runs = "1000/day"});
    pin({.name = "once", .script = "echo once\n", .runs = "1"});
    start_enrolled();
    EXPECT_EQ(run_job({.script = "echo often\n"})["outcome"], "finished");
    EXPECT_EQ(run_job({.script = "echo once\n"})["outcome"], "finished");
    EXPECT_EQ(stop(), 0);
    EXPECT_EQ(audit("job-acknowledged").size(), 2U);
    const auto state = sys::Dir::open(place() / "state/broker").value();
    const auto now = sys::now();
    auto ledger = records::Ledger::open(state, now).value();
    ASSERT_EQ(ledger.view().runs.size(), 2U);
    EXPECT_LE(ledger.view().runs[0].not_after, now);
    EXPECT_GT(ledger.view().runs[1].not_after, now) << "while its approval lasts";
}

TEST_F(MainPath, AJobIdMayBeAnyText) {
    const PinnedJob job{.name = "odd", .script = "echo ran\n"};
    pin(job);
    start_enrolled();
    for (const std::string& id : {std::string("j\xc3\xb6"
                                              "b \xe2\x98\x83 \xf0\x9f\x98\x80"),
                                  std::string("../../etc/passwd"), std::string("a/b?c=d&e#f%2Fg"),
                                  std::string("\"quoted\" 'and' `ticked` $(x) ;|&<>"),
                                  std::string(128, 'x'), std::string("-n")}) {
        const auto queued = queue({.script = job.script, .id = id});
        EXPECT_EQ(result_of(queued)["outcome"], "finished") << id;
        EXPECT_EQ(backend().standard_output(queued), "ran\n") << id;
    }
}

// Control characters would forge log lines, and "." vanishes from a path: such a job can neither
// run nor be reported, and those behind it must not suffer.
TEST_F(MainPath, AJobWhoseIdIsNoNameIsSkipped) {
    const PinnedJob job{.name = "odd", .script = "echo ran\n"};
    pin(job);
    start_enrolled();
    for (const std::string id : {"tab\tand\nline", "."}) {
        queue({.script = job.script, .id = id});
        EXPECT_EQ(run_job({.script = job.script})["outcome"], "finished");
        EXPECT_EQ(backend().job(id)->handed_out, 1);
        EXPECT_TRUE(backend().job(id)->result.is_null());
    }
    EXPECT_TRUE(wait_for_log("unreadable answer: delivery id", 2));
    EXPECT_EQ(audit("verdict").size(), 2U);
}

TEST_F(MainPath, AScriptOfFourMebibytesRunsAndOneByteMoreDoesNot) {
    std::string script = "echo large\nexit 0\n";
    script.resize(4_MiB, '#');
    pin({.name = "large", .script = script});
    start_enrolled();
    const auto id = queue({.script = script});
    EXPECT_EQ(result_of(id)["outcome"], "finished");
    EXPECT_EQ(backend().standard_output(id), "large\n");
    const auto too_large = run_job({.script = script + "#"});
    EXPECT_EQ(too_large["outcome"], "refused");
    EXPECT_FALSE(too_large["detail"].get<std::string>().empty());
    EXPECT_EQ(run_job({.script = script})["outcome"], "finished") << "the agent must go on";
}

// What five violations leave behind, see tests/malicious_worker.
TEST_F(MainPath, ASuspensionEndsWhenRootSaysSoAndThatIsRecorded) {
    const PinnedJob job{.name = "later", .script = "echo later\n"};
    pin(job);
    start_enrolled();
    place().write("state/broker/intake-suspended", "");
    EXPECT_EQ(run_job({.script = job.script})["reason"], "intake-suspended");
    const std::vector<std::string> resume{BULKHEAD_CLI, "resume-jobs", "--state",
                                          place() / "state"};
    std::vector<std::string> by_nobody{"/usr/bin/setpriv", "--reuid=65534", "--clear-groups"};
    by_nobody.insert(by_nobody.end(), resume.begin(), resume.end());
    const auto refused = run(by_nobody);
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.output.find("only root may"), std::string::npos) << refused.output;
    EXPECT_EQ(run_job({.script = job.script})["reason"], "intake-suspended");

    EXPECT_EQ(run(resume).code, 0);
    EXPECT_EQ(run_job({.script = job.script})["outcome"], "finished");
    const auto events = audit();
    const auto resumed = std::ranges::find(events, "intake-resumed",
                                           [](const json& event) { return event["event"]; });
    ASSERT_NE(resumed, events.end());
    EXPECT_EQ((*std::next(resumed))["decision"], "admit") << "recorded before it counts";
    EXPECT_EQ(audit("intake-resumed").size(), 1U);
    const auto again = run(resume);
    EXPECT_EQ(again.code, 0);
    EXPECT_NE(again.output.find("Nothing to resume"), std::string::npos) << again.output;
}

}  // namespace
}  // namespace bulkhead::test
