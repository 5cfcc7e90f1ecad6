#include "worker/state/spool/spool_job.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/strong.hpp"
#include "tests/support/tree.hpp"
#include "tests/worker/state/spool/fixture.hpp"

namespace bulkhead::worker {
namespace {

using Stop = Taken::Stop;

// A spool with one job and a pipe that the test writes to.
struct OneJob {
    explicit OneJob(std::uint64_t output_max, SpoolLimits limits = {})
        : spool(Spool::open(state.open(), limits).value()),
          job(spool.create(JobNumber{1}, {.output_max = output_max}).value()),
          pipe(sys::make_pipe(1 << 20).value()) {}

    void write(std::string_view text) const {
        ASSERT_TRUE(sys::write_all(pipe.write, as_bytes(text)));
    }
    // As many turns as it takes.
    Stop take(Output which = Output::out) const {
        auto stop = Stop::budget_spent;
        while (stop == Stop::budget_spent) stop = job->take(which, pipe.read).value().stop;
        return stop;
    }
    void write_and_take(std::string_view text, Output which = Output::out) const {
        for (; !text.empty(); text.remove_prefix(std::min(text.size(), 1_MiB / 2))) {
            write(text.substr(0, 1_MiB / 2));
            ASSERT_EQ(take(which), Stop::empty);
        }
    }
    void end_both() const {
        ASSERT_TRUE(job->end(Output::out));
        ASSERT_TRUE(job->end(Output::err));
    }
    // As if the worker had been killed and started again.
    void restart() {
        spool = Spool::open(state.open(), SpoolLimits{}).value();
        job = spool.find(JobNumber{1});
        ASSERT_NE(job, nullptr);
    }
    std::string path(std::string_view name) const {
        return state / ("spool/1/" + std::string(name));
    }

    test::TempDir state;
    Spool spool;
    SpoolJob* job;
    sys::Pipe pipe;
};

// What became of the pipe of standard output until another worker took it over, and what follows.
struct Handover {
    const char* name;
    bool eof_seen;     // by the worker before
    bool has_pipe;     // the new one, and it is at its end
    unsigned run = 1;  // that the broker says
    bool incomplete;
};
void PrintTo(const Handover& each, std::ostream* out) { *out << each.name; }

class SpoolJobHandover : public testing::TestWithParam<Handover> {};

TEST_P(SpoolJobHandover, IsCompleteOnlyIfTheEndOfEachRunWasSeen) {
    const auto& how = GetParam();
    OneJob one(1_MiB);
    ASSERT_TRUE(one.job->take_over(Output::out, true, 1));
    one.write_and_take("first");
    if (how.eof_seen) {
        one.pipe.write.reset();
        ASSERT_EQ(one.take(), Stop::end);
    }
    one.restart();
    ASSERT_TRUE(one.job->take_over(Output::out, how.has_pipe, how.run));
    if (how.has_pipe) {
        one.pipe = sys::make_pipe().value();
        one.pipe.write.reset();
        ASSERT_EQ(one.take(), Stop::end);
    }
    ASSERT_TRUE(one.job->end(Output::out));
    EXPECT_EQ(one.job->totals(Output::out).incomplete, how.incomplete);
    one.restart();
    EXPECT_EQ(one.job->totals(Output::out).incomplete, how.incomplete) << "after a restart";
    ASSERT_TRUE(one.job->take_over(Output::out, false, 0));
    EXPECT_EQ(one.job->totals(Output::out).incomplete, how.incomplete) << "its end stays as it was";
}

INSTANTIATE_TEST_SUITE_P(
    , SpoolJobHandover,
    testing::Values(
        Handover{.name = "SamePipe", .eof_seen = false, .has_pipe = true, .incomplete = false},
        Handover{.name = "PipeLost", .eof_seen = false, .has_pipe = false, .incomplete = true},
        Handover{
            .name = "PipeLostAtItsEnd", .eof_seen = true, .has_pipe = false, .incomplete = false},
        Handover{.name = "PipeLostAndNobodyKnowsOfAnotherRun",
                 .eof_seen = true,
                 .has_pipe = false,
                 .run = 0,
                 .incomplete = true},
        Handover{.name = "SecondRunWhoseFirstWasSeen",
                 .eof_seen = true,
                 .has_pipe = true,
                 .run = 2,
                 .incomplete = false},
        Handover{.name = "SecondRunWhoseFirstWasLost",
                 .eof_seen = false,
                 .has_pipe = true,
                 .run = 2,
                 .incomplete = true},
        Handover{.name = "SecondRunLost",
                 .eof_seen = true,
                 .has_pipe = false,
                 .run = 2,
                 .incomplete = true}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(SpoolJob, ThatTookNothingOverAndEndsIsNotComplete) {
    OneJob one(1_MiB);
    one.end_both();
    EXPECT_TRUE(one.job->totals(Output::out).incomplete);
    EXPECT_TRUE(one.job->totals(Output::err).incomplete);
}

TEST(SpoolJob, OfADirectoryThatCouldNotBeUsedHasLostOutput) {
    OneJob one(1_MiB);
    one.write_and_take("gone");
    ASSERT_EQ(::truncate(one.path("checkpoint").c_str(), 0), 0);
    ASSERT_EQ(::unlink(one.path("stderr").c_str()), 0);
    one.spool = Spool::open(one.state.open(), SpoolLimits{}).value();
    ASSERT_EQ(one.spool.find(JobNumber{1}), nullptr);
    one.job = one.spool.create(JobNumber{1}, {.output_max = 1_MiB}).value();
    ASSERT_TRUE(one.job->take_over(Output::out, true, 1));
    one.pipe.write.reset();
    ASSERT_EQ(one.take(), Stop::end);
    ASSERT_TRUE(one.job->end(Output::out));
    EXPECT_TRUE(one.job->totals(Output::out).incomplete);
}

TEST(SpoolJob, HandsOnWhatThePipeHolds) {
    OneJob one(1_MiB);
    EXPECT_EQ(one.take(), Stop::empty);
    EXPECT_FALSE(one.job->next_chunk(Output::out, 100));
    one.write("hello world");
    const auto taken = one.job->take(Output::out, one.pipe.read).value();
    EXPECT_EQ(taken.bytes, 11U);
    EXPECT_EQ(taken.stop, Stop::empty);

    const auto chunk = one.job->next_chunk(Output::out, 5);
    ASSERT_TRUE(chunk);
    EXPECT_EQ(chunk->offset, 0U);
    EXPECT_EQ(chunk->skip_from, std::nullopt);
    EXPECT_EQ(one.job->read(Output::out, *chunk).value(), "hello");
    ASSERT_TRUE(one.job->acknowledge(Output::out, 5));
    EXPECT_EQ(one.job->read(Output::out, *one.job->next_chunk(Output::out, 100)).value(), " world");
    ASSERT_TRUE(one.job->acknowledge(Output::out, 11));
    EXPECT_FALSE(one.job->next_chunk(Output::out, 100));
    EXPECT_FALSE(one.job->next_chunk(Output::err, 100));
}

TEST(SpoolJob, IsDeliveredWhenBothStreamsEndedAndEverythingIsAcknowledged) {
    OneJob one(1_MiB);
    one.write("x");
    one.pipe.write.reset();
    EXPECT_EQ(one.take(), Stop::end);
    EXPECT_FALSE(one.job->ended(Output::out));  // a merged stream may have a second pipe
    ASSERT_TRUE(one.job->end(Output::out));
    ASSERT_TRUE(one.job->acknowledge(Output::out, 1));
    EXPECT_FALSE(one.job->delivered());
    ASSERT_TRUE(one.job->end(Output::err));
    EXPECT_TRUE(one.job->delivered());
    EXPECT_EQ(one.take(), Stop::end);
    EXPECT_EQ(one.job->totals(Output::out).sha256, crypto::sha256(as_bytes("x")));
    EXPECT_EQ(one.job->totals(Output::err).sha256, crypto::sha256({}));
}

TEST(SpoolJob, LeavesOutTheMiddleOfTooMuchOutput) {
    OneJob one(1_MiB);
    const auto text = output_bytes(7, 0, 5_MiB);
    one.write_and_take(text);
    // The head is on offer while the job runs; the tail when it is known to be the tail.
    const auto head = one.job->next_chunk(Output::out, 16_MiB).value();
    EXPECT_EQ(head.offset, 0U);
    EXPECT_EQ(head.length, 1_MiB - 128_KiB);
    ASSERT_TRUE(one.job->acknowledge(Output::out, head.length));
    EXPECT_FALSE(one.job->next_chunk(Output::out, 16_MiB));
    one.end_both();
    const auto tail = one.job->next_chunk(Output::out, 16_MiB).value();
    EXPECT_EQ(tail.offset, 5_MiB - 128_KiB);
    EXPECT_EQ(tail.length, 128_KiB);
    EXPECT_EQ(tail.skip_from, head.length);
    EXPECT_EQ(one.job->read(Output::out, tail).value(), text.substr(tail.offset));
    ASSERT_TRUE(one.job->acknowledge(Output::out, 5_MiB));
    EXPECT_TRUE(one.job->delivered());
    const auto totals = one.job->totals(Output::out);
    EXPECT_EQ(totals.bytes, 5_MiB);
    EXPECT_EQ(totals.dropped, 4_MiB);
    EXPECT_EQ(totals.sha256, crypto::sha256(as_bytes(text)));
}

TEST(SpoolJob, HoldsATailBackWhileTheOtherStreamMayStillNeedTheRoom) {
    OneJob one(1_MiB);
    one.write_and_take(output_bytes(1, 0, 2_MiB));
    ASSERT_TRUE(one.job->acknowledge(Output::out, 1_MiB - 128_KiB));
    ASSERT_TRUE(one.job->end(Output::out));
    EXPECT_FALSE(one.job->next_chunk(Output::out, 1_MiB));
    one.write_and_take(output_bytes(2, 0, 2_MiB), Output::err);
    ASSERT_TRUE(one.job->end(Output::err));
    EXPECT_EQ(one.job->next_chunk(Output::out, 1_MiB).value().length, 64_KiB);
    EXPECT_EQ(one.job->next_chunk(Output::err, 1_MiB).value().length, 64_KiB);
    EXPECT_EQ(one.job->next_chunk(Output::err, 1_MiB).value().skip_from, 0U);
}

TEST(SpoolJob, CountsAndHashesOutputOfWhichNothingIsKept) {
    OneJob one(0);
    one.write_and_take("nobody will read this");
    one.end_both();
    EXPECT_TRUE(one.job->delivered());
    EXPECT_EQ(one.job->totals(Output::out).dropped, 21U);
    EXPECT_EQ(one.job->totals(Output::out).sha256,
              crypto::sha256(as_bytes("nobody will read this")));
}

TEST(SpoolJob, ABackendMayAcknowledgeLessAndGetTheRestAgain) {
    OneJob one(1_MiB);
    one.write_and_take("0123456789");
    ASSERT_TRUE(one.job->acknowledge(Output::out, 8));
    ASSERT_TRUE(one.job->acknowledge(Output::out, 3));
    const auto chunk = one.job->next_chunk(Output::out, 100).value();
    EXPECT_EQ(one.job->read(Output::out, chunk).value(), "3456789");
}

TEST(SpoolJob, ABackendThatForgotWhatIsReleasedIsToldOfTheHole) {
    OneJob one(64_MiB, {.job_bytes = 1_MiB, .total_bytes = 1_MiB});
    const auto text = output_bytes(3, 0, 1_MiB - 128_KiB);
    one.write_and_take(text);
    ASSERT_TRUE(one.job->acknowledge(Output::out, 512_KiB));  // a batch: released
    ASSERT_TRUE(one.job->acknowledge(Output::out, 600_KiB));
    ASSERT_TRUE(one.job->acknowledge(Output::out, 100));
    const auto chunk = one.job->next_chunk(Output::out, 1_MiB).value();
    EXPECT_EQ(chunk.skip_from, 100U);
    EXPECT_EQ(chunk.offset, 512_KiB);
    EXPECT_EQ(one.job->read(Output::out, chunk).value(), text.substr(512_KiB));
    EXPECT_EQ(one.job->totals(Output::out).dropped, 0U);
}

TEST(SpoolJob, WhatIsReleasedIsKnownAfterARestart) {
    OneJob one(64_MiB, {.job_bytes = 1_MiB, .total_bytes = 1_MiB});
    one.write_and_take(output_bytes(3, 0, 900_KiB));
    ASSERT_TRUE(one.job->acknowledge(Output::out, 512_KiB));
    one.restart();
    ASSERT_TRUE(one.job->acknowledge(Output::out, 100));
    EXPECT_EQ(one.job->next_chunk(Output::out, 1_MiB).value().offset, 512_KiB);
}

TEST(SpoolJob, TheEndIsKnownAfterARestart) {
    OneJob one(1_MiB);
    one.end_both();
    one.restart();
    EXPECT_TRUE(one.job->delivered());
}

TEST(SpoolJob, ABackendCannotAcknowledgeWhatItWasNeverSent) {
    OneJob one(1_MiB);
    one.write_and_take(output_bytes(1, 0, 2_MiB));
    // The tail is not on offer yet.
    EXPECT_EQ(one.job->acknowledge(Output::out, 2_MiB).error().kind, Error::Kind::never_sent);
    EXPECT_EQ(one.job->acknowledge(Output::err, 1).error().kind, Error::Kind::never_sent);
    EXPECT_EQ(one.job->next_chunk(Output::out, 10).value().offset, 0U);
    one.end_both();
    EXPECT_FALSE(one.job->acknowledge(Output::out, 2_MiB + 1));
    EXPECT_TRUE(one.job->acknowledge(Output::out, 2_MiB));
}

TEST(SpoolJob, AFullSpoolStopsReadingUntilTheBackendTakesSomething) {
    OneJob one(1_GiB, {.job_bytes = 1_MiB, .total_bytes = 1_MiB});
    const auto text = output_bytes(5, 0, 3_MiB);
    const auto held = std::make_unique<HeldJob>();
    std::size_t written = 0;
    ASSERT_TRUE(sys::set_nonblocking(one.pipe.write, true));
    auto write_until_blocked = [&] {
        for (ssize_t put = 0; put >= 0; written += static_cast<std::size_t>(put)) {
            put = ::write(one.pipe.write.get(), text.data() + written, text.size() - written);
            if (put <= 0) break;
        }
    };
    write_until_blocked();
    EXPECT_EQ(one.take(), Stop::quota);
    write_until_blocked();
    EXPECT_EQ(one.job->take(Output::out, one.pipe.read).value().bytes, 0U);
    // The spool and the pipe are full: this is what the job feels.
    EXPECT_LE(written, 2_MiB);
    EXPECT_GE(one.spool.owed(), 1_MiB - 64_KiB);
    EXPECT_LE(one.spool.owed(), 1_MiB);
    while (written < text.size()) {
        ASSERT_TRUE(upload(*one.job, Output::out, *held, 300'000).value());
        one.take();
        write_until_blocked();
    }
    one.pipe.write.reset();
    while (one.take() != Stop::end) {
        ASSERT_TRUE(upload(*one.job, Output::out, *held, 300'000).value());
    }
    one.end_both();
    while (upload(*one.job, Output::out, *held, 300'000).value()) {
    }
    EXPECT_EQ(what_is_wrong(*one.job, *held, 5, {text.size(), 0}), "");
    EXPECT_EQ(one.spool.owed(), 0U);
}

TEST(SpoolJob, WithLittleWaitingGoesOnThoughTheSpoolIsFull) {
    OneJob greedy(1_GiB, {.job_bytes = 1_MiB, .total_bytes = 1_MiB});
    auto& modest = *greedy.spool.create(JobNumber{2}, {.output_max = 1_MiB}).value();
    greedy.write(std::string(1_MiB, 'g'));
    EXPECT_EQ(greedy.take(), Stop::quota);
    auto pipe = sys::make_pipe(1 << 20).value();
    ASSERT_TRUE(sys::write_all(pipe.write, as_bytes(std::string(1_MiB, 'm'))));
    const auto taken = modest.take(Output::out, pipe.read).value();
    EXPECT_EQ(taken.stop, Stop::quota);
    EXPECT_GE(taken.bytes, 128_KiB);
    EXPECT_LE(taken.bytes, 256_KiB);
}

TEST(SpoolJob, OverItsLimitNeverWaitsForTheBackend) {
    OneJob one(1_MiB, {.job_bytes = 2_MiB, .total_bytes = 2_MiB});
    one.write_and_take(output_bytes(2, 0, 20_MiB));
    EXPECT_EQ(one.job->totals(Output::out).bytes, 20_MiB);
    EXPECT_EQ(one.spool.owed(), 1_MiB);
}

TEST(SpoolJob, GoesOnAfterARestartWithWhatTheFilesSay) {
    OneJob one(1_MiB);
    one.write_and_take("first ");
    ASSERT_TRUE(one.job->acknowledge(Output::out, 4));
    // Killed between splice and checkpoint: the file holds more than is accounted for.
    const sys::Fd file(::open(one.path("stdout").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    ASSERT_TRUE(sys::write_all(file, as_bytes("second ")));
    one.restart();
    EXPECT_EQ(one.job->totals(Output::out).bytes, 13U);
    one.write_and_take("third");
    one.end_both();
    const auto chunk = one.job->next_chunk(Output::out, 100).value();
    EXPECT_EQ(chunk.offset, 4U);
    EXPECT_EQ(one.job->read(Output::out, chunk).value(), "t second third");
    EXPECT_EQ(one.job->totals(Output::out).sha256, crypto::sha256(as_bytes("first second third")));
}

TEST(SpoolJob, WhatTheHostLostCountsAsDropped) {
    OneJob one(1_MiB);
    one.write_and_take("0123456789");
    ASSERT_TRUE(one.job->acknowledge(Output::out, 2));
    ASSERT_EQ(::truncate(one.path("stdout").c_str(), 6), 0);
    one.restart();
    EXPECT_EQ(one.take(), Stop::end) << "no job outlives its host";
    one.end_both();
    EXPECT_EQ(one.job->read(Output::out, one.job->next_chunk(Output::out, 100).value()).value(),
              "2345");
    ASSERT_TRUE(one.job->acknowledge(Output::out, 6));
    EXPECT_TRUE(one.job->delivered());
    const auto totals = one.job->totals(Output::out);
    EXPECT_EQ(totals.bytes, 10U);
    EXPECT_EQ(totals.dropped, 4U);
    EXPECT_EQ(totals.sha256, crypto::sha256(as_bytes("0123456789")));
}

TEST(SpoolJob, ACheckpointThatContradictsItselfIsAProblemAndNotAGuess) {
    OneJob one(1_MiB);
    one.write_and_take("0123456789");
    auto checkpoint = AtomicRecord::open(one.state.open(), "spool/1/checkpoint", 4_KiB).value();
    auto record = checkpoint.record();
    record[0] = std::byte{11};  // a head longer than the output
    ASSERT_TRUE(checkpoint.store(record));
    const auto spool = Spool::open(one.state.open()).value();
    ASSERT_EQ(spool.problems().size(), 1U);
    EXPECT_EQ(spool.problems()[0].what, "spool/1: checkpoint: offsets contradict each other");
}

}  // namespace
}  // namespace bulkhead::worker
