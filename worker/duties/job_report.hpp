// One job that the broker started for us: its output on the way to the backend, then its result,
// then the broker's leave to forget it.
#pragma once
#include <array>
#include <functional>
#include <optional>
#include <string>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/broker/client.hpp"
#include "worker/duties/duty_context.hpp"
#include "worker/duties/upload_pacing.hpp"
#include "worker/state/spool/spool_job.hpp"

namespace bulkhead::worker {

// Everything a report needs of the session it belongs to.
struct JobRoute {
    const DutyContext& context;
    const JobDialect& dialect;
    const bool& open;  // false until the identity is there: what is to be sent waits
};

// What a job owes is sent until the backend has it; a rejected credential may become good again.
bool is_repeatable(const Failure& failure);

class JobReport {
  public:
    using OnDone = std::function<void()>;  // may destroy the report

    JobReport(const JobRoute& route, JobNumber number, DeliveryId id, SpoolJob& spool,
              std::array<sys::Fd, 2> pipes, std::string rule, OnDone done);
    ~JobReport();
    JobReport(const JobReport&) = delete;
    JobReport& operator=(const JobReport&) = delete;

    Result<> start();
    // The job ended; what is left of its output and the result follow.
    void job_ended(const protocol::JobEnd& end, std::string remarks);
    // Sends what there is to send, and can be.
    void send_next();

    JobNumber number() const { return number_; }
    const DeliveryId& id() const { return id_; }
    bool running() const { return !end_; }
    void describe(JsonWriter& json) const;

  private:
    enum class Pause { none, flush, retry };  // what the next request waits for

    void read_pipe(Output which);
    void watch_pipe(Output which);
    void end_stream(Output which);
    void resume_pipes();
    bool send_output();
    void send_chunk(Output which, const Chunk& chunk);
    Result<OutputChunk> compose_chunk(Output which, const Chunk& chunk) const;
    void on_output_answer(Output which, std::uint64_t begin, std::uint64_t end,
                          const Answer<OutputReceipt>& answer);
    bool ends_stream(Output which, const Chunk& chunk) const;
    bool fits_into_result(const Chunk& chunk) const;
    void send_result();
    JobResult compose_result(const std::optional<Chunk>& last) const;
    void on_result_answer(Answer<> answer);
    void pause_for(Pause reason, std::chrono::milliseconds delay);
    void retry_later(std::string_view what, const Failure& failure);
    void discard_output(const std::string& why);
    void release_discarded_output();

    JobRoute route_;
    JobNumber number_;
    DeliveryId id_;
    SpoolJob& spool_;
    std::array<sys::Fd, 2> pipes_;
    std::array<bool, 2> paused_pipes_{};  // not read at the moment: the spool or the disk is full
    std::string rule_;
    OnDone done_;
    std::optional<protocol::JobEnd> end_;
    std::string remarks_;
    Backoff backoff_;
    UploadPacing pacing_;
    std::optional<RequestId> request_;  // one at a time keeps order and memory
    Pause pause_ = Pause::none;
    sys::TimerId pause_timer_;
    sys::TimerId disk_timer_;
    bool discarding_ = false;  // the backend will not have the output
    std::string trouble_;
};

}  // namespace bulkhead::worker
