#include "broker/jobs/job_end.hpp"

#include <sys/wait.h>

#include <algorithm>

#include "common/sys/dir.hpp"

namespace bulkhead::broker {

namespace {

using protocol::Code, protocol::JobEnd, protocol::JobOutcome;

// A value that the kernel reads back is not the one that was set: no line of the job ran.
constexpr std::string_view kDiffersReason = "confinement-differs";
constexpr std::string_view kLeadsOutReason = "parameter-leads-out";

constexpr std::size_t kMostNames = 5;

}  // namespace

JobEnd could_not_start(const Error& error) {
    JobEnd end;
    end.outcome = JobOutcome::failed_to_start;
    end.reason =
        Code::clipped(error.kind == Error::Kind::differs ? kDiffersReason : "start-failed");
    end.detail = decltype(end.detail)::clipped(error.what);
    return end;
}

JobEnd judged(JobEnd end, const JobStatus& status) {
    if (!status.failed_step.empty()) {
        end =
            could_not_start({.what = status.failed_step,
                             .kind = status.differs() ? Error::Kind::differs : Error::Kind::none});
        if (status.leads_out()) end.reason = Code::clipped(kLeadsOutReason);
        return end;
    }
    if (WIFSIGNALED(status.wait_status)) {
        end.signal = static_cast<std::uint8_t>(WTERMSIG(status.wait_status));
    } else {
        end.exit_code = static_cast<std::uint8_t>(WEXITSTATUS(status.wait_status));
    }
    if (end.reason.empty()) end.reason = Code::clipped("ok");
    return end;
}

void count_left_behind(const std::vector<pid_t>& left, JobEnd& end) {
    end.left_behind = static_cast<std::uint32_t>(left.size());
    std::string names;
    for (std::size_t i = 0; i < std::min(left.size(), kMostNames); ++i) {
        const auto proc = sys::Dir::open("/proc/" + std::to_string(left[i]));
        auto name = proc ? proc->read_file("comm", 64).value_or("") : "";
        if (name.ends_with('\n')) name.pop_back();
        if (!name.empty()) names += (names.empty() ? "" : ", ") + quoted(name);
    }
    end.left_names = decltype(end.left_names)::clipped(names);
}

protocol::Remarks in_one(const std::vector<std::string>& remarks) {
    std::string text;
    for (const auto& remark : remarks) text += (text.empty() ? "" : "; ") + remark;
    return protocol::Remarks::clipped(text);
}

void add_remarks(const std::vector<std::string>& remarks, protocol::Remarks& all) {
    std::vector<std::string> fresh;
    for (const auto& remark : remarks) {
        if (all.str().find(remark) == std::string::npos) fresh.push_back(remark);
    }
    if (fresh.empty()) return;
    if (!all.empty()) fresh.push_back(all.str());
    all = in_one(fresh);
}

}  // namespace bulkhead::broker
