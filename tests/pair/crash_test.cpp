// kill -9 of either process at the steps of a job's life: it runs at most once, its end is recorded
// once, and the backend hears of it once.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "broker/records/history.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::test {
namespace {

constexpr int kRounds = 3;

class Crash : public Pair {
  protected:
    // Counts its run, prints, goes on when told, prints again.
    PinnedJob job(int round) {
        const auto name = "round-" + std::to_string(round);
        const auto there = place().scratch() + "/" + name;
        return {.name = name,
                .script = "echo run >> " + there + ".runs\necho begun\nwhile [ ! -e " + there +
                          ".go ]; do sleep 0.02; done\necho over\n",
                .runs = "1"};
    }

    void prepare() {
        for (int round = 0; round < kRounds; ++round) pin(job(round));
        start_enrolled();
    }

    std::string queue_round(int round) { return queue({.script = job(round).script}); }
    void let_go(int round) { place().write("scratch/" + job(round).name + ".go", ""); }
    std::size_t runs(int round) { return lines_in_scratch(job(round).name + ".runs"); }

    bool wait_for_end_in_audit(int round) {
        const auto ended = [&] {
            for (const auto& event : audit("job-ended"))
                if (event["job"] == job(round).name) return true;
            return false;
        };
        return eventually(ended, kPatience);
    }

    void kill_broker_and_restart() {
        stop(SIGKILL);
        start();
    }

    void kill_worker_and_wait() {
        const auto before = wait_for_worker();
        kill_worker();
        wait_for_worker(before);
    }

    struct Records {
        int started = 0;
        int ended = 0;
        int reported = 0;
    };
    // How often the ledger says what of the job.
    Records records_of(const std::string& name) {
        const auto text = place().read("state/broker/ledger");
        crypto::Digest chain{};
        std::map<std::uint64_t, std::string> names;
        Records found;
        const auto read = records::each_record(
            as_bytes(text), chain, [&](const records::Record& record) -> Result<> {
                if (record.kind == records::Kind::started) {
                    names[record.number.value] = record.start.job_id.value.str();
                }
                if (names[record.number.value] != name) return {};
                found.started += record.kind == records::Kind::started;
                found.ended += record.kind == records::Kind::ended;
                found.reported += record.kind == records::Kind::reported;
                return {};
            });
        EXPECT_OK(read);
        return found;
    }

    void expect_one_life(int round, const std::string& id) {
        EXPECT_LE(runs(round), 1U);
        const auto name = job(round).name;
        EXPECT_TRUE(eventually([&] { return records_of(name).reported == 1; }, kPatience));
        const auto records = records_of(name);
        EXPECT_EQ(records.started, 1);
        EXPECT_EQ(records.ended, 1);
        EXPECT_EQ(records.reported, 1);
        // Asked again, it is not run again.
        const auto before = runs(round);
        backend().redeliver_job(id).value();
        EXPECT_EQ(run_job({.script = job(round).script})["reason"], "job-already-run");
        EXPECT_EQ(runs(round), before);
        EXPECT_EQ(log().find("unknown_credential"), std::string::npos)
            << "what was left over was sent before the credential was read";
    }

    std::string outcome(const std::string& id) { return result_of(id)["outcome"]; }

    // As if nobody had died: the result, every byte of output, and one run.
    void expect_whole(int round, const std::string& id) {
        EXPECT_EQ(outcome(id), "finished");
        EXPECT_EQ(backend().standard_output(id), "begun\nover\n");
        expect_one_life(round, id);
    }
};

TEST_F(Crash, AWorkerKilledTwiceAmidAHundredMegabytesLosesNoneAndRepeatsNone) {
    constexpr int kLines = 12'500'000;
    std::uint64_t expected_bytes = 0;
    std::string expected_digest;
    {
        std::string all;
        all.reserve(110'000'000);
        for (int line = 1; line <= kLines; ++line) all += std::to_string(line) += '\n';
        expected_bytes = all.size();
        expected_digest = crypto::hex(crypto::sha256(as_bytes(all)));
    }
    ASSERT_GT(expected_bytes, 100'000'000U);
    const PinnedJob loud{.name = "loud",
                         .script = "echo run >> " + place().scratch() + "/runs\nseq 1 " +
                                   std::to_string(kLines) + "\n",
                         .output_max = 128_MiB};
    pin(loud);
    start_enrolled();
    const auto id = queue({.script = loud.script});
    const auto stream = [&] { return backend().job(id)->out; };
    for (const std::uint64_t at : {10'000'000U, 60'000'000U}) {
        ASSERT_TRUE(eventually([&] { return stream()->held() > at; }, kPatience));
        ASSERT_TRUE(backend().job(id)->result.is_null()) << "the job had ended before the kill";
        kill_worker_and_wait();
    }
    const auto result = result_of(id);
    EXPECT_EQ(result["outcome"], "finished");
    EXPECT_EQ(result["exit_code"], 0);
    EXPECT_EQ(stream()->held(), expected_bytes);
    EXPECT_EQ(stream()->sha256(), expected_digest);
    EXPECT_TRUE(stream()->holes().empty());
    EXPECT_EQ(result["stdout"]["bytes"], expected_bytes);
    EXPECT_EQ(result["stdout"]["sha256"], expected_digest);
    EXPECT_EQ(result["stdout"]["dropped"], 0);
    EXPECT_EQ(lines_in_scratch("runs"), 1U);
    EXPECT_EQ(audit("worker-started").size(), 3U);
}

TEST_F(Crash, TheWorkerDiesRightAfterTheVerdict) {
    prepare();
    for (int round = 0; round < kRounds; ++round) {
        const auto verdicts = audit("verdict").size();
        const auto id = queue_round(round);
        ASSERT_TRUE(wait_for_audit("verdict", verdicts + 1));
        kill_worker_and_wait();
        let_go(round);
        expect_whole(round, id);
        EXPECT_EQ(runs(round), 1U);
    }
}

TEST_F(Crash, TheWorkerDiesAmidTheOutput) {
    prepare();
    for (int round = 0; round < kRounds; ++round) {
        const auto id = queue_round(round);
        ASSERT_TRUE(wait_for_output(id, "begun\n"));
        kill_worker_and_wait();
        let_go(round);
        expect_whole(round, id);
    }
}

TEST_F(Crash, TheWorkerDiesWhileTheJobEndsWithoutIt) {
    prepare();
    for (int round = 0; round < kRounds; ++round) {
        const auto id = queue_round(round);
        ASSERT_TRUE(wait_for_output(id, "begun\n"));
        const auto before = wait_for_worker();
        kill_worker();
        let_go(round);
        wait_for_worker(before);
        expect_whole(round, id);
    }
}

TEST_F(Crash, TheWorkerDiesBeforeTheBackendTakesTheResult) {
    prepare();
    for (int round = 0; round < kRounds; ++round) {
        const auto id = queue_round(round);
        backend().misbehave({.path = "/v1/jobs/" + id + "/result", .status = 503});
        let_go(round);
        ASSERT_TRUE(wait_for_end_in_audit(round));
        ASSERT_TRUE(wait_for_output(id, "over\n"));
        kill_worker_and_wait();
        backend().behave();
        expect_whole(round, id);
    }
}

TEST_F(Crash, TheWorkerDiesBeforeItHearsThatTheResultArrived) {
    prepare();
    for (int round = 0; round < kRounds; ++round) {
        const auto id = queue_round(round);
        backend().misbehave({.kind = Misbehaviour::Kind::cut_before_headers,
                             .path = "/v1/jobs/" + id + "/result",
                             .takes_effect = true});
        let_go(round);
        EXPECT_EQ(outcome(id), "finished");
        kill_worker_and_wait();
        backend().behave();
        EXPECT_EQ(backend().standard_output(id), "begun\nover\n");
        expect_one_life(round, id);
    }
}

TEST_F(Crash, TheWorkerDiesBeforeTheBackendHearsOfARefusal) {
    start_enrolled();
    backend().misbehave({.path = "/v1/jobs/", .method = "POST", .status = 503});
    const auto id = queue({.script = "echo nobody approved this\n"});
    ASSERT_TRUE(wait_for_audit("verdict"));
    ASSERT_TRUE(wait_for_log("job-refused"));
    const auto kept = place() / "state/workers/bulkhead/refusals";
    const auto is_kept = [&] {
        return std::filesystem::exists(kept) && !std::filesystem::is_empty(kept);
    };
    ASSERT_TRUE(eventually(is_kept, kPatience)) << "the worker keeps it";
    kill_worker_and_wait();
    backend().behave();
    EXPECT_EQ(outcome(id), "refused");
    EXPECT_TRUE(eventually([&] { return !is_kept(); }, kPatience));
}

TEST_F(Crash, TheBrokerDiesRightAfterTheVerdict) {
    prepare();
    for (int round = 0; round < kRounds; ++round) {
        const auto verdicts = audit("verdict").size();
        const auto id = queue_round(round);
        ASSERT_TRUE(wait_for_audit("verdict", verdicts + 1));
        kill_broker_and_restart();
        // The record of the start comes after the verdict: without it, it may be started now.
        let_go(round);
        backend().redeliver_job(id).value();
        const auto how = outcome(id);
        EXPECT_TRUE(how == "interrupted" || how == "finished" || how == "refused") << how;
        expect_one_life(round, id);
    }
}

TEST_F(Crash, TheBrokerDiesAmidTheJob) {
    prepare();
    for (int round = 0; round < kRounds; ++round) {
        const auto id = queue_round(round);
        ASSERT_TRUE(wait_for_output(id, "begun\n"));
        kill_broker_and_restart();
        const auto result = result_of(id);
        EXPECT_EQ(result["outcome"], "interrupted");
        EXPECT_TRUE(result["exit_code"].is_null());
        EXPECT_EQ(backend().standard_output(id), "begun\n");
        EXPECT_EQ(result["incomplete"], "output-lost");
        EXPECT_EQ(runs(round), 1U);
        expect_one_life(round, id);
        let_go(round);  // nobody is there to see it
        EXPECT_EQ(backend().standard_output(id), "begun\n");
    }
    const auto starts = audit("agent-started");
    EXPECT_EQ(starts.back()["interrupted_jobs"], 1);
    EXPECT_EQ(stop(), 0);
    start();
    ASSERT_TRUE(wait_for_audit("agent-started", starts.size() + 1));
    EXPECT_EQ(last_audit("agent-started", starts.size() + 1)["interrupted_jobs"], 0);
}

// Stopped, the worker cannot see that its channel has ended: only the kernel is left to end it.
TEST_F(Crash, TheBrokersDeathIsThatOfItsWorkerAndOfItsJobs) {
    const auto ends = [](int fd, short how) {
        pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
        constexpr auto kWait = std::chrono::milliseconds(kPatience);
        return ::poll(&watched, 1, kWait.count()) == 1 && (watched.revents & how) != 0;
    };
    const auto holding = [&](const std::string& profile) {
        return "exec 9>" + place().scratch() + "/" + profile + "; echo held >&9; exec sleep 1000\n";
    };
    std::map<std::string, sys::Fd> alive;  // by job: ends with the last process that holds it
    for (const auto* profile : {"test", "loose"}) {
        const auto fifo = place().scratch() + "/" + profile;
        ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
        ASSERT_EQ(::chown(fifo.c_str(), 65534, 65534), 0);
        alive.emplace(profile, sys::Fd(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)));
        pin({.name = profile, .script = holding(profile), .profile = profile});
    }
    start_enrolled();
    for (const auto& [profile, fifo] : alive) {
        queue({.script = holding(profile)});
        ASSERT_TRUE(ends(fifo.get(), POLLIN)) << profile << ": did not start";
        std::array<char, 16> held{};
        ASSERT_EQ(::read(fifo.get(), held.data(), held.size()), 5);
    }
    const auto worker = wait_for_worker();
    const sys::Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, worker, 0)));
    ::kill(worker, SIGSTOP);
    stop(SIGKILL);
    EXPECT_TRUE(ends(pidfd.get(), POLLIN)) << "the worker lives on";
    for (const auto& [profile, fifo] : alive) {
        EXPECT_TRUE(ends(fifo.get(), POLLHUP)) << profile << ": a job lives on";
    }
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);  // if it does
}

TEST_F(Crash, TheBrokerDiesBeforeTheBackendTakesTheResult) {
    prepare();
    for (int round = 0; round < kRounds; ++round) {
        const auto id = queue_round(round);
        backend().misbehave({.path = "/v1/jobs/" + id + "/result", .status = 503});
        let_go(round);
        ASSERT_TRUE(wait_for_end_in_audit(round));
        ASSERT_TRUE(wait_for_output(id, "over\n"));
        kill_broker_and_restart();
        backend().behave();
        const auto result = result_of(id);
        EXPECT_EQ(result["outcome"], "finished");
        EXPECT_EQ(result["exit_code"], 0);
        EXPECT_EQ(backend().standard_output(id), "begun\nover\n");
        expect_one_life(round, id);
    }
}

TEST_F(Crash, TheBrokerDiesBeforeTheWorkerHearsThatTheResultArrived) {
    prepare();
    for (int round = 0; round < kRounds; ++round) {
        const auto id = queue_round(round);
        backend().misbehave({.kind = Misbehaviour::Kind::cut_before_headers,
                             .path = "/v1/jobs/" + id + "/result",
                             .takes_effect = true});
        let_go(round);
        EXPECT_EQ(outcome(id), "finished");
        kill_broker_and_restart();
        backend().behave();
        expect_one_life(round, id);
        EXPECT_GE(backend().job(id)->results_refused, 1) << "it was not reported again";
    }
}

}  // namespace
}  // namespace bulkhead::test
