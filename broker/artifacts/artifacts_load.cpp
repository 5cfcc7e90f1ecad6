// The queue of loaders, and what becomes of their answers.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "broker/artifacts/artifacts.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::broker {

using protocol::ArtifactState;

// A newer offer of the same id takes the place of one that waits. What is to come back waits behind
// a newer offer, for the case that it fails. Who brought either is told of what is loaded.
void Artifacts::enqueue(Work work) {
    const auto same_id = [&](const Work& other) {
        return work.approved && other.approved &&
               other.approved->manifest.id == work.approved->manifest.id;
    };
    const auto at = std::ranges::find_if(queue_, same_id);
    if (at == queue_.end()) {
        queue_.push_back(std::move(work));
    } else if (work.coming_back) {
        if (!at->before) at->before = work.approved;
        at->bringers.merge(work.bringers);
    } else {
        if (!work.before) work.before = at->coming_back ? at->approved : at->before;
        if (!at->coming_back) give_way(*at);
        work.bringers.merge(at->bringers);
        *at = std::move(work);
    }
    broker_.changed();
    start_soon({});
}

// It was admitted, and another manifest of its id was offered before its turn came.
void Artifacts::give_way(const Work& work) {
    const auto& manifest = work.approved->manifest;
    constexpr std::string_view kWhy = "another manifest of its id was offered before its turn";
    note(broker_, "artifact-failed",
         {{"artifact", manifest.id},
          {"manifest", crypto::hex(manifest.digest)},
          {"reason", "replaced"},
          {"detail", kWhy}});
    tell(status_of(manifest, ArtifactState::replaced, "replaced", kWhy), work.bringers);
}

void Artifacts::start_soon(sys::Clock::duration delay) {
    loop_.cancel(start_);
    start_ = loop_.after(delay, [this] { start_next(); });
}

void Artifacts::start_next() {
    if (broker_.draining) std::erase_if(queue_, [](const Work& work) { return work.approved; });
    if (running_ || queue_.empty()) return;
    const auto now = sys::Clock::now();
    const auto due = [&](const Work& work) {
        if (!work.approved || work.at_once) return now;
        const auto at = next_load_.find(work.approved->manifest.id);
        return at == next_load_.end() ? now : at->second;
    };
    const auto first = std::ranges::min_element(queue_, {}, due);
    if (due(*first) > now) return start_soon(due(*first) - now);
    running_.emplace(std::move(*first));
    queue_.erase(first);
    std::erase_if(next_load_, [&](const auto& row) { return row.second <= now; });
    if (running_->approved) next_load_[running_->approved->manifest.id] = now + between_loads_;
    const auto started = start(*running_);
    if (started) return;
    if (running_->reason.empty()) {
        running_->reason = started.error().kind == Error::Kind::not_there ? "attach-target-absent"
                                                                          : "loader-failed";
        running_->detail = started.error().what;
    }
    finished("");
}

Result<> Artifacts::start(Work& work) {
    LoaderOrder order;
    if (!work.approved) {
        order.frame = protocol::ProbeKernel{.seccomp = {}, .landlock = {}, .remove = {}};
        std::get<protocol::ProbeKernel>(order.frame).remove.items = work.remove;
    } else {
        const auto verdict = judge_now(*work.approved);
        if (!verdict.admitted) {
            work.reason = admission::code(verdict.reason);
            work.detail = verdict.detail;
            return fail(verdict.detail);
        }
        // What was loaded before comes back all the same.
        const auto why = work.coming_back ? "" : suspended(work.bringers);
        if (!why.empty()) {
            work.reason = admission::code(admission::Reason::intake_suspended);
            work.detail = why;
            return fail(why);
        }
        work.handle = free_handle();
        auto plan = TRY(plan_load(*work.approved, work.handle));
        work.places = std::move(plan.places);
        // Written down before they can be there: nobody's end takes them away.
        TRY(note_filters(filters_for(work)));
        order.frame = std::move(plan.frame);
        count_run_time();
        if (!run_time_) return fail("the kernel does not count the run time of programs");
        if (const auto recorded = record(work); !recorded) {
            tell_audit(broker_);
            work.reason = admission::code(admission::Reason::audit_write_failed);
            work.detail = recorded.error().what;
            return recorded;
        }
    }
    order.answered = [this](LoaderAnswer answer) { return answered(std::move(answer)); };
    order.ended = [this](const std::string& fault) { finished(fault); };
    return loader_.start(std::move(order));
}

bool Artifacts::answered(LoaderAnswer answer) {
    auto& work = *running_;
    const auto refuse = [&](std::string_view reason, std::string detail) {
        work.reason = reason;
        work.detail = std::move(detail);
        return false;
    };
    if (auto* failure = std::get_if<protocol::LoadFailed>(&answer)) {
        work.busy = failure->step.str() == "attach" && failure->error == EBUSY;
        const auto step = failure->step.str();
        refuse("load-failed", "step " + quoted(step, 40) + ": " + quoted(failure->what.str(), 400));
        return true;
    }
    if (auto* probed = std::get_if<protocol::KernelProbed>(&answer)) {
        if (work.approved) return refuse("loader-failed", "it probed and was to load");
        if (!work.remove.empty()) {
            forget_filters(work.remove);
            return true;
        }
        features_.probed = true;
        features_.features = std::move(probed->features);
        return true;
    }
    if (!work.approved) return refuse("loader-failed", "it loaded and was to probe");
    auto taken = take_as_approved(std::get<protocol::ArtifactLoaded>(std::move(answer)),
                                  work.approved->manifest, work.places, work.handle);
    if (!taken) return refuse("artifact-not-as-approved", taken.error().what);
    const bool by_name =
        std::ranges::any_of(taken->facts.programs.items,
                            [](const ProgramFacts& one) { return one.filter.has_value(); });
    if (by_name && filters_for(work).empty()) {
        return refuse("artifact-not-as-approved", "a filter by name, and this kernel has links");
    }
    work.taken = *std::move(taken);
    return true;
}

void Artifacts::finished(const std::string& fault) {
    auto work = std::move(*running_);
    running_.reset();
    if (work.reason.empty() && !fault.empty() && !work.taken) {
        work.reason = "loader-failed";
        work.detail = fault;
    }
    settle(std::move(work));
    start_soon({});
}

void Artifacts::settle(Work work) {
    if (!work.approved) {
        if (work.reason.empty()) return;
        if (work.remove.empty()) {
            broker_.log.warning("artifact-probe-failed",
                                {{"reason", work.reason}, {"why", work.detail}});
        } else {
            broker_.log.warning("artifact-filters-left",
                                {{"reason", work.reason}, {"why", work.detail}});
            tell_still_attached("filters of artifacts that ended are left: " + work.detail);
        }
        return;
    }
    // Policy may have become another while the loader worked, and an operator may have removed it.
    if (work.reason.empty()) {
        const auto verdict = judge_as_admitted(*work.approved);
        if (!verdict.admitted) {
            work.reason = admission::code(verdict.reason);
            work.detail = verdict.detail;
        }
    }
    if (work.reason.empty() && broker_.draining) {
        work.reason = "agent-stopped";
        work.detail = "the agent ends";
    }
    if (work.reason.empty() && !work.taken) {
        work.reason = "loader-failed";
        work.detail = "it ended without an answer";
    }
    if (work.reason.empty()) {
        if (const auto installed = install(work); !installed) {
            work.reason = "pin-failed";
            work.detail = installed.error().what;
        }
    }
    if (work.reason.empty()) return;
    work.taken.reset();  // closes what it may have attached
    remove_filters(filters_for(work));
    const auto& id = work.approved->manifest.id;
    // The kernel takes one program there, and it is the one to be replaced: that makes room, unless
    // a newer offer waits, which will ask for it.
    const auto old = loaded_.find(id);
    if (work.busy && old != loaded_.end() && pending(id) != nullptr) return give_way(work);
    if (work.busy && old != loaded_.end() && !broker_.draining &&
        judge_now(*work.approved).admitted) {
        Work again;
        again.approved = work.approved;
        again.bringers = work.bringers;
        const auto& others = old->second.bringers;  // the old one may come back
        again.bringers.insert(others.begin(), others.end());
        again.before = old->second.approved;
        again.at_once = true;
        end(id, ArtifactState::replaced, "replaced", "another manifest of its id takes its place");
        queue_.push_front(std::move(again));
        return;
    }
    failed(work);
    if (work.before && !loaded_.contains(id)) come_back(work.before, work.bringers);
    schedule();
}

// Makes it the loaded one of its id. After an error it is not, and what it replaced comes back.
Result<> Artifacts::install(Work& work) {
    const auto& manifest = work.approved->manifest;
    // A reload may have allowed pins since the start.
    if (manifest.pin && !pins_) pins_.emplace(TRY(Pins::open(state_, broker_.boot)));
    const auto clocks = sys::read_clocks();
    const auto expires = std::min(clocks.now + manifest.ttl, manifest.not_after);
    Bringers bringers = work.bringers;
    const auto old = loaded_.find(manifest.id);
    if (old != loaded_.end()) {
        work.before = old->second.approved;
        for (const auto& [backend, delivery] : old->second.bringers) {
            bringers.emplace(backend, delivery);
        }
        end(manifest.id, ArtifactState::replaced, "replaced",
            "another manifest of its id took its place");
    }
    auto& taken = *work.taken;
    if (manifest.pin) {
        PinRecord record;
        record.artifact_id.value = TRY(decltype(record.artifact_id.value)::create(manifest.id));
        record.manifest_digest = manifest.digest;
        record.boot = decltype(record.boot)::clipped(broker_.boot);
        record.loaded = static_cast<std::uint64_t>(clocks.now.time_since_epoch().count());
        record.expires = static_cast<std::uint64_t>(expires.time_since_epoch().count());
        record.facts = taken.facts;
        record.manifest = work.approved->manifest_bytes;
        record.signatures = work.approved->signatures;
        record.elf = TRY(sys::read_from_start(work.approved->elf, approval::kMaxElf));
        TRY(pins_->pin(record, taken.held));
    }
    std::erase_if(ended_, [&](const Ended& one) {
        return one.status.artifact_id.value.str() == manifest.id;
    });
    const Guard guard(manifest.max_cpu_percent,
                      {.at = sys::Clock::now(), .run_time_ns = run_time_ns(taken.facts)});
    auto facts = taken.facts;
    auto [at, fresh] = loaded_.insert_or_assign(
        manifest.id, Loaded{.approved = work.approved,
                            .bringers = std::move(bringers),
                            .held = std::move(taken.held),
                            .facts = std::move(facts),
                            .guard = guard,
                            .since = clocks.now,
                            .expires = expires,
                            .expires_up = clocks.up + (expires - clocks.now),
                            .last = std::move(taken.facts),
                            .pinned = manifest.pin,
                            .before = work.before});
    work.taken.reset();
    forget_unused_filters(work, at->second.facts);
    const auto& one = at->second;
    std::vector<std::string> programs;
    for (const auto& program : one.facts.programs.items) {
        std::string tag;
        for (const auto byte : program.program.tag) {
            constexpr std::string_view kDigits = "0123456789abcdef";
            const auto value = std::to_integer<unsigned>(byte);
            tag += {kDigits[value >> 4], kDigits[value & 0xf]};
        }
        programs.push_back(program.name.str() + " id " + std::to_string(program.program.id) +
                           " tag " + tag);
    }
    note(broker_, "artifact-loaded",
         {{"artifact", manifest.id},
          {"manifest", crypto::hex(manifest.digest)},
          {"programs", programs},
          {"expires", format_utc(expires)},
          {"pinned", one.pinned},
          {"rule", one.approved->rule}});
    broker_.log.info("artifact-loaded", {{"artifact", manifest.id},
                                         {"programs", one.held.programs.size()},
                                         {"expires", format_utc(expires)}});
    tell(status_of(one), one.bringers);
    tell_troubles();
    schedule();
    return {};
}

void Artifacts::failed(const Work& work) {
    const auto& manifest = work.approved->manifest;
    note(broker_, "artifact-failed",
         {{"artifact", manifest.id},
          {"manifest", crypto::hex(manifest.digest)},
          {"reason", work.reason},
          {"detail", work.detail}});
    broker_.log.error("artifact-failed",
                      {{"artifact", manifest.id}, {"reason", work.reason}, {"why", work.detail}});
    remember(status_of(manifest, ArtifactState::failed, work.reason, work.detail),
             manifest.not_after, work.bringers);
}

// The one before of the same id, if it is approved still.
void Artifacts::come_back(const ApprovedPtr& before, const Bringers& bringers) {
    const auto verdict = judge_now(*before);
    note(broker_, "artifact-comes-back",
         {{"artifact", before->manifest.id},
          {"manifest", crypto::hex(before->manifest.digest)},
          {"admitted", verdict.admitted},
          {"reason", admission::code(verdict.reason)}});
    if (!verdict.admitted) return;
    Work work;
    work.approved = before;
    work.bringers = bringers;
    work.at_once = true;
    work.coming_back = true;
    enqueue(std::move(work));
}

}  // namespace bulkhead::broker
