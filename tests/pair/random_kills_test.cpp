// Worker and broker are killed at random while jobs print 850 KB each: no job is lost, none runs
// twice, no output is doubled, and none is short without its result saying so.
//
// BULKHEAD_JOBS: how many jobs in each campaign. BULKHEAD_SEED: repeats the kills of another run,
// as far as the machine lets them fall into the same moments.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "common/base/parse.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/service_manager.hpp"

namespace bulkhead::test {
namespace {

constexpr int kLines = 137'000;
constexpr std::uint64_t kSample = 20;  // jobs
constexpr std::uint64_t kRuns = 1000;  // of one manifest
constexpr std::size_t kAtOnce = 6;     // are queued or run

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : parse_number<std::uint64_t>(text).value_or(otherwise);
}

std::string counted(int lines) {
    std::string text;
    for (int line = 1; line <= lines; ++line) text += std::to_string(line) += '\n';
    return text;
}

struct Figures {
    std::uint64_t jobs = 0, whole = 0, ended_early = 0, refused = 0, told_short = 0;
    std::uint64_t lost = 0, doubled = 0, untold = 0, wrong = 0;
    std::uint64_t worker_kills = 0, broker_kills = 0;
};

class RandomKills : public Pair, public testing::WithParamInterface<bool> {
  protected:
    RandomKills() : Pair({.lease = 2s}) {}

    std::string configuration() override {
        return Pair::configuration() + "jobs:\n  max_running: 6\n  poll_wait: 1s\n";
    }

    void start_again() {
        if (manager_) {
            start_under(manager_->launcher());
        } else {
            start();
        }
    }

    void wait_at_most(int milliseconds) {
        std::this_thread::sleep_for(
            std::chrono::milliseconds(std::uniform_int_distribution<>(0, milliseconds)(random_)));
    }

    // The worker alone, or also the broker, before another worker has taken its jobs over.
    void kill_somebody() {
        // Four times of five not before a worker has said something, or no job would come far.
        const auto before = backend().read([](const State& all) { return all.heartbeats_ever; });
        const auto speaks = [&](const State& all) { return all.heartbeats_ever > before; };
        if (std::uniform_int_distribution<>(0, 4)(random_) > 0) backend().wait_for(speaks, 10s);
        wait_at_most(400);
        const auto die = std::uniform_int_distribution<>(0, 9)(random_);
        const auto worker = worker_pid();
        if (die < 8 && worker != 0) {
            ::kill(worker, SIGKILL);
            ++figures_.worker_kills;
        }
        if (die < 3) return;
        wait_at_most(100);
        stop(SIGKILL);
        ++figures_.broker_kills;
        start_again();
    }

    void judge(const std::string& id) {
        const auto job = backend().job(id).value();
        const auto& result = job.result;
        const std::string outcome = result["outcome"];
        const auto out = backend().standard_output(id);
        const auto err = backend().standard_error(id);
        const bool whole = out == out_ && err == err_;
        const bool told = !result.value("complete", true);
        const bool prefix = out_.starts_with(out) && err_.starts_with(err);
        figures_.wrong += prefix ? 0 : 1;
        figures_.untold += outcome == "finished" && !whole && !told ? 1 : 0;
        // Between the record of its start and its process a job has no pipes anywhere yet.
        const bool never_began = outcome == "interrupted" && out.empty() && err.empty();
        figures_.told_short += told && !whole && !(manager_ && never_began) ? 1 : 0;
        figures_.whole += whole ? 1 : 0;
        figures_.ended_early += outcome == "interrupted" ? 1 : 0;
        figures_.refused += outcome == "refused" ? 1 : 0;
        // Thousands of them would fill the disk. What comes again of a job that is done is refused.
        std::error_code none;
        for (const auto* stream : {".stdout", ".stderr"}) {
            std::filesystem::resize_file(
                backend().directory() + "/jobs/" + id.substr(id.find('-') + 1) + stream, 0, none);
        }
        EXPECT_TRUE(prefix) << id << ": the output is not what the job printed";
        EXPECT_FALSE(told && whole && manager_) << id << ": " << result.dump();
        if (outcome == "finished" && !whole && !told) {
            ADD_FAILURE() << id << ": " << out.size() << " and " << err.size() << " octets of "
                          << out_.size() << " and " << err_.size() << ": " << result.dump();
        }
        EXPECT_TRUE(outcome == "finished" || outcome == "interrupted" ||
                    result["reason"] == "job-already-run")
            << result.dump();
    }

    void run_campaign() {
        const auto jobs = number_from("BULKHEAD_JOBS", kSample);
        const auto seed = number_from("BULKHEAD_SEED", std::random_device{}());
        std::printf("BULKHEAD_SEED=%llu\n", static_cast<unsigned long long>(seed));
        random_.seed(seed);
        for (std::uint64_t first = 0; first < jobs; first += kRuns) {
            pin({.name = name_of(first),
                 .script = "echo \"$JOB_P_n\" >>" + place().scratch() +
                           "/runs\nseq 1 1000 >&2\nseq 1 " + std::to_string(kLines) + "\n",
                 .catalogue = true,
                 .params = {{"n", "int:1..1000000"}},
                 .runs = std::to_string(kRuns) + "/day"});
        }
        start_again();
        ASSERT_TRUE(
            backend().wait_for([](const State& all) { return all.heartbeats_ever > 0; }, kPatience))
            << log();
        std::vector<std::string> pending;
        while (figures_.jobs < jobs || !pending.empty()) {
            while (pending.size() < kAtOnce && figures_.jobs < jobs) {
                const auto number = std::to_string(++figures_.jobs);
                pending.push_back(queue({.catalogue = name_of(figures_.jobs - 1),
                                         .params = {{"n", number}},
                                         .id = "job-" + number}));
            }
            if (figures_.jobs < jobs) kill_somebody();
            const auto done = [&](const std::string& id) {
                return !backend().job(id)->result.is_null();
            };
            if (figures_.jobs == jobs && !backend().wait_for_result(pending.front(), kPatience)) {
                ++figures_.lost;
                ADD_FAILURE() << pending.front() << ": no result came";
                pending.erase(pending.begin());
            }
            std::erase_if(pending, [&](const std::string& id) {
                if (!done(id)) return false;
                judge(id);
                return true;
            });
        }
        std::map<std::string, int> runs;
        const auto text = place().read("scratch/runs");
        for (const auto line : split(text, '\n')) {
            if (!line.empty() && ++runs[std::string(line)] == 2) ++figures_.doubled;
        }
        EXPECT_EQ(figures_.doubled, 0U) << "jobs that ran twice";
        print();
    }

    void print() const {
        const auto& f = figures_;
        std::printf(
            "%llu jobs, %llu kills of a worker, %llu of the broker: %llu whole, %llu interrupted, "
            "%llu refused, %llu short and told, %llu short and untold, %llu lost, %llu run twice, "
            "%llu with wrong output\n",
            as(f.jobs), as(f.worker_kills), as(f.broker_kills), as(f.whole), as(f.ended_early),
            as(f.refused), as(f.told_short), as(f.untold), as(f.lost), as(f.doubled), as(f.wrong));
    }

    // A manifest allows so many runs a day.
    static std::string name_of(std::uint64_t job) { return "loud-" + std::to_string(job / kRuns); }

    static unsigned long long as(std::uint64_t number) { return number; }

    const std::string out_ = counted(kLines);
    const std::string err_ = counted(1000);
    std::mt19937_64 random_;
    std::optional<ServiceManager> manager_;
    Figures figures_;
};

TEST_P(RandomKills, LoseAndDoubleNothingAndShortOutputIsTold) {
    if (GetParam()) manager_.emplace(place() / "notify");
    run_campaign();
    if (manager_) {
        EXPECT_EQ(figures_.told_short, 0U) << "the pipes outlive the broker in the store";
        EXPECT_TRUE(eventually([&] { return manager_->kept().empty(); }, kPatience));
    }
}

// All that the job prints after `begun` is in its pipe when the broker dies.
TEST_P(RandomKills, WhatNoWorkerHasReadIsWholeOrTold) {
    if (GetParam()) manager_.emplace(place() / "notify");
    const auto scratch = place().scratch();
    const auto prints = "echo begun\nwhile [ ! -e " + scratch +
                        "/go ]; do sleep 0.02; done\nseq 1 " + std::to_string(kLines) + "\n: >" +
                        scratch + "/printed\n";
    const PinnedJob ends{.name = "ends", .script = prints};
    const PinnedJob stays{.name = "stays", .script = prints + "exec sleep 1000\n"};
    for (const auto& job : {ends, stays}) {
        pin(job);
        place().remove("scratch/go");
        place().remove("scratch/printed");
        start_again();
        const auto id = queue({.script = job.script});
        ASSERT_TRUE(wait_for_output(id, "begun\n"));
        ::kill(worker_pid(), SIGSTOP);
        place().write("scratch/go", "");
        ASSERT_TRUE(eventually([&] { return place().exists("scratch/printed"); }, kPatience));
        if (job.name == "ends") {
            ASSERT_TRUE(wait_for_audit("job-ended"));
        }
        stop(SIGKILL);
        start_again();
        const auto result = result_of(id);
        EXPECT_EQ(result["outcome"], job.name == "ends" ? "finished" : "interrupted");
        EXPECT_EQ(backend().standard_output(id), manager_ ? "begun\n" + out_ : "begun\n");
        EXPECT_EQ(result.value("incomplete", ""), manager_ ? "" : "output-lost") << result.dump();
        EXPECT_EQ(result.contains("complete"), !manager_);
        EXPECT_EQ(stop(), 0);
        if (manager_) {
            EXPECT_TRUE(eventually([&] { return manager_->kept().empty(); }, kPatience));
        }
    }
}

TEST_P(RandomKills, AStrangersDescriptorIsClosedAndTold) {
    if (!GetParam()) GTEST_SKIP() << "needs a store";
    manager_.emplace(place() / "notify");
    const auto pipe = sys::make_pipe().value();
    manager_->keep("job-1-1-out-0123456789abcdef0123456789abcdef", pipe.read.duplicate().value());
    manager_->keep("a-stranger", pipe.read.duplicate().value());
    start_again();
    EXPECT_TRUE(wait_for_log("descriptor-not-expected", 2)) << log();
    EXPECT_TRUE(eventually([&] { return manager_->kept().empty(); }, kPatience));
    EXPECT_EQ(stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(, RandomKills, testing::Bool(), [](const auto& each) {
    return each.param ? "WithADescriptorStore" : "WithoutADescriptorStore";
});

}  // namespace
}  // namespace bulkhead::test
