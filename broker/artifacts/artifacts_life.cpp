// What ends an artifact that is loaded: its time, the guard, drift; and what a new broker takes up.
#include <cerrno>
#include <utility>

#include "broker/artifacts/artifacts.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::broker {

using protocol::ArtifactState;

void Artifacts::begin() {
    adopt_all();
    remove_left_filters();
    if (broker_.policy->policy.artifacts && unusable().empty()) {
        enqueue({});  // probes the kernel
    }
    schedule();
}

// Even without artifacts.policy: what was pinned before it was taken away must end.
void Artifacts::adopt_all() {
    auto dir = state_.open_dir(Pins::kRecords);
    const bool pinned = dir.has_value();
    const auto& rules = broker_.policy->policy.artifacts;
    if (!pinned && !(rules && rules->pins_allowed)) return;
    const auto stay = [&](const Error& error) {
        broker_.log.failed("artifact-pins-failed", error);
        note(broker_, "artifact-not-adopted",
             {{"artifact", ""}, {"withdrawn", false}, {"why", error.what}});
        tell_still_attached("pinned artifacts stay as they are: " + error.what);
    };
    auto pins = Pins::open(state_, broker_.boot);
    if (!pins) return stay(pins.error());
    pins_.emplace(*std::move(pins));
    auto found = pins_->adopt();
    if (!found) return stay(found.error());
    std::string still;
    for (const auto& one : found->others) {
        if (!one.withdrawn) still += (still.empty() ? "" : "; ") + one.why;
        note(broker_, "artifact-not-adopted",
             {{"artifact", one.name}, {"withdrawn", one.withdrawn}, {"why", one.why}});
        broker_.log.warning("artifact-not-adopted",
                            {{"artifact", quoted(one.name, 80)}, {"why", one.why}});
    }
    if (!still.empty()) tell_still_attached(still);
    for (auto& one : found->adopted) adopt(std::move(one));
}

void Artifacts::adopt(Adopted one) {
    auto& record = one.record;
    const auto id = record.artifact_id.value.str();
    const auto clocks = sys::read_clocks();
    const UnixTime expires{std::chrono::seconds(record.expires)};
    auto approved = std::make_shared<ApprovedArtifact>();
    std::string reason, detail;
    auto manifest = approval::parse_artifact_manifest(record.manifest);
    auto elf = sys::sealed_memfd("artifact", as_bytes(record.elf));
    if (!manifest || !elf) {
        reason = "manifest-malformed";
        detail = manifest ? elf.error().what : manifest.error().what;
    } else {
        approved->manifest = *std::move(manifest);
        approved->manifest_bytes = record.manifest;
        approved->signatures = record.signatures;
        approved->elf = *std::move(elf);
        approved->admitted = UnixTime{std::chrono::seconds(record.loaded)};
        const auto verdict = judge_as_admitted(*approved);
        approved->rule = verdict.rule;
        approved->signers = verdict.signers;
        if (!verdict.admitted) reason = admission::code(verdict.reason);
        if (!verdict.admitted) detail = verdict.detail;
        if (verdict.admitted && clocks.now >= expires) reason = "ttl-over";
    }
    note(broker_, "artifact-adopted",
         {{"artifact", id},
          {"manifest", crypto::hex(record.manifest_digest)},
          {"kept", reason.empty()},
          {"reason", reason.empty() ? "ok" : std::string_view(reason)},
          {"detail", detail}});
    if (!reason.empty()) {
        broker_.log.warning("artifact-not-adopted", {{"artifact", id}, {"why", reason}});
        for (auto& program : one.held.programs) {
            if (program.link) static_cast<void>(bpf::detach(*program.link));
        }
        unpin(record.artifact_id);
        return;
    }
    const Guard guard(approved->manifest.max_cpu_percent,
                      {.at = sys::Clock::now(), .run_time_ns = run_time_ns(record.facts)});
    auto facts = record.facts;
    loaded_.insert_or_assign(id, Loaded{.approved = std::move(approved),
                                        .bringers = {},
                                        .held = std::move(one.held),
                                        .facts = std::move(facts),
                                        .guard = guard,
                                        .since = UnixTime{std::chrono::seconds(record.loaded)},
                                        .expires = expires,
                                        .expires_up = clocks.up + (expires - clocks.now),
                                        .last = std::move(record.facts),
                                        .pinned = true,
                                        .before = {}});
    broker_.log.info("artifact-adopted", {{"artifact", id}, {"expires", format_utc(expires)}});
}

// The kernel counts run time only while somebody asks for it: it costs each run of every program of
// this host about 20 ns.
void Artifacts::count_run_time() {
    if (run_time_) return;
    auto counting = bpf::enable_run_time();
    if (broker_.log.check(counting ? Result<>() : std::unexpected(counting.error()),
                          "artifact-guard-blind")) {
        run_time_ = *std::move(counting);
    }
}

void Artifacts::schedule() {
    loop_.cancel(tick_);
    if (loaded_.empty()) {
        look_due_.reset();
        if (!running_) run_time_.reset();
        return;
    }
    count_run_time();
    const auto clocks = sys::read_clocks();
    const auto now = sys::Clock::now();
    if (!look_due_) look_due_ = now + Guard::kInterval;
    auto next = std::chrono::ceil<std::chrono::milliseconds>(*look_due_ - now);
    for (const auto& [id, one] : loaded_) {
        const auto left = std::min(one.expires - clocks.now, one.expires_up - clocks.up);
        next = std::min<std::chrono::milliseconds>(next, left);
    }
    // Clocks of whole seconds: a moment after the last one has begun.
    tick_ = loop_.after(std::max<std::chrono::milliseconds>(next, std::chrono::milliseconds(100)),
                        [this] { tick(); });
}

void Artifacts::tick() {
    const auto clocks = sys::read_clocks();
    std::vector<std::string> ids;
    for (const auto& [id, one] : loaded_) ids.push_back(id);
    for (const auto& id : ids) look_at(id, clocks);
    if (look_due_ && sys::Clock::now() >= *look_due_) look_due_.reset();
    broker_.changed();
    schedule();
}

void Artifacts::look_at(const std::string& id, const sys::TwoClocks& clocks) {
    auto& one = loaded_.find(id)->second;
    if (clocks.now >= one.expires || clocks.up >= one.expires_up) {
        const bool ttl = one.expires < one.approved->manifest.not_after;
        return end(id, ArtifactState::expired, ttl ? "ttl-over" : "too-late",
                   ttl ? "its time to live is over" : "its approval has ended");
    }
    auto now = look(one.held, one.facts);
    auto other = now ? drift(one.facts, *now) : now.error().what;
    if (other.empty() && one.pinned && pins_) {
        PinRecord record;
        record.artifact_id.value = decltype(record.artifact_id.value)::clipped(id);
        record.facts = one.facts;
        const auto pinned = pins_->look(record);
        other = pinned ? drift(one.facts, *pinned) : "its pins: " + pinned.error().what;
    }
    if (!other.empty()) return end(id, ArtifactState::drifted, "drifted", other);
    one.last = *std::move(now);
    const auto& manifest = one.approved->manifest;
    for (std::size_t i = 0; i < one.held.maps.size(); ++i) {
        if (one.facts.maps.items[i].name.str() != manifest.drops_map) continue;
        const auto sum = bpf::sum_of_map(one.held.maps[i]);
        if (sum) one.drops = *sum;
        break;
    }
    const auto verdict =
        one.guard.look({.at = sys::Clock::now(), .run_time_ns = run_time_ns(one.last)});
    if (verdict != Guard::Verdict::roll_back) return;
    const auto used = one.guard.millipercent();
    auto before = one.before;
    const auto bringers = one.bringers;
    withdraw(manifest.digest, manifest.not_after, id);
    end(id, ArtifactState::rolled_back, "cpu-guard",
        "its programs took " + std::to_string(used / 1000) + "." +
            std::to_string(used % 1000 / 100) + " % of a processor, of " +
            std::to_string(manifest.max_cpu_percent) + " % at most, twice in a row");
    if (before) come_back(before, bringers);
}

void Artifacts::unpin(const protocol::JobId& id) {
    const auto gone = pins_->unpin(id);
    if (!broker_.log.check(gone, "artifact-pins-failed")) {
        tell_still_attached(id.value.str() +
                            " is unloaded, and still pinned: " + gone.error().what);
    }
}

// Where the kernel cannot detach a link, closing it does.
void Artifacts::detach(Loaded& one) {
    std::vector<protocol::NamedFilter> filters;
    for (std::size_t i = 0; i < one.held.programs.size(); ++i) {
        const auto& link = one.held.programs[i].link;
        const auto done = link ? bpf::detach(*link) : Result<>();
        if (!done && done.error().code != EOPNOTSUPP && done.error().code != ENOLINK) {
            broker_.log.failed("artifact-detach-failed", done.error());
        }
        const auto& filter = one.facts.programs.items[i].filter;
        if (filter) filters.push_back(*filter);
    }
    if (one.pinned && pins_) {
        protocol::JobId id;
        id.value = decltype(id.value)::clipped(one.approved->manifest.id);
        unpin(id);
    }
    one.held = {};
    remove_filters(std::move(filters));
}

void Artifacts::end(const std::string& id, ArtifactState state, std::string_view reason,
                    const std::string& detail) {
    auto one = std::move(loaded_.extract(id).mapped());
    detach(one);
    const auto& manifest = one.approved->manifest;
    auto status = status_of(one);
    status.state = state;
    status.reason = protocol::Code::clipped(reason);
    status.detail = protocol::Detail::clipped(detail);
    status.since = static_cast<std::uint64_t>(sys::now().time_since_epoch().count());
    status.expires = 0;
    note(broker_, "artifact-ended",
         {{"artifact", id},
          {"manifest", crypto::hex(manifest.digest)},
          {"state", name_of(state)},
          {"reason", reason},
          {"run_count", status.run_count},
          {"run_time_ns", status.run_time_ns},
          {"detail", detail}});
    broker_.log.warning(
        "artifact-ended",
        {{"artifact", id}, {"state", name_of(state)}, {"reason", reason}, {"why", detail}});
    remember(std::move(status), manifest.not_after, one.bringers);
    schedule();
}

void Artifacts::withdraw(const crypto::Digest& manifest, UnixTime not_after,
                         const std::string& id) {
    constexpr std::string_view kWithdrawalUnwritable = "artifact-withdrawal-unwritable";
    const auto kept = withdrawn_
                          ? withdrawn_->add(manifest, not_after, id, broker_.ledger.trusted_floor())
                          : Result<>(std::unexpected(withdrawn_.error()));
    if (kept) return broker_.troubles.clear(kWithdrawalUnwritable);
    broker_.troubles.set(kWithdrawalUnwritable,
                         "a restart would forget that " + id +
                             " was withdrawn: " + kept.error().what + "; see to the disk of " +
                             broker_.state_directory + ", and take its approval out of the policy");
}

}  // namespace bulkhead::broker
