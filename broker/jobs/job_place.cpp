#include "broker/jobs/job_place.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/parse.hpp"
#include "common/link/channel.hpp"

namespace bulkhead::broker {

namespace {

view::JobViewPlan view_plan(const JobPlan& plan, const sys::Fd& space) {
    const bool files = plan.user_space == view::IdMap::files;
    return {.profile = plan.profile,
            .account = plan.ids.user,
            .id_map = files ? space.get() : -1,
            .mount_points = plan.mount_points,
            .script = plan.script.get(),
            .script_name = plan.script_name};
}

// Sends the descriptors of PreparedPlace, in its order, and the places of what is mounted late.
Result<> make_and_send(const JobPlan& plan, const link::Channel& channel) {
    const sys::Fd mounts(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    if (!mounts) return sys::fail_errno("mount namespace");
    JobPlace place;
    TRY(make_place(plan, place));
    const auto& view = place.view;
    if (!view.steady) return fail("its view may change before it is used");
    std::vector<int> all{mounts.get(), view.scripts.get()};
    if (plan.user_space) all.push_back(place.space.get());
    std::string places = "late";  // an empty packet would be the end (unix(7))
    for (const auto& piece : view.late) {
        all.push_back(piece.tree.get());
        places += "\n" + piece.place.string();
    }
    return channel.send(as_bytes(places), all);
}

Result<PreparedPlace> received(const JobPlan& plan, link::Packet packet) {
    const auto places = split(as_text(packet.bytes), '\n');
    auto& sent = packet.descriptors;
    const std::size_t others = plan.user_space ? 3 : 2;
    if (sent.size() != others + places.size() - 1) return fail("descriptors are missing");
    PreparedPlace prepared{.mounts = std::move(sent[0]), .ids = plan.ids};
    prepared.place.view.rows = plan.profile.paths;
    prepared.place.view.scripts = std::move(sent[1]);
    if (plan.user_space) prepared.place.space = std::move(sent[2]);
    for (std::size_t i = others; i < sent.size(); ++i) {
        prepared.place.view.late.push_back({.place = places[i - others + 1],
                                            .tree = std::move(sent[i]),
                                            .link = {},
                                            .optional = true});
    }
    return prepared;
}

bool same(const sandbox::ProcessIds& one, const sandbox::ProcessIds& other) {
    return one.user.uid == other.user.uid && one.user.gid == other.user.gid &&
           one.groups == other.groups;
}

}  // namespace

Result<> make_place(const JobPlan& plan, JobPlace& place) {
    if (plan.user_space) {
        place.space = TRY(view::make_user_namespace(plan.ids, *plan.user_space));
    }
    place.view = TRY(view::make_job_view(view_plan(plan, place.space)));
    return {};
}

Result<> enter_place(const PreparedPlace& prepared) {
    return sys::check(::setns(prepared.mounts.get(), CLONE_NEWNS), "enter the view");
}

Result<> complete_place(const JobPlan& plan, const JobPlace& place, const std::string& script) {
    if (plan.profile.namespaces.mount) {
        return view::complete_job_view(view_plan(plan, place.space), place.view);
    }
    if (!plan.script) return {};
    return view::copy_script(plan.script.get(), AT_FDCWD, script, plan.ids.user.gid);
}

Result<PreparedPlace> prepare_place(const JobPlan& plan) {
    if (!plan.profile.namespaces.mount) return fail("it has no view");
    auto looked = view::look_at(plan.profile.paths);  // first: what changes meanwhile is seen
    auto [ours, theirs] = TRY(link::Channel::pair());
    auto child = TRY(sandbox::Child::start(CLONE_NEWNS, -1, [&] {
        const auto sent = make_and_send(plan, theirs);
        if (sent) ::_exit(0);
        static_cast<void>(theirs.send(as_bytes(sent.error().what)));
        ::_exit(1);
    }));
    std::move(theirs).take().reset();
    auto packets = TRY(ours.receive());
    if (!packets) return fail("a child process died");
    auto& packet = *packets;
    if (child.reap().status != 0) return fail(std::string(as_text(packet.bytes)));
    auto prepared = TRY(received(plan, std::move(packet)));
    prepared.looked = std::move(looked);
    TRY(sandbox::in_child([&] { return enter_place(prepared); }));
    return prepared;
}

PreparedPlaces::~PreparedPlaces() {
    if (timer_) loop_.cancel(*timer_);
    if (mounts_) loop_.forget(mounts_.get());
}

void PreparedPlaces::make_for(std::vector<std::string> profiles, PlanOf plan_of) {
    profiles_ = std::move(profiles);
    plan_of_ = std::move(plan_of);
    if (!mounts_) {
        mounts_ = sys::Fd(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
        // What a view holds cannot be ejected or detached, so it is let go at once.
        const auto watched = mounts_ ? loop_.watch(mounts_.get(), EPOLLPRI,
                                                   [this](std::uint32_t) {
                                                       static_cast<void>(mounts_changed());
                                                       throw_away();
                                                       make_later(still_);
                                                   })
                                     : Result<>(sys::fail_errno("mountinfo"));
        if (!log_.check(watched, "prepared-views-missing")) profiles_.clear();
    }
    throw_away();
    make_later(idle_);
}

std::optional<PreparedPlace> PreparedPlaces::take(const JobPlan& plan) {
    if (profiles_.empty()) return std::nullopt;
    const bool changed = mounts_changed();
    if (changed) throw_away();
    make_later(changed ? still_ : idle_);
    auto node = ready_.extract(plan.profile.name);
    if (node.empty()) return std::nullopt;
    due_.push_back(plan.profile.name);
    auto& prepared = node.mapped();
    const auto stands = [](const view::Looked& looked) { return looked.still_there(); };
    if (!same(prepared.ids, plan.ids) || !std::ranges::all_of(prepared.looked, stands)) {
        return std::nullopt;
    }
    return std::move(prepared);
}

bool PreparedPlaces::mounts_changed() {
    pollfd change{.fd = mounts_.get(), .events = POLLPRI, .revents = 0};
    return ::poll(&change, 1, 0) != 0;
}

void PreparedPlaces::throw_away() {
    ready_.clear();
    due_ = profiles_;
}

void PreparedPlaces::make_later(std::chrono::milliseconds quiet) {
    if (timer_) loop_.cancel(*timer_);
    timer_ = loop_.after(quiet, [this] { make_one(); });
}

// One in each turn, so that requests are answered in between.
void PreparedPlaces::make_one() {
    timer_.reset();
    if (due_.empty()) return;
    const auto name = std::move(due_.back());
    due_.pop_back();
    const auto plan = plan_of_(name);
    auto made = plan ? prepare_place(*plan) : Result<PreparedPlace>(std::unexpected(plan.error()));
    if (made) ready_.insert_or_assign(name, *std::move(made));
    if (!made) log_.debug("view-not-prepared", {{"profile", name}, {"why", made.error().what}});
    timer_ = loop_.after({}, [this] { make_one(); });
}

}  // namespace bulkhead::broker
