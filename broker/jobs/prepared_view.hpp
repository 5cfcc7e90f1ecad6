// The view of a job: made in the child that becomes the job, or by a Preparation before there is
// one, and then entered.
#pragma once
#include <string>
#include <vector>

#include "broker/jobs/job_process.hpp"
#include "common/link/channel.hpp"
#include "common/sandbox/child.hpp"
#include "common/view/job_view.hpp"

namespace bulkhead::broker {

struct MadeView {
    sys::Fd space;  // the user namespace that maps the ids of its files; empty: it has none
    view::JobView view{};
};
struct PreparedView {
    sys::Fd mounts{};  // the mount namespace whose root directory it is
    MadeView made{};
    // For which plan it was made.
    sandbox::ProcessIds ids{};
    std::string mount_points{};  // they name the profile and the policy's digest

    // True if one that is made now for this plan would show the same, as far as this process can
    // tell without a file system that may stop answering: see view::Looked.
    bool still_is_of(const JobPlan& plan) const;
};

// In the child, as root: makes its view in its own mount namespace, or enters one that is prepared;
// then adds what only a job can have. `script` is the file for a job without a view.
Result<> make_view(const JobPlan& plan, MadeView& made);
Result<> enter_view(const PreparedView& prepared);
Result<> complete_view(const JobPlan& plan, const MadeView& made, const std::string& script);

// A child that makes a view and ends. The destructor kills it.
class Preparation {
  public:
    static Result<Preparation> start(const JobPlan& plan);
    // Readable when finish() does not wait.
    int fd() const { return channel_.fd(); }
    // Once. An error also where the view could change unseen until it is used: a row is left out, a
    // file system may stop answering, or the profile has no view.
    Result<PreparedView> finish();

  private:
    Preparation(PreparedView prepared, bool has_space, link::Channel channel, sandbox::Child child)
        : prepared_(std::move(prepared)),
          has_space_(has_space),
          channel_(std::move(channel)),
          child_(std::move(child)) {}
    PreparedView prepared_;  // what is known before
    bool has_space_;
    link::Channel channel_;
    sandbox::Child child_;
};

}  // namespace bulkhead::broker
