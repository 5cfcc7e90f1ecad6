#include "worker/duties/job_end.hpp"

namespace bulkhead::worker {

namespace {

JobOutcome outcome_of(const protocol::JobEnd& end) {
    switch (end.outcome) {
        case protocol::JobOutcome::interrupted:
            return JobOutcome::interrupted;
        case protocol::JobOutcome::finished:
            return JobOutcome::finished;
        case protocol::JobOutcome::timed_out:
            return JobOutcome::timed_out;
        case protocol::JobOutcome::cancelled:
            return JobOutcome::cancelled;
        case protocol::JobOutcome::failed_to_start:
            return JobOutcome::failed_to_start;
    }
    return JobOutcome::interrupted;
}

}  // namespace

JobResult result_of(const protocol::JobEnd& end) {
    JobResult result;
    result.outcome = outcome_of(end);
    if (result.outcome != JobOutcome::failed_to_start) {
        if (end.signal != 0) {
            result.signal = end.signal;
        } else if (result.outcome != JobOutcome::interrupted) {
            result.exit_code = end.exit_code;
        }
    }
    result.reason = end.reason.str();
    result.detail = end.detail.str();
    result.wall_ms = end.wall_ms;
    result.cpu_ms = end.cpu_us / 1000;
    result.max_rss_bytes = end.max_rss_bytes;
    result.oom_killed = end.oom_killed;
    result.left_behind = end.left_behind;
    result.left_names = end.left_names.str();
    result.rebooted = end.rebooted;
    return result;
}

}  // namespace bulkhead::worker
