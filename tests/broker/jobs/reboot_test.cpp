#include "broker/jobs/reboot.hpp"

#include <sys/stat.h>

#include "broker/jobs/kept_job.hpp"
#include "common/sys/clock.hpp"
#include "tests/broker/jobs/job_fixture.hpp"
#include "tests/broker/records/samples.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using namespace std::chrono_literals;

// A host that writes down that it was asked to restart, and goes on.
struct RebootTest : CgroupFixture {
    test::TempDir place;
    sys::Dir dir = place.open();
    sys::Loop loop = sys::Loop::create().value();
    sys::Log log{"test", -1};
    std::optional<records::Ledger> ledger{records::Ledger::open(dir, sys::now()).value()};
    std::optional<records::Audit> audit{records::Audit::open(dir).value()};
    std::optional<Jobs> jobs;
    std::optional<Reboot> reboot;
    std::vector<JobNumber> ended;
    const std::string program = place / "systemctl";

    void SetUp() override {
        CgroupFixture::SetUp();
        if (!tree) return;
        jobs.emplace(
            loop, *tree, *ledger, *audit, log,
            [this](JobNumber number, const protocol::JobEnd&) { ended.push_back(number); });
        host_answers(0);
        begin("this boot");
    }
    void host_answers(int code) {
        const auto text =
            "#!/bin/sh\necho \"$@\" >>" + place / "asked" + "\nexit " + std::to_string(code) + "\n";
        ASSERT_TRUE(dir.write_atomic("systemctl", text, 0755));
        ASSERT_EQ(::chmod(program.c_str(), 0755), 0);
    }
    void begin(const std::string& boot, Patience patience = {}) {
        reboot.reset();
        reboot.emplace(loop, place.open(), *jobs, *audit, log, program, boot, patience);
        jobs->watch([this](JobNumber number) { reboot->ask(number); },
                    [this] { reboot->consider(); });
        ASSERT_TRUE(reboot->adopt());
    }
    JobNumber start(std::string_view script) {
        auto profile = permissive();
        profile.user = profile.group = "root";
        auto plan = plan_of(profile, script);
        plan.reboot_mark = place / "mark";
        return jobs
            ->start(jobs->prepare(plan).value(), plan, records::sample_start(++count_, sys::now()),
                    600s)
            .value();
    }
    void await_end(JobNumber number) {
        while (!std::ranges::count(ended, number)) ASSERT_TRUE(loop.step(60s));
    }
    std::string asked() const { return dir.read_file("asked", 1000).value_or(""); }
    bool audited(const std::string& event) const {
        return dir.read_file("audit.log", 1 << 20).value().find('"' + event + '"') !=
               std::string::npos;
    }
    void until(const std::function<bool()>& done) {
        while (!done()) ASSERT_TRUE(loop.step(60s));
    }
    // What is to be done at once is done then.
    void turn() {
        for (int i = 0; i < 10; ++i) ASSERT_TRUE(loop.step(0ms));
    }

  private:
    std::uint64_t count_ = 0;
};

TEST_F(RebootTest, WaitsUntilTheBackendHasTheResult) {
    const auto number = start("exit 194");
    await_end(number);
    EXPECT_TRUE(reboot->pending());
    EXPECT_TRUE(audited("reboot-requested"));
    turn();
    EXPECT_FALSE(audited("rebooting"));
    EXPECT_TRUE(jobs->acknowledge(number));
    until([&] { return !asked().empty(); });
    EXPECT_EQ(asked(), "reboot\n");
    EXPECT_TRUE(audited("rebooting"));
}

TEST_F(RebootTest, WaitsForAResultOnlySoLong) {
    begin("this boot", {.results = 1ms, .jobs = 1h, .to_go_down = 1h});
    await_end(start("exit 194"));
    until([&] { return !asked().empty(); });
}

TEST_F(RebootTest, WaitsForTheJobsThatRun) {
    const auto other = start("read line </proc/self/fd/0; sleep 600");
    const auto number = start("exit 194");
    await_end(number);
    EXPECT_TRUE(jobs->acknowledge(number));
    turn();
    EXPECT_FALSE(audited("rebooting"));
    jobs->cancel(other);
    await_end(other);
    until([&] { return !asked().empty(); });
}

TEST_F(RebootTest, WaitsForJobsOnlySoLong) {
    begin("this boot", {.results = 1ms, .jobs = 2ms, .to_go_down = 1h});
    start("sleep 600");
    await_end(start("exit 194"));
    until([&] { return !asked().empty(); });
    EXPECT_EQ(jobs->running(), 1U);
}

TEST_F(RebootTest, IsNotForgottenByABrokerThatIsRestarted) {
    const auto number = start("exit 194");
    await_end(number);
    EXPECT_TRUE(jobs->acknowledge(number));
    begin("this boot");
    EXPECT_TRUE(reboot->pending());
    until([&] { return !asked().empty(); });
}

TEST_F(RebootTest, IsDoneInTheNextBootAndNotAskedForAgain) {
    await_end(start("exit 194"));
    begin("the next boot");
    EXPECT_FALSE(reboot->pending());
    EXPECT_TRUE(audited("rebooted"));
    turn();
    EXPECT_EQ(asked(), "");
    begin("the next boot");
    EXPECT_FALSE(reboot->pending());
}

TEST_F(RebootTest, ThatIsRefusedIsToldAndKeepsNoJobsAway) {
    host_answers(1);
    const auto number = start("exit 194");
    await_end(number);
    EXPECT_TRUE(jobs->acknowledge(number));
    until([&] { return audited("reboot-failed"); });
    EXPECT_FALSE(reboot->pending());
    begin("this boot");
    EXPECT_FALSE(reboot->pending()) << "nor does the next broker ask again";
}

TEST_F(RebootTest, ThatDoesNotComeIsToldAndKeepsNoJobsAway) {
    begin("this boot", {.results = 1ms, .jobs = 2ms, .to_go_down = 1ms});
    await_end(start("exit 194"));
    until([&] { return audited("reboot-failed"); });
    EXPECT_EQ(asked(), "reboot\n");
    EXPECT_FALSE(reboot->pending());
}

TEST_F(RebootTest, IsAskedOfNoProgramThatOthersCouldWrite) {
    ASSERT_EQ(::chmod(program.c_str(), 0777), 0);
    const auto number = start("exit 194");
    await_end(number);
    EXPECT_TRUE(jobs->acknowledge(number));
    until([&] { return audited("reboot-failed"); });
    EXPECT_EQ(asked(), "");
}

KeptJob sample_kept() {
    KeptJob job;
    job.boot = decltype(job.boot)::clipped("this boot");
    job.backend = decltype(job.backend)::clipped("fleet");
    job.delivery_id.value = protocol::Label::clipped("delivery-1");
    job.streams = protocol::Streams::merged;
    job.params.items.push_back({protocol::Name::clipped("days"), protocol::Detail::clipped("90")});
    job.with_manifest = true;
    job.script = std::string("#!/bin/sh\n\0binary", 17);
    job.manifest = "bulkhead-job v1\n";
    job.signatures = "armored";
    return job;
}

TEST(KeptJobs, ReadBackAsTheyWereKept) {
    const test::TempDir place;
    const KeptJobs jobs(place.open());
    const auto job = sample_kept();
    ASSERT_TRUE(jobs.keep(JobNumber{7}, job));
    EXPECT_EQ(jobs.list(), std::vector{JobNumber{7}});
    const auto again = jobs.read(JobNumber{7}).value();
    EXPECT_EQ(again.boot, job.boot);
    EXPECT_EQ(again.delivery_id, job.delivery_id);
    EXPECT_EQ(again.streams, job.streams);
    EXPECT_EQ(again.params.items.at(0).value.str(), "90");
    EXPECT_EQ(again.script, job.script);
    EXPECT_EQ(again.manifest, job.manifest);
    EXPECT_EQ(again.signatures, job.signatures);
    ASSERT_TRUE(jobs.remove(JobNumber{7}));
    EXPECT_TRUE(jobs.list().empty());
    EXPECT_FALSE(jobs.read(JobNumber{7}));
}

TEST(KeptJobs, ThatWereCutAreAnErrorWhereverItIs) {
    const test::TempDir place;
    const auto dir = place.open();
    const KeptJobs jobs(place.open());
    ASSERT_TRUE(jobs.keep(JobNumber{7}, sample_kept()));
    const auto whole = dir.read_file("resume-7", 1_MiB).value();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        ASSERT_TRUE(dir.write_atomic("resume-7", whole.substr(0, size), 0600));
        EXPECT_FALSE(jobs.read(JobNumber{7})) << size;
    }
}

TEST(BootId, IsThatOfTheKernel) {
    EXPECT_EQ(boot_id().value().size(), 37U);
    EXPECT_EQ(boot_id().value(), boot_id().value());
}

}  // namespace
}  // namespace bulkhead::broker
