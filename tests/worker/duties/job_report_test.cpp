// Output and results on their way to a backend that is slow, small-minded or wrong.
#include <fcntl.h>
#include <sys/resource.h>

#include <csignal>

#include "tests/support/forked.hpp"
#include "tests/support/tree.hpp"
#include "tests/worker/duties/bench.hpp"
#include "worker/backend/json/utf8.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using Kind = Failure::Kind;
using test::Bench;

std::unexpected<Failure> answered(Kind kind) {
    return std::unexpected(Failure{.kind = kind, .text = "made up"});
}

class JobReportTest : public testing::Test {
  protected:
    // As much as the pipe takes now; what is left of the text.
    static std::string_view write_some(const sys::Fd& pipe, std::string_view text) {
        static_cast<void>(sys::set_nonblocking(pipe, true));
        for (ssize_t put = 0; put >= 0 && !text.empty();) {
            put = ::write(pipe.get(), text.data(), text.size());
            if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
        }
        return text;
    }
    // The job prints this, however long it takes, and ends.
    void print_and_end(std::string_view text, std::uint64_t output_max = 64_MiB) {
        auto pipes = bench_.start_job(output_max);
        bench_.duty().start();
        EXPECT_TRUE(bench_.run_until([&] {
            text = write_some(pipes.out, text);
            return text.empty();
        })) << text.size()
            << " octets were never read";
        pipes = {};
        bench_.end_job();
    }
    bool reported() {
        return bench_.run_until([this] { return bench_.results.size() == 1; });
    }

    bulkhead::test::TempDir state_;
    Bench bench_{state_.open(), {.job_bytes = 1_MiB, .total_bytes = 1_MiB}};
};

const std::string kText(300'000, 'x');

TEST_F(JobReportTest, OutputGoesInSmallerPiecesWhereTheBackendTakesNoLarger) {
    bench_.on_output = [](const Bench::Piece& piece) -> Answer<OutputReceipt> {
        if (piece.text.size() > 3'000) return answered(Kind::too_large);
        return OutputReceipt{.next_offset = piece.offset + piece.text.size()};
    };
    print_and_end(kText);
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.held, kText);
}

TEST_F(JobReportTest, OutputThatIsTooLargeHoweverSmallIsGivenUpAndTheResultIsNot) {
    bench_.on_output = [](const Bench::Piece&) -> Answer<OutputReceipt> {
        return answered(Kind::too_large);
    };
    print_and_end(kText);
    ASSERT_TRUE(reported());
    EXPECT_LE(bench_.pieces.back().text.size(), 1_KiB);
    EXPECT_LE(bench_.pieces.size(), 12U);
}

TEST_F(JobReportTest, OutputGoesInSmallerPiecesOverASlowLine) {
    bench_.on_output = [](const Bench::Piece& piece) -> Answer<OutputReceipt> {
        if (piece.text.size() > 20'000) return answered(Kind::retry);  // as after a timeout
        return OutputReceipt{.next_offset = piece.offset + piece.text.size()};
    };
    print_and_end(kText);
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.held, kText);
}

TEST_F(JobReportTest, PiecesGrowAgainWhenTheLineIsQuick) {
    int failures = 5;
    bench_.on_output = [&](const Bench::Piece& piece) -> Answer<OutputReceipt> {
        if (failures-- > 0) return answered(Kind::retry);
        return OutputReceipt{.next_offset = piece.offset + piece.text.size()};
    };
    print_and_end(kText);
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.held, kText);
    std::size_t largest = 0;
    for (std::size_t i = 6; i < bench_.pieces.size(); ++i) {
        largest = std::max(largest, bench_.pieces[i].text.size());
    }
    EXPECT_GT(largest, bench_.pieces[5].text.size());
}

TEST_F(JobReportTest, ABackendThatTakesNothingIsNotAskedWithoutPause) {
    bench_.on_output = [](const Bench::Piece& piece) -> Answer<OutputReceipt> {
        return OutputReceipt{.next_offset = piece.offset};
    };
    print_and_end("some words\n");
    bench_.run_for(300ms);
    EXPECT_LE(bench_.pieces.size(), 4U);  // a tenth of a second apart
    bench_.on_output = [](const Bench::Piece& piece) -> Answer<OutputReceipt> {
        return OutputReceipt{.next_offset = piece.offset + piece.text.size()};
    };
    EXPECT_TRUE(reported());
}

TEST_F(JobReportTest, AJobWhoseOutputNobodyWantsPrintsOnToItsEnd) {
    bench_.on_output = [](const Bench::Piece&) -> Answer<OutputReceipt> {
        return answered(Kind::unknown_job);
    };
    const std::string much(5'000'000, 'x');
    print_and_end(much);
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.pieces.size(), 1U);
    EXPECT_EQ(bench_.results[0].out.bytes, much.size());
}

TEST_F(JobReportTest, ABackendThatClaimsWhatItWasNeverSentGetsTheResultOnly) {
    bench_.on_output = [](const Bench::Piece&) -> Answer<OutputReceipt> {
        return OutputReceipt{.next_offset = 1'000'000'000};
    };
    print_and_end(kText);
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.fatal, "");
}

TEST_F(JobReportTest, TextIsCutBetweenCharacters) {
    bench_.kind = {.output_as_text = true,
                   .last_output_in_result = true,
                   .flush_interval = 0ms,
                   .max_chunk_bytes = 64_KiB};
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += "\xe2\x82\xac";
    // So that all of it has ended before anything is sent.
    auto pipes = bench_.start_job();
    EXPECT_TRUE(write_some(pipes.out, text).empty());
    pipes = {};
    bench_.end_job();
    bench_.run_until([this] { return bench_.spool().find(JobNumber{1})->both_ended(); });
    bench_.duty().start();
    ASSERT_TRUE(reported());
    std::string all;
    for (const auto& piece : bench_.pieces) all += lossy_utf8(piece.text);
    all += lossy_utf8(bench_.results[0].last_output);
    EXPECT_TRUE(all == text);
    EXPECT_GT(bench_.pieces.size(), 3U);
    EXPECT_FALSE(bench_.results[0].last_output.empty());
}

// Programs that flush full blocks cut characters anywhere, and the rest may come much later.
TEST_F(JobReportTest, ACharacterWhoseBytesComeApartInTimeIsSentWhole) {
    bench_.kind = {.output_as_text = true, .flush_interval = 0ms};
    for (const std::string character : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
        for (std::size_t cut = 1; cut < character.size(); ++cut) {
            SCOPED_TRACE(character + " cut at " + std::to_string(cut));
            bulkhead::test::TempDir state;
            Bench bench(state.open(), {.job_bytes = 1_MiB, .total_bytes = 1_MiB});
            bench.kind = bench_.kind;
            auto pipes = bench.start_job();
            bench.duty().start();
            EXPECT_TRUE(write_some(pipes.out, "A" + character.substr(0, cut)).empty());
            EXPECT_TRUE(bench.run_until([&] { return bench.held == "A"; })) << bench.held;
            bench.run_for(100ms);
            EXPECT_EQ(bench.held, "A") << "waits for the rest";
            EXPECT_TRUE(write_some(pipes.out, character.substr(cut) + "B").empty());
            EXPECT_TRUE(bench.run_until([&] { return bench.held == "A" + character + "B"; }));
            for (const auto& piece : bench.pieces) EXPECT_EQ(lossy_utf8(piece.text), piece.text);
            pipes = {};
            bench.end_job();
            EXPECT_TRUE(bench.run_until([&] { return bench.results.size() == 1; }));
        }
    }
}

TEST_F(JobReportTest, ACharacterThatIsNeverFinishedIsSentAtTheEnd) {
    bench_.kind = {.output_as_text = true, .flush_interval = 0ms};
    print_and_end("A\xf0\x9f\x98");
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.held, "A\xf0\x9f\x98");
}

TEST_F(JobReportTest, OutputBehindAHoleIsNotHiddenInTheResult) {
    bench_.kind = {.output_as_text = true, .last_output_in_result = true};
    print_and_end(std::string(2'000'000, 'x'), 64_KiB);
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.pieces.back().skip_from, 32_KiB);
    EXPECT_TRUE(bench_.results[0].last_output.empty());
    EXPECT_EQ(bench_.held.size(), 64_KiB);
}

TEST_F(JobReportTest, AResultThatIsTooLargeForItsOutputGoesWithoutIt) {
    bench_.kind = {.output_as_text = true, .last_output_in_result = true};
    bench_.on_result = [](const JobResult& result) -> Answer<> {
        if (result.last_output.size() > 2'000) return answered(Kind::too_large);
        return {};
    };
    const std::string text(10'000, 'x');
    auto pipes = bench_.start_job();
    EXPECT_TRUE(write_some(pipes.out, text).empty());
    pipes = {};
    bench_.end_job();
    bench_.run_until([this] { return bench_.spool().find(JobNumber{1})->both_ended(); });
    bench_.duty().start();
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.held + bench_.results[0].last_output, text);
}

TEST_F(JobReportTest, OutputWhoseEndWasSeenIsComplete) {
    print_and_end(kText);
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.results[0].incomplete, "");
    EXPECT_FALSE(bench_.results[0].out.incomplete);
}

TEST_F(JobReportTest, OutputThatWentWithABrokerIsTold) {
    bench_.take_over_ended_job({}, {});
    bench_.duty().start();
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.results[0].incomplete, "output-lost");
    EXPECT_TRUE(bench_.results[0].out.incomplete);
    EXPECT_TRUE(bench_.results[0].err.incomplete);
}

TEST_F(JobReportTest, OneStreamSeenToItsEndIsNotBoth) {
    auto out = sys::make_pipe().value();
    EXPECT_TRUE(write_some(out.write, "seen").empty());
    out.write.reset();
    bench_.take_over_ended_job(std::move(out.read), {});
    bench_.duty().start();
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.held, "seen");
    EXPECT_EQ(bench_.results[0].incomplete, "output-lost");
    EXPECT_FALSE(bench_.results[0].out.incomplete);
    EXPECT_TRUE(bench_.results[0].err.incomplete);
}

TEST_F(JobReportTest, OutputThatTheBackendRefusesIsTold) {
    bench_.on_output = [](const Bench::Piece&) { return answered(Kind::refused); };
    print_and_end(kText);
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.results[0].incomplete, "output-refused");
}

TEST_F(JobReportTest, OutputThatWasCutIsTold) {
    print_and_end(kText, 100'000);
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.results[0].out.dropped, 200'000U);
    EXPECT_EQ(bench_.results[0].incomplete, "output-cut");
    EXPECT_FALSE(bench_.results[0].out.incomplete);
}

TEST_F(JobReportTest, ABackendThatHasMoreThanIsSpooledShowsThatAnEarlierSpoolIsLost) {
    bench_.on_output = [](const Bench::Piece&) -> Answer<OutputReceipt> {
        return OutputReceipt{.next_offset = 1'000'000};
    };
    print_and_end(kText);
    ASSERT_TRUE(reported());
    EXPECT_EQ(bench_.results[0].incomplete, "output-lost");
}

// EFBIG stands for what a dying disk says.
TEST(JobReport, ABrokenDiskEndsTheWorkerAndCostsNoOutput) {
    EXPECT_EQ(bulkhead::test::forked([]() -> std::string {
                  const bulkhead::test::TempDir state;
                  Bench bench(state.open());
                  std::signal(SIGXFSZ, SIG_IGN);
                  bench.on_output = [](const Bench::Piece& piece) -> Answer<OutputReceipt> {
                      const rlimit none{0, RLIM_INFINITY};
                      ::setrlimit(RLIMIT_FSIZE, &none);
                      return OutputReceipt{.next_offset = piece.offset + 3};
                  };
                  const auto pipes = bench.start_job();
                  bench.duty().start();
                  if (!sys::write_all(pipes.out, as_bytes("words"))) return "write";
                  if (!bench.run_until([&] { return !bench.fatal.empty(); })) return "went on";
                  const auto left = bench.spool().find(JobNumber{1})->next_chunk(Output::out, 9);
                  return left && left->length == 2 ? "" : "it was dropped";
              }),
              "");
}

}  // namespace
}  // namespace bulkhead::worker
