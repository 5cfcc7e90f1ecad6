// SIGHUP: opens the logs again, and puts the policy in force if this host can give what it asks
// for.

#include <algorithm>
#include <span>

#include "broker/broker.hpp"
#include "broker/ceiling.hpp"
#include "broker/context/memory.hpp"
#include "broker/context/profiles.hpp"
#include "broker/log_file.hpp"
#include "broker/status/root_status.hpp"
#include "broker/waiting_jobs.hpp"
#include "common/admission/host_facts.hpp"
#include "common/admission/pinned.hpp"
#include "common/base/text.hpp"
#include "common/policy/near_miss.hpp"
#include "common/policy/pinned_twice.hpp"
#include "common/protocol/events.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/memory.hpp"
#include "common/view/worker_view.hpp"

namespace bulkhead::broker {

namespace {

// For the answer to who asked for a reload: of these files, as policy::GrantsNow has them.
std::string what_counts(const std::vector<std::string>& changed) {
    constexpr std::size_t kMost = 20;
    if (changed.empty()) return "";
    std::string names;
    for (const auto& one : std::span(changed).first(std::min(changed.size(), kMost))) {
        const bool gone = one.ends_with(" gone");
        names += (names.empty() ? "" : ", ") + (gone ? one : one.substr(0, one.rfind(' ')));
    }
    if (changed.size() > kMost) names += " and " + std::to_string(changed.size() - kMost) + " more";
    return "what these withdraw counts already, what they grant does not: " + names + "\n";
}

}  // namespace

// Tries first all that a worker under the new policy needs, so that running workers are never
// replaced by one that cannot start.
Result<std::shared_ptr<ReadyPolicy>> Broker::load_fresh() const {
    auto fresh = TRY(ReadyPolicy::load(parts_.options.policy, parts_.vendor));
    TRY(require_possible(fresh->policy, parts_.options, context_.missing,
                         context_.ceiling.reachable, context_.landlock_abi));
    if (parts_.part.own_view) TRY(view::try_view(fresh->policy.part("worker").paths));
    return fresh;
}

// What each policy in force means for the rest of the broker, also the first.
void Broker::put_in_force() {
    const auto& policy = context_.policy->policy;
    const auto kept = parts_.evidence.keep(policy);
    if (log_.check(kept, "evidence-failed")) {
        context_.troubles.clear("evidence-unwritable");
    } else {
        context_.troubles.set("evidence-unwritable",
                              kept.error().what +
                                  "; no job starts, nor does the agent on a policy that is "
                                  "rejected: see to the disk of the state directory, then: "
                                  "bulkhead reload");
    }
    tell_unusable();
    if (context_.none_in_force) return static_cast<void>(keep_what_is_granted_now(parts_.rejected));
    let_readers_in();
    tell_of_policy(policy);
    prepare_views();
}

void Broker::prepare_views() {
    const auto& options = parts_.options;
    if (options.command != Command::serve || options.prepared_views == "no") return;
    std::vector<std::string> names;
    for (const auto& [name, profile] : context_.policy->policy.profiles) {
        const auto& facts = context_.policy->profiles.at(name);
        if (profile.namespaces.mount && facts.unusable.empty()) names.push_back(name);
    }
    views_.make_for(std::move(names), [this](const std::string& name) {
        return plan_of(context_.policy->policy.profiles.at(name), *context_.policy, context_);
    });
}

std::string Broker::take(std::shared_ptr<ReadyPolicy> fresh) {
    assess(*fresh, context_);
    context_.loaded = sys::now();
    const auto before = std::exchange(context_.policy, std::move(fresh));
    const auto& policy = *context_.policy;
    const bool other_walls = walls_of_workers(*before) != walls_of_workers(policy);
    context_.ceiling.restart_needed = wants_other(policy, context_.ceiling);
    const bool first = std::exchange(context_.none_in_force, false);
    context_.granted_now.reset();
    context_.intake.hold("");
    context_.troubles.clear("policy-rejected");
    put_in_force();
    end_revoked_jobs(policy.policy.revoked_jobs);
    const auto digest = crypto::hex(policy.policy.digest);
    const std::string workers = other_walls ? "replaced" : "kept";
    note(context_, "policy-loaded",
         {{"policy", digest},
          {"workers", workers},
          {"restart_needed", context_.ceiling.restart_needed},
          {"ceiling", crypto::hex(context_.ceiling.digest)}});
    log_.info("policy-reloaded", {{"policy", digest.substr(0, 12)}, {"workers", workers}});
    if (context_.ceiling.restart_needed) {
        log_.warning("restart-needed",
                     {{"why",
                       "the policy changes the ceiling, which can only fall: restart the "
                       "agent for it"},
                      {"ceiling", crypto::hex(context_.ceiling.digest).substr(0, 12)}});
    }
    service_.send("STATUS=policy " + digest.substr(0, 12) + " in force");
    auto answer = "loaded\npolicy " + digest + " is in force; workers " + workers + "; " +
                  (context_.ceiling.restart_needed
                       ? "its ceiling takes a restart: systemctl restart bulkhead\n"
                       : "no restart needed\n");
    // Not while stopping, nor in one-pass mode: a worker that leaves then is not followed by
    // another.
    if (context_.draining || parts_.options.command != Command::serve) return answer;
    const bool resumed = first && resume_waiting_jobs(parts_.kept, context_,
                                                      [this] { workers_->replace_all_at_once(); });
    if (other_walls && !resumed) workers_->replace_all();
    return answer;
}

// The policy in force stays, less what the operator's directory grants no longer. Where that cannot
// be told, and after a start, no job starts.
std::string Broker::keep_what_is_granted_now(const std::string& rejected) {
    constexpr std::string_view kCode = "policy-rejected";
    const auto in_force = crypto::hex(context_.policy->policy.digest);
    log_.error("policy-rejected", {{"why", rejected}, {"in_force", in_force.substr(0, 12)}});
    auto now = policy::read_grants(parts_.vendor, parts_.options.policy, policy::Trust::root,
                                   context_.policy->policy);
    auto granted = std::make_shared<policy::Policy>(context_.policy->policy);
    static_cast<policy::Grants&>(*granted) = std::move(now.grants);
    std::ranges::move(policy::withdraw_rows(*granted, parts_.vendor, parts_.options.policy),
                      std::back_inserter(now.changed));
    granted->ignored = std::move(now.ignored);
    policy::drop_new_grants(*granted, context_.policy->policy);
    context_.granted_now = std::move(granted);
    tell_of_policy(*context_.granted_now);
    end_revoked_jobs(context_.granted_now->revoked_jobs);
    let_readers_in();
    if (!context_.troubles.stands(kCode)) rejected_since_ = sys::now();
    std::string held;
    if (context_.none_in_force) {
        held = "policy rejected, since " + format_utc(rejected_since_) + ": " + rejected;
    } else if (!now.fault.empty()) {
        held = "what was withdrawn cannot be read: " + now.fault;
    }
    context_.intake.hold(held);
    if (now.fault.empty() && !now.changed.empty()) {
        note(context_, "withdrawals-applied", {{"files", now.changed}});
    }
    if (!held.empty()) note(context_, "intake-suspended", {{"why", held}, {"files", now.changed}});
    const std::string effect =
        held.empty() ? "the policy before stays, less what the directory grants no longer"
        : context_.none_in_force ? "no job starts, and the walls are those of the policy before"
                                 : "no job starts, because what was withdrawn cannot be read";
    const auto& cause = held.empty() || context_.none_in_force ? rejected : now.fault;
    context_.troubles.set(kCode, effect + ": " + BoundaryText<360>::clipped(cause).str() +
                                     "; mend it, then: bulkhead reload");
    service_.send("STATUS=policy rejected; " + effect);
    return "rejected\n" + rejected + "\n" + effect + (cause == rejected ? "" : ": " + cause) +
           "\n" + (now.fault.empty() ? what_counts(now.changed) : "") +
           "mend it, then: bulkhead reload\n";
}

// Artifacts too: what the policy that counts admits no longer is unloaded.
void Broker::end_revoked_jobs(const std::vector<approval::RevokedJob>& revoked) {
    jobs_.end_revoked([&](const records::Start& start) {
        return std::ranges::any_of(revoked, [&](const auto& row) {
            return row.kill && row.names(start.manifest, start.job_id.value.str());
        });
    });
    if (artifacts_) artifacts_->policy_changed();
}

// What does not keep a policy from being loaded, and an operator has to know all the same.
void Broker::tell_of_policy(const policy::Policy& policy) {
    const auto tell = [&](std::string_view code, const std::string& list, std::string_view why) {
        if (list.empty()) return context_.troubles.clear(code);
        context_.troubles.set(code, list + std::string(why));
    };
    std::string lines;
    for (const auto& [line, principals, why] : policy.signers.refused) {
        lines += (lines.empty() ? "" : "; ") + ("allowed_signers:" + std::to_string(line)) + ": " +
                 quoted(principals, 64) + ": " + quoted(why);
    }
    tell("signers-refused", lines, "; no signature of theirs counts");
    std::string files;
    for (const auto& file : policy.ignored) {
        if (file != policy::kJobsDisabled) files += (files.empty() ? "" : ", ") + quoted(file, 80);
    }
    tell("policy-files-ignored", files, ": nobody reads files of these names; move them away");
}

// The answer to who asked for it, see Requests.
std::string Broker::reload() {
    log_.check(parts_.audit.reopen(), "audit-log-failed");
    take_acceptance(context_);
    if (!parts_.options.log_file.empty()) {
        log_.check(log_to(parts_.options.log_file), "log-file-failed");
    }
    auto fresh = load_fresh();
    if (!fresh) note(context_, "policy-rejected", {{"why", fresh.error().what}});
    auto answer = fresh ? take(*std::move(fresh)) : keep_what_is_granted_now(fresh.error().what);
    watch_host(context_, workers_->facts());
    if (upgrade_) upgrade_->look();
    // Who reads the answer asks for the status next, and would find the one of before.
    if (status_) write_status();
    workers_->tell_all(protocol::PolicyReloaded{.policy_digest = context_.policy->policy.digest,
                                                .ceiling_digest = context_.ceiling.digest,
                                                .restart_needed = context_.ceiling.restart_needed});
    sys::give_back_memory();
    return answer;
}

// An unknown group leaves the audit log to root alone.
void Broker::let_readers_in() {
    const auto name = readers_of(context_);
    const auto group = name.empty() ? Result<gid_t>(0) : sandbox::find_group(name);
    auto let = parts_.audit.let_read(group.value_or(0));
    if (!group) let = std::unexpected(group.error());
    if (let) return context_.troubles.clear("readers-unknown");
    context_.troubles.set("readers-unknown",
                          "host.policy: readers " + name + ": " + let.error().what);
}

void Broker::tell_unusable() {
    for (const auto& sentence : unusable(*context_.policy)) {
        log_.warning("profile-unusable", {{"why", sentence}});
        note(context_, "profile-unusable", {{"why", sentence}});
    }
    std::string refused;
    for (const auto& one : admission::refused_pins(
             context_.policy->policy,
             admission::look_at(context_.policy->policy, context_.policy_directory), sys::now())) {
        refused += one.file + " is refused as " + std::string(admission::code(one.reason)) + ": " +
                   one.detail + "; ";
    }
    if (refused.empty()) context_.troubles.clear("pin-refused");
    if (!refused.empty()) {
        context_.troubles.set("pin-refused",
                              BoundaryText<360>::clipped(refused).str() +
                                  "take the manifest out, or mend what refuses it, and reload");
    }
    const auto twice = policy::pinned_twice(context_.policy->policy, sys::now());
    if (twice.empty()) return context_.troubles.clear("script-ambiguous");
    context_.troubles.set("script-ambiguous",
                          "approved/" + twice[0].first->name + ".manifest and approved/" +
                              twice[0].second->name +
                              ".manifest pin one script, which is refused when it comes bare; see "
                              "bulkhead check-policy");
}

}  // namespace bulkhead::broker
