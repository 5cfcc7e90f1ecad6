// What becomes of jobs between their being handed out and their first octet.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <filesystem>

#include "tests/support/forked.hpp"
#include "tests/support/tree.hpp"
#include "tests/worker/duties/bench.hpp"

namespace bulkhead::worker {
namespace {

using test::Bench;

TEST(JobDuty, ARefusalGoesOutAgainAfterARejectedCredential) {
    const bulkhead::test::TempDir state;
    Bench bench(state.open());
    bench.on_result = [&bench](const JobResult&) -> Answer<> {
        if (bench.results_sent > 2) return {};
        return std::unexpected(
            Failure{.kind = Failure::Kind::credential_rejected, .text = "made up"});
    };
    bench.news.push_back({.offer = JobOffer{.id = "odd", .work = UnusableJob{"made up"}}});
    bench.duty().start();
    EXPECT_TRUE(bench.run_until([&] { return bench.results.size() == 1; }));
    EXPECT_EQ(bench.results_sent, 3U);
    EXPECT_EQ(bench.duty().unreported(), 0U);
    EXPECT_EQ(bench.events, std::vector<std::string>{"refused odd refusedjob-unusable"});
}

// The bench's broker answers nothing that makes sense. A real one may have started the job.
TEST(JobDuty, AJobWhoseBrokerIsLostIsNotRefused) {
    const bulkhead::test::TempDir state;
    Bench bench(state.open());
    bench.news.push_back({.offer = JobOffer{.id = "lost", .work = CatalogueJob{.name = "x"}}});
    bench.duty().start();
    EXPECT_TRUE(bench.run_until([&] { return !bench.fatal.empty(); }));
    bench.run_for(std::chrono::milliseconds(50));
    EXPECT_EQ(bench.results_sent, 0U);
    EXPECT_EQ(bench.duty().unreported(), 0U);
}

// Its backend did not order it, and may have another job of the same id.
TEST(JobDuty, AJobOfAnEarlierEnrolmentEndsAndIsToldToNobody) {
    const bulkhead::test::TempDir state;
    Bench bench(state.open());
    bench.duty().belongs_to("0123abcd");
    const auto pipes = bench.start_job();  // told to root as "job-1"
    bench.duty().start();
    EXPECT_TRUE(bench.duty().running_ids().empty()) << "so that another job-1 is taken";
    EXPECT_EQ(::write(pipes.out.get(), "old", 3), 3);
    bench.end_job();
    EXPECT_TRUE(bench.run_until([&] { return bench.asked(protocol::AckJob::spec.id) == 1; }));
    EXPECT_TRUE(bench.pieces.empty());
    EXPECT_TRUE(bench.results.empty());
    EXPECT_TRUE(bench.duty().idle());
}

TEST(JobDuty, WhatRunsWhenTheHostIsEnrolledAnewBelongsToNobodyEither) {
    const bulkhead::test::TempDir state;
    Bench bench(state.open());
    const auto pipes = bench.start_job();
    bench.duty().start();
    EXPECT_EQ(bench.duty().running_ids().size(), 1U);
    bench.duty().forget_all();
    bench.duty().belongs_to("0123abcd");
    EXPECT_TRUE(bench.duty().running_ids().empty());
    bench.end_job();
    EXPECT_TRUE(bench.run_until([&] { return bench.asked(protocol::AckJob::spec.id) == 1; }));
    EXPECT_TRUE(bench.results.empty());
}

const std::string kCannot = "may not mount here";

// The state is a file system of its own, private to this process, and full.
std::string on_a_full_disk(const std::function<std::string(Bench&, const sys::Dir&)>& story) {
    const bulkhead::test::TempDir place;
    return bulkhead::test::forked([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0) return kCannot;
        if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kCannot;
        if (::mount("none", place.path().c_str(), "tmpfs", 0, "size=512k") != 0) return kCannot;
        const auto disk = place.open();
        Bench bench(place.open());
        const auto filler = disk.open_at("filler", O_WRONLY | O_CREAT, 0600).value();
        const std::string page(4096, 'f');
        while (::write(filler.get(), page.data(), page.size()) > 0) {
        }
        return story(bench, disk);
    });
}

// With the mark of the enrolment they are longer than what root takes.
TEST(JobDuty, ALongIdIsToldToRootAsAHashAndFoundAgain) {
    for (const auto size : {std::size_t{119}, std::size_t{120}, std::size_t{128}}) {
        const std::string id(size, 'x');
        const bulkhead::test::TempDir state;
        Bench bench(state.open());
        bench.duty().belongs_to("0123abcd");
        std::string told;
        bench.on_start = [&](const protocol::StartCatalogueJob& job) {
            told = job.delivery_id.value.str();
            return protocol::StartReply{.decision = protocol::Decision::refused};
        };
        bench.news.push_back({.offer = JobOffer{.id = {id}, .work = CatalogueJob{.name = "x"}}});
        bench.duty().start();
        ASSERT_TRUE(bench.run_until([&] { return bench.results.size() == 1; }));
        EXPECT_NE(bench.results[0].reason, "job-unusable") << bench.results[0].detail;
        EXPECT_TRUE(told.ends_with("@0123abcd")) << told;
        EXPECT_EQ(told.starts_with("sha256:"), size > 119) << told;

        ASSERT_TRUE(bench.spool().create(JobNumber{1}, {.backend = "fleet", .delivery_id = {id}}));
        protocol::UnreportedJob job;
        job.number = JobNumber{1};
        job.delivery_id.value = protocol::Label::clipped(told);
        job.ended = true;
        bench.duty().adopt(std::move(job));
        ASSERT_TRUE(bench.run_until([&] { return bench.results.size() == 2; }));
        EXPECT_EQ(bench.results[1].delivery_id.value, id);
    }
}

// Its worker died before there was a spool.
TEST(JobDuty, OfAHashAloneNobodyIsTold) {
    const bulkhead::test::TempDir state;
    Bench bench(state.open());
    bench.duty().belongs_to("0123abcd");
    protocol::UnreportedJob job;
    job.number = JobNumber{1};
    job.delivery_id.value = protocol::Label::clipped(
        "sha256:" + crypto::hex(crypto::sha256(as_bytes("some id"))) + "@0123abcd");
    job.ended = true;
    bench.duty().adopt(std::move(job));
    bench.duty().start();
    EXPECT_TRUE(bench.run_until([&] { return bench.asked(protocol::AckJob::spec.id) == 1; }));
    EXPECT_TRUE(bench.results.empty());
}

// Else the next worker reports the refusal of a job that ran.
TEST(JobDuty, AnEarlyJobWhoseRefusalCannotBeForgottenIsNotAskedForAgain) {
    const bulkhead::test::TempDir state;
    Bench bench(state.open());
    bench.on_start = [](const protocol::StartCatalogueJob&) {
        return protocol::StartReply{.decision = protocol::Decision::refused,
                                    .reason = protocol::Code::clipped("too-early"),
                                    .due_in_s = 1};
    };
    bench.news.push_back({.offer = JobOffer{.id = "early", .work = CatalogueJob{.name = "x"}}});
    bench.duty().start();
    std::filesystem::path kept;
    ASSERT_TRUE(bench.run_until([&] {
        for (const auto& file : std::filesystem::recursive_directory_iterator(state.path())) {
            if (file.path().string().contains("refusals/")) kept = file.path();
        }
        return !kept.empty() && !kept.string().ends_with(".new");
    }));
    // unlink(2) of a directory fails.
    std::filesystem::remove(kept);
    std::filesystem::create_directories(kept / "x");
    ASSERT_TRUE(bench.run_until([&] { return bench.results.size() == 1; }));
    EXPECT_EQ(bench.results[0].reason, "too-early");
    EXPECT_EQ(bench.asked(protocol::StartCatalogueJob::spec.id), 1U);
}

TEST(JobDuty, AJobThatWaitsForRoomOnTheDiskCanBeCancelled) {
    const auto told = on_a_full_disk([](Bench& bench, const sys::Dir& disk) -> std::string {
        const auto pipes = bench.start_job();
        bench.duty().start();
        bench.news.push_back({.cancels = {{"job-1"}}});
        const auto cancelled = [&] { return bench.asked(protocol::CancelJob::spec.id) == 1; };
        if (!bench.run_until(cancelled)) return "not cancelled";
        bench.end_job();
        if (!disk.remove_file("filler")) return "remove";
        bench.run_for(std::chrono::milliseconds(1));
        return bench.spool().jobs().empty() ? "" : "it did not wait for room";
    });
    if (told == kCannot) GTEST_SKIP() << kCannot;
    EXPECT_EQ(told, "");
}

// While jobs are held the backend keeps them.
TEST(JobDuty, HeldItFetchesNoneAndSaysSoOnce) {
    const bulkhead::test::TempDir state;
    Bench bench(state.open());
    bench.kind.long_polls = true;
    bench.duty().start();
    ASSERT_TRUE(bench.run_until([&] { return bench.polls > 0; }));
    bench.duty().hold(true);
    EXPECT_EQ(bench.times_held, 1U) << "a long poll is given up at once";
    bench.news.push_back({.offer = JobOffer{.id = "later", .work = UnusableJob{"made up"}}});
    bench.run_for(std::chrono::milliseconds(50));
    EXPECT_TRUE(bench.results.empty());
    EXPECT_EQ(bench.times_held, 1U);
    bench.duty().hold(false);
    EXPECT_TRUE(bench.run_until([&] { return bench.results.size() == 1; }));
}

// A backend may hand out a job once only, and has done so when its answer is under way.
TEST(JobDuty, HeldItWaitsForAnAnswerThatIsUnderWayAndStartsItsJob) {
    const bulkhead::test::TempDir state;
    Bench bench(state.open());
    bench.on_start = [](const protocol::StartCatalogueJob&) {
        return protocol::StartReply{.decision = protocol::Decision::refused};
    };
    bench.news.push_back({.offer = JobOffer{.id = "last", .work = CatalogueJob{.name = "x"}}});
    bench.duty().start();
    bench.duty().hold(true);
    EXPECT_EQ(bench.times_held, 0U);
    ASSERT_TRUE(bench.run_until([&] { return bench.times_held == 1; }));
    EXPECT_EQ(bench.asked(protocol::StartCatalogueJob::spec.id), 1U) << "before it said so";
}

TEST(JobDuty, HeldItKeepsAJobThatIsTooEarlyYetUntilItIsDue) {
    const bulkhead::test::TempDir state;
    Bench bench(state.open());
    unsigned asked = 0;
    bench.on_start = [&](const protocol::StartCatalogueJob&) {
        return protocol::StartReply{.decision = protocol::Decision::refused,
                                    .reason = protocol::Code::clipped("too-early"),
                                    .due_in_s = asked++ == 0 ? 1U : 0U};
    };
    bench.news.push_back({.offer = JobOffer{.id = "early", .work = CatalogueJob{.name = "x"}}});
    bench.duty().start();
    ASSERT_TRUE(bench.run_until([&] { return asked == 1; }));
    bench.duty().hold(true);
    EXPECT_EQ(bench.times_held, 0U);
    ASSERT_TRUE(bench.run_until([&] { return bench.times_held == 1; }));
    EXPECT_EQ(asked, 2U);
}

}  // namespace
}  // namespace bulkhead::worker
