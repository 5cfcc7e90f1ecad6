// Another program in the place of the one that runs: the agent ends for it when no job runs, and
// goes on where that program could not start.
#include <csignal>
#include <filesystem>

#include "broker/exit_status.hpp"
#include "broker/records/history.hpp"
#include "common/sys/clock.hpp"
#include "tests/pair/notify_socket.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

using broker::kRestart;

class Upgrade : public Pair {
  protected:
    // As a package lays them out, so that the broker finds `bulkhead`.
    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped()) return;
        fs::create_directories(place() / "usr/libexec/bulkhead");
        fs::create_directories(place() / "usr/bin");
        fs::create_symlink(BULKHEAD_CLI, place() / "usr/bin/bulkhead");
        program_ = place() / "usr/libexec/bulkhead/broker";
        install(BULKHEAD_BROKER);
        manager_.emplace(place() / "notify");
        ASSERT_TRUE(manager_->bound());
    }

    // As dpkg(1) does: a new file takes the name.
    void install(const std::string& built) {
        const auto made = program_ + ".dpkg-new";
        const auto stripped = run({"/usr/bin/strip", "-o", made, built});
        ASSERT_EQ(stripped.code, 0) << stripped.output;
        fs::permissions(made, fs::perms(0755));
        fs::rename(made, program_);
    }

    void start_managed(const std::vector<std::string>& more = {}) {
        start(more, {{"NOTIFY_SOCKET", place() / "notify"}});
        ASSERT_TRUE(eventually([&] { return beats() > 0; }, kPatience)) << log();
    }
    void go_on() {
        const auto before = beats();
        start({}, {{"NOTIFY_SOCKET", place() / "notify"}});
        ASSERT_TRUE(eventually([&] { return beats() > before; }, kPatience)) << log();
    }
    std::size_t beats() {
        return backend().read([](const State& state) { return state.heartbeats_ever; });
    }
    json root() { return json::parse(place().read("run/broker.json"), nullptr, false); }
    bool wait_for_stage(const std::string& stage) {
        return eventually(
            [&] {
                const auto said = root();
                return said.is_object() && said["upgrade"]["state"] == stage;
            },
            kPatience);
    }
    bool is_queued(const std::string& id) {
        return backend().job(id)->state == reference::JobState::queued;
    }
    // The policy with this line, or without it; a reload looks for another program as well.
    void with_line(const std::string& line) {
        if (host_policy_.empty()) host_policy_ = place().read("policy/host.policy");
        place().write("policy/host.policy", host_policy_ + line);
    }

    std::optional<NotifySocket> manager_;
    std::string host_policy_;
};

TEST_F(Upgrade, AnIdleAgentEndsForTheNewProgramAndTheNextOneGoesOn) {
    start_managed();
    pin({.name = "look", .script = "echo one\n", .catalogue = true});
    reload();
    EXPECT_EQ(run_job({.catalogue = "look"})["outcome"], "finished");
    install(BULKHEAD_BROKER);
    reload();
    EXPECT_EQ(stop(0), kRestart) << log();
    EXPECT_EQ(audit("upgrade-pending").size(), 1U);
    EXPECT_EQ(audit("agent-restarting").size(), 1U);
    EXPECT_EQ(last_audit("agent-stopped")["exit"], kRestart);
    go_on();
    EXPECT_EQ(run_job({.catalogue = "look"})["outcome"], "finished");
    EXPECT_TRUE(wait_for_stage("none")) << root();
    EXPECT_EQ(stop(), 0);
}

TEST_F(Upgrade, AJobRunsToItsEndAndIsReportedAndNoneIsRefused) {
    pin({.name = "long",
         .script = "echo begun; until [ -e " + place().scratch() +
                   "/go ]; do sleep 0.1; done\n"
                   "echo over\n",
         .catalogue = true});
    pin({.name = "next", .script = "echo next\n", .catalogue = true});
    start_managed();
    const auto job = queue({.catalogue = "long"});
    ASSERT_TRUE(wait_for_output(job, "begun"));
    install(BULKHEAD_BROKER);
    reload();
    ASSERT_TRUE(wait_for_stage("pending")) << log();
    // Until it waits too long, jobs are taken as ever.
    EXPECT_EQ(run_job({.catalogue = "next"})["outcome"], "finished");
    EXPECT_TRUE(broker().running());
    std::vector<std::string> more;
    for (int i = 0; i < 5; ++i) more.push_back(queue({.catalogue = "next"}));
    place().write("scratch/go", "");
    EXPECT_EQ(stop(0), kRestart) << log();
    for (int i = 0; i < 5; ++i) more.push_back(queue({.catalogue = "next"}));
    go_on();
    EXPECT_EQ(result_of(job)["outcome"], "finished");
    EXPECT_EQ(backend().standard_output(job), "begun\nover\n");
    for (const auto& id : more) {
        // One that was on its way to a worker that ended is handed out again a minute later.
        EXPECT_TRUE(backend().wait_for_result(id, 2 * kPatience)) << id;
        EXPECT_EQ(result_of(id)["outcome"], "finished") << result_of(id);
        EXPECT_EQ(backend().standard_output(id), "next\n");
    }
    EXPECT_EQ(stop(), 0);
}

TEST_F(Upgrade, AProgramThatCouldNotStartIsToldOfAndThisOneGoesOnUntilThatIsMended) {
    pin({.name = "look", .script = "echo one\n", .catalogue = true});
    start_managed();
    with_line("neither key nor reason\n");
    install(BULKHEAD_BROKER);
    reload();
    ASSERT_TRUE(wait_for_stage("blocked")) << log();
    const auto said = root();
    const auto why = said["upgrade"]["why"].get<std::string>();
    EXPECT_NE(why.find(": host.policy:"), why.npos) << why;
    EXPECT_TRUE(eventually(
        [&] { return heartbeats().back().dump().find("upgrade-blocked") != std::string::npos; },
        kPatience));
    EXPECT_EQ(audit("upgrade-blocked").size(), 1U);
    EXPECT_EQ(run_job({.catalogue = "look"})["outcome"], "finished") << "jobs start as before";
    EXPECT_TRUE(broker().running());

    // The end of a job is reason enough to ask again.
    with_line("");
    EXPECT_EQ(run_job({.catalogue = "look"})["outcome"], "finished");
    EXPECT_EQ(stop(0), kRestart) << log();
    go_on();
    EXPECT_EQ(stop(), 0);
}

TEST_F(Upgrade, WrongSettingsKeepItToo) {
    pin({.name = "look", .script = "echo one\n", .catalogue = true});
    start_managed();
    const auto before = place().read("agent.yaml");
    place().append("agent.yaml", "heartbeat_intervall: 1s\n");
    install(BULKHEAD_BROKER);
    reload();
    ASSERT_TRUE(wait_for_stage("blocked")) << log();
    EXPECT_NE(root()["upgrade"]["why"].get<std::string>().find("agent.yaml:"), std::string::npos)
        << root()["upgrade"];
    place().write("agent.yaml", before);
    EXPECT_EQ(run_job({.catalogue = "look"})["outcome"], "finished");
    EXPECT_EQ(stop(0), kRestart) << log();
}

TEST_F(Upgrade, AProgramThatHangsOrSaysNothingIsNoReasonToEnd) {
    start_managed();
    install("/bin/false");
    reload();
    ASSERT_TRUE(wait_for_stage("blocked")) << log();
    EXPECT_EQ(root()["upgrade"]["why"], "its check: it ended with exit status 1");
    EXPECT_EQ(stop(), 0);
}

TEST_F(Upgrade, AfterItsTimeNoJobIsFetchedAndNoneIsRefused) {
    pin({.name = "long",
         .script = "echo begun; until [ -e " + place().scratch() + "/go ]; do sleep 0.1; done\n",
         .catalogue = true});
    pin({.name = "next", .script = "echo next\n", .catalogue = true});
    start_managed({"--upgrade-within", "1s"});
    const auto job = queue({.catalogue = "long"});
    ASSERT_TRUE(wait_for_output(job, "begun"));
    install(BULKHEAD_BROKER);
    reload();
    ASSERT_TRUE(wait_for_stage("pending")) << log();
    ASSERT_TRUE(eventually(
        [&] {
            reload();
            return root()["upgrade"]["state"] == "draining";
        },
        kPatience));
    ASSERT_TRUE(wait_for_status("\"jobs_held\":true"));
    const auto later = queue({.catalogue = "next"});
    ASSERT_TRUE(wait_for_heartbeats(3));
    EXPECT_TRUE(is_queued(later)) << "it stays at the backend";
    EXPECT_TRUE(eventually(
        [&] { return heartbeats().back().dump().find("upgrade-draining") != std::string::npos; },
        kPatience));
    // A worker that comes meanwhile fetches none either.
    const auto before = worker_pid();
    kill_worker();
    ASSERT_NE(wait_for_worker(before), before);
    ASSERT_TRUE(wait_for_heartbeats(2));
    EXPECT_TRUE(is_queued(later));
    place().write("scratch/go", "");
    EXPECT_EQ(stop(0), kRestart) << log();
    EXPECT_TRUE(is_queued(later));
    go_on();
    EXPECT_EQ(result_of(job)["outcome"], "finished");
    EXPECT_EQ(result_of(later)["outcome"], "finished");
    EXPECT_EQ(stop(), 0);
}

TEST_F(Upgrade, WithoutAServiceManagerTheAgentDoesNotEnd) {
    start({"--upgrade-within", "1s"});
    ASSERT_TRUE(eventually([&] { return beats() > 0; }, kPatience)) << log();
    install(BULKHEAD_BROKER);
    reload();
    ASSERT_TRUE(wait_for_stage("pending")) << log();
    EXPECT_TRUE(eventually(
        [&] {
            reload();
            return root()["troubles"].dump().find("upgrade-pending") != std::string::npos;
        },
        kPatience));
    EXPECT_TRUE(broker().running());
    EXPECT_EQ(stop(), 0);
}

TEST_F(Upgrade, AWorkerThatIsStartedMeanwhileIsOfTheVersionThatRuns) {
    const auto worker = place() / "usr/libexec/bulkhead/worker";
    fs::copy_file(BULKHEAD_WORKER, worker);
    pin({.name = "look", .script = "echo one\n", .catalogue = true});
    start({"--worker", worker});
    ASSERT_TRUE(eventually([&] { return beats() > 0; }, kPatience)) << log();
    fs::copy_file("/bin/false", worker + ".dpkg-new");
    fs::rename(worker + ".dpkg-new", worker);
    const auto before = worker_pid();
    kill_worker();
    ASSERT_NE(wait_for_worker(before), before);
    EXPECT_EQ(run_job({.catalogue = "look"})["outcome"], "finished");
    EXPECT_TRUE(audit("protocol-violation").empty());
    EXPECT_EQ(stop(), 0);
}

// As after a downgrade that nobody could refuse.
TEST_F(Upgrade, OnALedgerOfALaterVersionTheAgentReportsAndFetchesNoJob) {
    pin({.name = "look", .script = "echo one\n", .catalogue = true});
    start_managed();
    const auto unreported = queue({.catalogue = "look", .id = "unreported"});
    backend().misbehave({.path = "/v1/jobs/" + unreported + "/result", .status = 503});
    ASSERT_TRUE(wait_for_output(unreported, "one\n"));
    ASSERT_TRUE(wait_for_audit("job-ended"));
    EXPECT_EQ(stop(), 0);

    const auto before = place().read("state/broker/ledger");
    crypto::Digest chain{};
    std::uint64_t count = 0;
    ASSERT_TRUE(
        records::each_record(as_bytes(before), chain, [&](const records::Record& one) -> Result<> {
            count = std::max(count + 1, one.header.count);
            return {};
        }));
    const records::Record later{
        .kind = records::Kind::header,
        .number = JobNumber{100},
        .time = sys::now(),
        .header = {.format = records::Header::kFormat + 1, .count = count + 1}};
    const auto whole = before + std::string(as_text(records::encode(later, chain)));
    place().write("state/broker/ledger", whole);
    place().write("state/broker/written-by", "state-format 1\nversion 0.9.9\n");
    const auto next = queue({.catalogue = "look"});
    go_on();
    EXPECT_TRUE(eventually(
        [&] {
            const auto said = root().dump();
            return said.find("ledger-later") != said.npos &&
                   said.find("install 0.9.9 or newer") != said.npos;
        },
        kPatience))
        << log();
    ASSERT_TRUE(wait_for_heartbeats(3));
    EXPECT_TRUE(is_queued(next));
    EXPECT_TRUE(heartbeats().back().dump().find("ledger-later") != std::string::npos);
    EXPECT_EQ(stop(), 0);
    EXPECT_EQ(place().read("state/broker/ledger"), whole) << "it is as it was";
    EXPECT_EQ(place().read("state/broker/written-by"), "state-format 1\nversion 0.9.9\n");

    // The version that can read it is back.
    place().write("state/broker/ledger", before);
    backend().behave();
    go_on();
    EXPECT_EQ(result_of(unreported)["outcome"], "finished");
    EXPECT_FALSE(result_of(unreported).contains("complete")) << result_of(unreported);
    EXPECT_EQ(result_of(next)["outcome"], "finished");
    EXPECT_EQ(stop(), 0);
}

}  // namespace
}  // namespace bulkhead::test
