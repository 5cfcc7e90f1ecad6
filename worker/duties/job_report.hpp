// JobReport: sends the output of one job to the backend, then its result. When the backend has
// both, the broker may forget the job.
#pragma once
#include <array>
#include <functional>
#include <optional>
#include <string>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/broker/client.hpp"
#include "worker/duties/duty_context.hpp"
#include "worker/duties/duty_trouble.hpp"
#include "worker/duties/upload_pacing.hpp"
#include "worker/state/spool/spool_job.hpp"

namespace bulkhead::worker {

// What the reports of all jobs have in common.
struct JobRoute {
    const DutyContext& context;
    const JobDialect& dialect;
    const bool& open;  // false until this host is enrolled; nothing is sent before
};

// Whether to send output or a result again after this failure. A rejected credential may be
// accepted later.
bool is_repeatable(const Failure& failure);

// What the broker has given of a job's output.
struct JobPipes {
    std::array<sys::Fd, 2> ends;  // one that is lost with an earlier broker is empty
    unsigned run = 1;             // as in protocol::UnreportedJob
};

class JobReport {
  public:
    using OnDone = std::function<void()>;  // may destroy the report

    JobReport(const JobRoute& route, JobNumber number, DeliveryId id, SpoolJob& spool,
              JobPipes pipes, std::string rule, OnDone done);
    ~JobReport();
    JobReport(const JobReport&) = delete;
    JobReport& operator=(const JobReport&) = delete;

    Result<> start();
    // The job ended. The rest of its output and the result are sent from here on.
    void job_ended(const protocol::JobEnd& end, std::string remarks);
    // Makes the next request, if there is something to send and no request or pause is under way.
    void send_next();

    // Sends nothing from here on: the job belongs to an earlier enrolment. Its pipes are read on.
    void abandon();
    bool is_abandoned() const { return abandoned_; }

    JobNumber number() const { return number_; }
    const DeliveryId& id() const { return id_; }
    bool running() const { return !end_; }
    void describe(JsonWriter& json) const;
    // What stands between the output, or the result, and the backend.
    void tell(std::vector<Trouble>& all) const;

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
    bool is_begun_character(Output which, const Chunk& chunk) const;
    bool ends_stream(Output which, const Chunk& chunk) const;
    bool fits_into_result(const Chunk& chunk) const;
    void send_result();
    JobResult compose_result(const std::optional<Chunk>& last) const;
    void on_result_answer(Answer<> answer);
    void pause_for(Pause reason, std::chrono::milliseconds delay);
    void retry_later(sys::Event event, const Failure& failure);
    void discard_output(const std::string& why);
    void tell_incomplete(const JobResult& result);
    void release_discarded_output();

    JobRoute route_;
    JobNumber number_;
    DeliveryId id_;
    SpoolJob& spool_;
    std::array<sys::Fd, 2> pipes_;
    unsigned run_;
    std::array<bool, 2> paused_pipes_{};  // not read at the moment: the spool or the disk is full
    std::string rule_;
    OnDone done_;
    std::optional<protocol::JobEnd> end_;
    std::string remarks_;
    Backoff backoff_;
    UploadPacing pacing_;
    std::optional<RequestId> request_;  // one at a time, which keeps the order and bounds memory
    Pause pause_ = Pause::none;
    sys::TimerId pause_timer_;
    sys::TimerId disk_timer_;
    bool told_incomplete_ = false;
    bool abandoned_ = false;
    bool discarding_ = false;  // the backend refused the output for good
    DutyTrouble trouble_;
    bool disk_full_ = false;  // which is the trouble that stands
};

}  // namespace bulkhead::worker
