#include "broker/artifacts/artifacts.hpp"

#include <algorithm>
#include <utility>

#include "common/sys/clock.hpp"

namespace bulkhead::broker {

using protocol::ArtifactState;

Artifacts::Artifacts(sys::Loop& loop, Context& broker, sys::Dir state, LoaderPort loader, Tell tell,
                     std::chrono::seconds between_loads)
    : loop_(loop),
      broker_(broker),
      state_(std::move(state)),
      loader_(std::move(loader)),
      tell_(std::move(tell)),
      between_loads_(between_loads),
      withdrawn_(fail("not read yet")) {
    auto copy = state_.open_dir(".");
    withdrawn_ = copy ? Withdrawn::open(*std::move(copy)) : std::unexpected(copy.error());
}

Artifacts::~Artifacts() {
    loop_.cancel(tick_);
    loop_.cancel(start_);
}

std::string Artifacts::unusable() const {
    if (!withdrawn_) {
        return "what was withdrawn on this host cannot be read (" + withdrawn_.error().what +
               "): mend " + broker_.state_directory + "/broker/" + std::string(Withdrawn::kFile) +
               ", or take the approvals of what was withdrawn (audit log: artifact-ended) out of "
               "the policy before you remove it; then restart the agent";
    }
    return loader_.unusable();
}

protocol::ArtifactStatus Artifacts::status_of(const approval::ArtifactManifest& manifest,
                                              ArtifactState state, std::string_view reason,
                                              std::string_view detail) {
    protocol::ArtifactStatus status;
    status.artifact_id.value = decltype(status.artifact_id.value)::clipped(manifest.id);
    status.manifest = manifest.digest;
    status.state = state;
    status.reason = protocol::Code::clipped(reason);
    status.detail = protocol::Detail::clipped(detail);
    status.since = static_cast<std::uint64_t>(sys::now().time_since_epoch().count());
    return status;
}

protocol::ArtifactStatus Artifacts::status_of(const Loaded& one) {
    auto status = status_of(one.approved->manifest, ArtifactState::loaded, "ok", "");
    const auto seconds = [](UnixTime time) {
        return static_cast<std::uint64_t>(time.time_since_epoch().count());
    };
    status.since = seconds(one.since);
    status.expires = seconds(one.expires);
    status.programs = static_cast<std::uint16_t>(one.held.programs.size());
    status.run_count = run_count(one.last);
    status.run_time_ns = run_time_ns(one.last);
    status.cpu_millipercent = one.guard.millipercent();
    status.drops = one.drops;
    status.pinned = one.pinned;
    return status;
}

std::vector<protocol::ArtifactStatus> Artifacts::list(std::string_view backend) const {
    std::vector<protocol::ArtifactStatus> all;
    const auto add = [&](protocol::ArtifactStatus status, const Bringers& bringers) {
        const auto by = bringers.find(backend);
        if (!backend.empty() && by == bringers.end()) return;
        if (by != bringers.end()) status.delivery_id = by->second;
        if (all.size() < protocol::kMaxArtifacts) all.push_back(std::move(status));
    };
    for (const auto& [id, one] : loaded_) add(status_of(one), one.bringers);
    const auto add_work = [&](const Work& work) {
        if (!work.approved) return;
        add(status_of(work.approved->manifest, ArtifactState::loading, "ok", ""), work.bringers);
    };
    if (running_) add_work(*running_);
    std::ranges::for_each(queue_, add_work);
    for (const auto& one : ended_) add(one.status, one.bringers);
    return all;
}

void Artifacts::tell(protocol::ArtifactStatus status, const Bringers& bringers) {
    for (const auto& [backend, delivery] : bringers) {
        status.delivery_id = delivery;
        tell_(backend, protocol::ArtifactChanged{.status = status});
    }
    broker_.changed();
}

void Artifacts::remember(protocol::ArtifactStatus status, UnixTime not_after,
                         const Bringers& bringers) {
    std::erase_if(ended_,
                  [&](const Ended& one) { return one.status.artifact_id == status.artifact_id; });
    tell(status, bringers);
    ended_.push_front({std::move(status), not_after, bringers});
    if (ended_.size() > kMostEnded) ended_.pop_back();
    tell_troubles();
}

// Each stands while the last that was heard of an artifact is such an end.
void Artifacts::tell_troubles() {
    const auto tell = [&](std::string_view code, ArtifactState state) {
        std::string why;
        for (const auto& one : ended_) {
            if (one.status.state != state) continue;
            why += (why.empty() ? "" : "; ") + one.status.artifact_id.value.str() + ": " +
                   one.status.reason.str() + ": " + one.status.detail.str();
        }
        if (why.empty()) return broker_.troubles.clear(code);
        broker_.troubles.set(code, BoundaryText<400>::clipped(why).str() +
                                       "; see bulkhead artifacts, and: bulkhead explain " +
                                       std::string(code));
    };
    tell("artifact-failed", ArtifactState::failed);
    tell("artifact-rolled-back", ArtifactState::rolled_back);
    tell("artifact-drifted", ArtifactState::drifted);
}

void Artifacts::tell_still_attached(const std::string& what) {
    constexpr std::size_t kMost = 16, kMostText = 340;
    const auto text = BoundaryText<kMostText>::clipped(what).str();
    if (std::ranges::count(still_attached_, text) > 0) return;
    still_attached_.insert(still_attached_.begin(), text);
    if (still_attached_.size() > kMost) still_attached_.pop_back(), ++still_untold_;
    std::string why;
    std::size_t told = 0;
    for (const auto& one : still_attached_) {
        if (!why.empty() && why.size() + one.size() > kMostText) break;
        why += (why.empty() ? "" : "; ") + one;
        ++told;
    }
    const auto left = still_attached_.size() - told + still_untold_;
    if (left > 0) why += "; and " + std::to_string(left) + " more, which the log has";
    broker_.troubles.set("artifact-still-attached",
                         why +
                             "; see bpftool link show and tc filter show, mend it, then: "
                             "systemctl restart bulkhead");
}

Artifacts::Work* Artifacts::pending(std::string_view id) {
    const auto is_it = [&](const Work& work) {
        return work.approved && work.approved->manifest.id == id;
    };
    const auto at = std::ranges::find_if(queue_, is_it);
    if (at != queue_.end()) return &*at;
    return running_ && is_it(*running_) ? &*running_ : nullptr;
}

void Artifacts::policy_changed() {
    std::vector<std::pair<std::string, admission::ArtifactVerdict>> gone;
    for (const auto& [id, one] : loaded_) {
        auto verdict = judge_as_admitted(*one.approved);
        if (!verdict.admitted) gone.emplace_back(id, std::move(verdict));
    }
    for (const auto& [id, verdict] : gone) {
        end(id, ArtifactState::removed, admission::code(verdict.reason), verdict.detail);
    }
    // What waits is judged when its turn comes.
}

bool Artifacts::remove(std::string_view id, const std::string& reason) {
    const std::string name(id);
    const auto detail = "removed on the host: " + quoted(reason);
    bool known = false;
    const auto take = [&](const ApprovedPtr& approved) {
        if (!approved) return;
        known = true;
        withdraw(approved->manifest.digest, approved->manifest.not_after, name);
    };
    const auto at = loaded_.find(id);
    if (at != loaded_.end()) {
        take(at->second.before);
        take(at->second.approved);
    }
    // One that a loader has now is judged again before it is taken.
    for (const auto* work : {pending(id), running_ ? &*running_ : nullptr}) {
        if (work == nullptr || !work->approved || work->approved->manifest.id != id) continue;
        take(work->approved);
        take(work->before);
    }
    for (const auto& one : ended_) {
        if (one.status.artifact_id.value.str() != id) continue;
        known = true;
        withdraw(one.status.manifest, one.not_after, name);
    }
    if (at != loaded_.end()) end(name, ArtifactState::removed, "removed-by-operator", detail);
    return known;
}

void Artifacts::stop() {
    std::vector<std::string> ids;
    for (const auto& [id, one] : loaded_) {
        if (!one.pinned) ids.push_back(id);
    }
    for (const auto& id : ids) {
        end(id, ArtifactState::removed, "agent-stopped",
            "the agent ends, and what is not pinned with it");
    }
}

}  // namespace bulkhead::broker
