#include "broker/jobs/prepared_views.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

#include "broker/jobs/prepared_view.hpp"

namespace bulkhead::broker {

PreparedViews::PreparedViews(sys::Loop& loop, const sys::Log& log)
    : PreparedViews(loop, log, Pace{}) {}

PreparedViews::PreparedViews(sys::Loop& loop, const sys::Log& log, const Pace& pace)
    : loop_(loop), log_(log), pace_(pace) {}

PreparedViews::~PreparedViews() {
    stop_making();
    if (mounts_) loop_.forget(mounts_.get());
}

void PreparedViews::make_for(std::vector<std::string> profiles, PlanOf plan_of) {
    profiles_ = std::move(profiles);
    plan_of_ = std::move(plan_of);
    if (!mounts_ && !log_.check(watch_mounts(), "prepared-views-missing")) profiles_.clear();
    throw_away();
    make_later(pace_.idle);
}

// What a view holds cannot be ejected or detached, so it is let go at once when mounts change.
Result<> PreparedViews::watch_mounts() {
    sys::Fd mounts(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
    if (!mounts) return sys::fail_errno("mountinfo");
    TRY(loop_.watch(mounts.get(), EPOLLPRI, [this](std::uint32_t) {
        static_cast<void>(mounts_changed());
        throw_away();
        make_later(pace_.still);
    }));
    mounts_ = std::move(mounts);
    return {};
}

std::unique_ptr<PreparedView> PreparedViews::take(const JobPlan& plan) {
    if (profiles_.empty()) return nullptr;
    const bool changed = mounts_changed();
    if (changed) throw_away();
    if (making_ == nullptr) make_later(changed ? pace_.still : pace_.idle);
    auto node = ready_.extract(plan.profile.name);
    if (node.empty()) return nullptr;
    due_.push_back(plan.profile.name);
    auto prepared = std::move(node.mapped());
    return prepared->still_is_of(plan) ? std::move(prepared) : nullptr;
}

bool PreparedViews::mounts_changed() {
    pollfd change{.fd = mounts_.get(), .events = POLLPRI, .revents = 0};
    return ::poll(&change, 1, 0) != 0;
}

void PreparedViews::throw_away() {
    stop_making();
    ready_.clear();
    due_ = profiles_;
}

void PreparedViews::stop_making() {
    if (timer_) loop_.cancel(*timer_);
    timer_.reset();
    if (making_ != nullptr) loop_.forget(making_->fd());
    making_.reset();
}

void PreparedViews::make_later(std::chrono::milliseconds quiet) {
    if (timer_) loop_.cancel(*timer_);
    timer_ = loop_.after(quiet, [this] { make_next(); });
}

void PreparedViews::make_next() {
    timer_.reset();
    if (due_.empty()) return;
    const auto profile = std::move(due_.back());
    due_.pop_back();
    const auto plan = plan_of_(profile);
    if (!plan) return give_up(profile, plan.error().what);
    auto started = Preparation::start(*plan);
    if (!started) return give_up(profile, started.error().what);
    making_ = std::make_unique<Preparation>(*std::move(started));
    const auto watched =
        loop_.watch(making_->fd(), EPOLLIN, [this, profile](std::uint32_t) { finish(profile); });
    if (!watched) return give_up(profile, watched.error().what);
    timer_ =
        loop_.after(pace_.patience, [this, profile] { give_up(profile, "it takes too long"); });
}

void PreparedViews::finish(const std::string& profile) {
    auto made = making_->finish();
    if (!made) return give_up(profile, made.error().what);
    stop_making();
    ready_[profile] = std::make_unique<PreparedView>(*std::move(made));
    make_later({});
}

// Until the policy or the host's mounts change.
void PreparedViews::give_up(const std::string& profile, const std::string& why) {
    stop_making();
    log_.debug("view-not-prepared", {{"profile", profile}, {"why", why}});
    make_later({});
}

}  // namespace bulkhead::broker
