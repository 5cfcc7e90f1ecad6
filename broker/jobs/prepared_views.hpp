// PreparedViews: views of jobs that are made ahead, in idle time, so that a job need not wait for
// its own.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/jobs/job_process.hpp"
#include "common/sys/log.hpp"
#include "common/sys/loop.hpp"

namespace bulkhead::broker {

struct PreparedView;
class Preparation;

class PreparedViews {
  public:
    // The plan of a profile's jobs as it is now.
    using PlanOf = std::function<Result<JobPlan>(const std::string& profile)>;
    struct Pace {
        // So long no job was started before one is made.
        std::chrono::milliseconds idle{100};
        // So long the host's mounts did not change; where they do all the time, none is made.
        std::chrono::milliseconds still{10'000};
        // So long one may take: a file system that has stopped answering holds nobody up but the
        // child that makes it.
        std::chrono::milliseconds patience{10'000};
    };

    PreparedViews(sys::Loop& loop, const sys::Log& log);
    PreparedViews(sys::Loop& loop, const sys::Log& log, const Pace& pace);
    PreparedViews(const PreparedViews&) = delete;
    PreparedViews& operator=(const PreparedViews&) = delete;
    ~PreparedViews();

    // Throws all away, and makes one for each of these profiles from now on: at the start, and with
    // each policy.
    void make_for(std::vector<std::string> profiles, PlanOf plan_of);
    // The one of this profile, if it is what a new one would be: policy, accounts and the host's
    // mounts unchanged since, and the same file, directory or symlink at each row's path and on the
    // way to it. It is the caller's, for one job, and another one is made later. Null: make one.
    std::unique_ptr<PreparedView> take(const JobPlan& plan);
    std::size_t ready() const { return ready_.size(); }
    bool is_making() const { return making_ != nullptr || !due_.empty(); }

  private:
    Result<> watch_mounts();
    bool mounts_changed();
    void throw_away();
    void stop_making();
    void make_later(std::chrono::milliseconds quiet);
    void make_next();
    void finish(const std::string& profile);
    void give_up(const std::string& profile, const std::string& why);

    sys::Loop& loop_;
    const sys::Log& log_;
    Pace pace_;
    std::vector<std::string> profiles_;
    PlanOf plan_of_;
    std::map<std::string, std::unique_ptr<PreparedView>, std::less<>> ready_;
    std::vector<std::string> due_;         // profiles that one is to be made for
    std::unique_ptr<Preparation> making_;  // one at a time
    sys::Fd mounts_;                       // /proc/self/mountinfo, which tells of changes (proc(5))
    std::optional<sys::TimerId> timer_;    // when to make the next, or to give up this one
};

}  // namespace bulkhead::broker
