#include "broker/jobs/prepared_view.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/parse.hpp"

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

Result<> enter(const sys::Fd& mounts) {
    return sys::check(::setns(mounts.get(), CLONE_NEWNS), "enter the view");
}

// The packet has descriptors of mount namespace, directory of the script, user namespace if there
// is one, and each late mount; and as text a line for each late mount, its place, and for each
// Looked.
Result<> make_and_send(const JobPlan& plan, const link::Channel& channel) {
    const sys::Fd mounts(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    if (!mounts) return sys::fail_errno("mount namespace");
    MadeView made;
    TRY(make_view(plan, made));
    const auto& view = made.view;
    if (!view.steady) return fail("its view may change before it is used");
    TRY(enter(mounts));  // as the job will have to
    std::vector<int> all{mounts.get(), view.scripts.get()};
    if (plan.user_space) all.push_back(made.space.get());
    std::string text;
    for (const auto& piece : view.late) {
        all.push_back(piece.tree.get());
        text += piece.place.string() + "\n";
    }
    for (const auto& looked : view.looked) {
        // Others choose where their symlinks lead.
        if (looked.path.find('\n') != std::string::npos) return fail("a path has two lines");
        text += looked.to_line() + "\n";
    }
    return channel.send(as_bytes(text), all);
}

}  // namespace

bool PreparedView::still_is_of(const JobPlan& plan) const {
    const auto stands = [](const view::Looked& looked) { return looked.still_there(); };
    return ids == plan.ids && mount_points == plan.mount_points &&
           std::ranges::all_of(made.view.looked, stands);
}

Result<> make_view(const JobPlan& plan, MadeView& made) {
    if (plan.user_space) {
        made.space = TRY(view::make_user_namespace(plan.ids, *plan.user_space));
    }
    made.view = TRY(view::make_job_view(view_plan(plan, made.space)));
    return {};
}

Result<> enter_view(const PreparedView& prepared) { return enter(prepared.mounts); }

Result<> complete_view(const JobPlan& plan, const MadeView& made, const std::string& script) {
    if (plan.profile.namespaces.mount) {
        return view::complete_job_view(view_plan(plan, made.space), made.view);
    }
    if (!plan.script) return {};
    return view::copy_script(plan.script.get(), AT_FDCWD, script, plan.ids.user.gid);
}

Result<Preparation> Preparation::start(const JobPlan& plan) {
    if (!plan.profile.namespaces.mount) return fail("it has no view");
    auto [ours, theirs] = TRY(link::Channel::pair());
    auto child = TRY(sandbox::Child::start(CLONE_NEWNS, -1, [&] {
        const auto sent = make_and_send(plan, theirs);
        if (sent) ::_exit(0);
        static_cast<void>(theirs.send(as_bytes(sent.error().what)));
        ::_exit(1);
    }));
    PreparedView prepared;
    prepared.made.view.rows = plan.profile.paths;
    prepared.ids = plan.ids;
    prepared.mount_points = plan.mount_points;
    return Preparation(std::move(prepared), plan.user_space.has_value(), std::move(ours),
                       std::move(child));
}

Result<PreparedView> Preparation::finish() {
    auto packets = TRY(channel_.receive());
    if (!packets) return fail("a child process died");
    auto& packet = *packets;
    const auto text = std::string(as_text(packet.bytes));
    if (child_.reap().status != 0) return fail(text);
    auto& sent = packet.descriptors;
    const std::size_t others = has_space_ ? 3 : 2;
    const auto lines = split(text, '\n');  // the last one is empty
    if (sent.size() < others || lines.size() <= sent.size() - others) {
        return fail("descriptors are missing");
    }
    prepared_.mounts = std::move(sent[0]);
    auto& view = prepared_.made.view;
    view.scripts = std::move(sent[1]);
    if (has_space_) prepared_.made.space = std::move(sent[2]);
    for (std::size_t i = others; i < sent.size(); ++i) {
        view.late.push_back(
            {.place = lines[i - others], .tree = std::move(sent[i]), .link = {}, .optional = true});
    }
    for (std::size_t i = sent.size() - others; i + 1 < lines.size(); ++i) {
        view.looked.push_back(TRY(view::Looked::from_line(lines[i])));
    }
    return std::move(prepared_);
}

}  // namespace bulkhead::broker
