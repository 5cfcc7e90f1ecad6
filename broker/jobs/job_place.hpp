// JobPlace: the root directory of a job, and the user namespace that maps the ids of its files.
// PreparedPlaces makes them ahead, in idle time, for a job begins three milliseconds sooner in one
// that is there.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/jobs/job_process.hpp"
#include "common/sys/log.hpp"
#include "common/sys/loop.hpp"
#include "common/view/job_view.hpp"

namespace bulkhead::broker {

struct JobPlace {
    sys::Fd space;  // empty: it has none
    view::JobView view{};
};
// One that was made before its job.
struct PreparedPlace {
    sys::Fd mounts;  // the mount namespace whose root directory it is
    JobPlace place{};
    sandbox::ProcessIds ids{};  // for which it was made
    std::vector<view::Looked> looked{};
};

// In a child that becomes the job, as root: makes its place in the mount namespace of the child, or
// enters one that is prepared; then adds what only a job can have. `script` is the file for a job
// without a view.
Result<> make_place(const JobPlan& plan, JobPlace& place);
Result<> enter_place(const PreparedPlace& prepared);
Result<> complete_place(const JobPlan& plan, const JobPlace& place, const std::string& script);

// Makes one in a child. An error also where it could change unseen until it is used: a row is left
// out, a file system may stop answering, or the job has no view.
Result<PreparedPlace> prepare_place(const JobPlan& plan);

class PreparedPlaces {
  public:
    // The plan of a profile's jobs as it is now.
    using PlanOf = std::function<Result<JobPlan>(const std::string& profile)>;
    // `idle`: so long no job was started before one is made. `still`: so long the host's mounts did
    // not change; where they do all the time, none is made.
    PreparedPlaces(sys::Loop& loop, const sys::Log& log,
                   std::chrono::milliseconds idle = std::chrono::milliseconds(100),
                   std::chrono::milliseconds still = std::chrono::seconds(10))
        : loop_(loop), log_(log), idle_(idle), still_(still) {}
    PreparedPlaces(const PreparedPlaces&) = delete;
    PreparedPlaces& operator=(const PreparedPlaces&) = delete;
    ~PreparedPlaces();

    // Throws all away, and makes one for each of these profiles from now on: at the start, and with
    // each policy.
    void make_for(std::vector<std::string> profiles, PlanOf plan_of);
    // The one of this profile, if what a new one would show is what it shows: the same accounts,
    // the host's mounts unchanged since, and the same file, directory or symlink at each row's path
    // and on the way to it. It is the caller's, and another one is made later.
    std::optional<PreparedPlace> take(const JobPlan& plan);
    std::size_t ready() const { return ready_.size(); }

  private:
    bool mounts_changed();
    void throw_away();
    void make_later(std::chrono::milliseconds quiet);
    void make_one();

    sys::Loop& loop_;
    const sys::Log& log_;
    std::chrono::milliseconds idle_;
    std::chrono::milliseconds still_;
    std::vector<std::string> profiles_;
    PlanOf plan_of_;
    std::map<std::string, PreparedPlace, std::less<>> ready_;
    std::vector<std::string> due_;  // profiles that one is to be made for
    sys::Fd mounts_;                // /proc/self/mountinfo, which tells of changes (proc(5))
    std::optional<sys::TimerId> timer_;
};

}  // namespace bulkhead::broker
