// A job duty with a real spool, real pipes and a real HTTP client, between a broker that does
// whatever it is asked and a backend whose answers a test makes up.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <mutex>
#include <thread>

#include "tests/backend/reference_backend.hpp"
#include "worker/duties/job_duty.hpp"

namespace bulkhead::worker::test {

class Bench : public JobDialect {
  public:
    explicit Bench(sys::Dir state, SpoolLimits limits = {});
    ~Bench() override;

    // --- the backend
    JobTraits kind{.output_by_offset = true, .flush_interval = std::chrono::milliseconds(0)};
    struct Piece {
        std::uint64_t offset = 0;
        std::string text;
        std::optional<std::uint64_t> skip_from;
    };
    // Unless replaced, whatever comes is taken.
    std::function<Answer<OutputReceipt>(const Piece&)> on_output;
    std::function<Answer<>(const JobResult&)> on_result;
    std::deque<JobNews> news;
    std::size_t polls = 0;       // requests for a job that were made
    std::size_t times_held = 0;  // it said that it fetches none
    std::vector<Piece> pieces;   // of standard output; all that were sent, taken or not
    std::string held;            // taken, one after the other
    std::vector<JobResult> results;
    std::size_t results_sent = 0;

    // --- the job, number 1: it runs already
    struct Pipes {
        sys::Fd out;
        sys::Fd err;
    };
    // The ends it writes to.
    Pipes start_job(std::uint64_t output_max = 64_MiB);
    void end_job();
    // The job as the worker after this one takes it over: it has ended, and of its pipes only these
    // are left.
    void take_over_ended_job(sys::Fd out, sys::Fd err, std::uint8_t runs = 1);

    // --- all of it
    JobDuty& duty() { return *duty_; }
    Spool& spool() { return *spool_; }
    // False when that took more than half a minute.
    bool run_until(const std::function<bool()>& done);
    void run_for(std::chrono::milliseconds time);
    std::size_t asked(std::uint16_t request) const;  // of the broker, how often
    // What the broker answers to a start of a catalogue job; unless set nothing that makes sense.
    std::function<protocol::StartReply(const protocol::StartCatalogueJob&)> on_start;
    std::string fatal;                // what would have ended the worker
    std::vector<std::string> events;  // "ended job-1 finishedok"

  private:
    const JobTraits& traits() const override { return kind; }
    Exchange<JobNews> next_job(const Identity&, const SystemInfo&,
                               std::chrono::seconds) const override;
    Exchange<OutputReceipt> output(const Identity&, OutputChunk chunk) const override;
    Exchange<> result(const Identity&, const JobResult& result) const override;
    void answer(link::Channel& channel);

    reference::ReferenceBackend backend_{{.tls = false}};
    std::thread broker_;
    mutable std::mutex mutex_;
    std::vector<std::uint16_t> requests_;
    sys::Dir state_;
    sys::Log log_{"test", STDERR_FILENO};
    sys::Loop loop_;
    std::optional<Spool> spool_;
    RefusalStore refusals_;
    std::optional<BrokerClient> client_;
    BackendConfig config_;
    JobsConfig jobs_config_{.max_running = 2};
    SystemInfo system_;
    Identity identity_;
    std::optional<HttpClient> http_;
    std::optional<DutyContext> context_;
    std::optional<JobDuty> duty_;
};

}  // namespace bulkhead::worker::test
