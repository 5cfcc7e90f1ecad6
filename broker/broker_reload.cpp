// SIGHUP: opens the logs again, and puts the policy in force if this host can give what it asks
// for.
#include <unistd.h>

#include "broker/broker.hpp"
#include "broker/ceiling.hpp"
#include "broker/context/memory.hpp"
#include "broker/context/profiles.hpp"
#include "broker/log_file.hpp"
#include "broker/own_accounts.hpp"
#include "common/policy/pinned_twice.hpp"
#include "common/protocol/events.hpp"
#include "common/sys/clock.hpp"
#include "common/view/worker_view.hpp"

namespace bulkhead::broker {

// Tries first all that a worker under the new policy needs, so that running workers are never
// replaced by one that cannot start.
Result<std::shared_ptr<ReadyPolicy>> Broker::load_fresh() const {
    auto fresh = TRY(ReadyPolicy::load(parts_.options.policy, parts_.vendor));
    TRY(keep_jobs_apart(fresh->policy, parts_.options));
    TRY(require_possible(fresh->policy, context_.missing, context_.landlock_abi));
    if (parts_.part.own_view) TRY(view::try_view(fresh->policy.part("worker").paths));
    return fresh;
}

void Broker::take(std::shared_ptr<ReadyPolicy> fresh) {
    assess(*fresh, context_);
    const auto before = std::exchange(context_.policy, std::move(fresh));
    const auto& policy = *context_.policy;
    const bool other_walls = walls_of_workers(*before) != walls_of_workers(policy);
    context_.ceiling.restart_needed = wants_other(policy, context_.ceiling);
    log_.check(parts_.evidence.keep(policy.policy), "evidence of the policy");
    let_readers_in();
    tell_unusable();
    const auto digest = crypto::hex(policy.policy.digest);
    note(context_, "policy-loaded",
         {{"policy", digest},
          {"workers", other_walls ? "replaced" : "kept"},
          {"restart_needed", context_.ceiling.restart_needed},
          {"ceiling", crypto::hex(context_.ceiling.digest)}});
    log_.info("policy reloaded",
              {{"policy", digest.substr(0, 12)}, {"workers", other_walls ? "replaced" : "kept"}});
    if (context_.ceiling.restart_needed) {
        log_.warning("restart-needed",
                     {{"why",
                       "the policy changes the ceiling, which can only fall: restart the "
                       "agent for it"},
                      {"ceiling", crypto::hex(context_.ceiling.digest).substr(0, 12)}});
    }
    // Not while stopping, nor in one-pass mode: a worker that leaves then is not followed by
    // another.
    if (other_walls && !context_.draining && parts_.options.command == Command::serve) {
        workers_->replace_all();
    }
}

void Broker::reload() {
    log_.check(parts_.audit.reopen(), "reopen audit log");
    take_acceptance(context_);
    if (!parts_.options.log_file.empty()) {
        log_.check(log_to(parts_.options.log_file), "reopen log");
    }
    auto fresh = load_fresh();
    if (fresh) {
        take(*std::move(fresh));
    } else {
        log_.error("policy not reloaded, the old one stays", {{"why", fresh.error().what}});
        note(context_, "policy-rejected", {{"why", fresh.error().what}});
    }
    protocol::PolicyReloaded event{.policy_digest = context_.policy->policy.digest,
                                   .ceiling_digest = context_.ceiling.digest,
                                   .restart_needed = context_.ceiling.restart_needed,
                                   .log = {}};
    if (!parts_.options.log_file.empty()) {
        sys::Fd copy(::dup(STDOUT_FILENO));
        if (!copy) log_.error("workers keep the log that was open");
        if (copy) event.log = protocol::Handle{std::move(copy)};
    }
    workers_->tell_all(event);
}

// An unknown group leaves the audit log to root alone.
void Broker::let_readers_in() {
    const auto& name = context_.policy->policy.host.readers;
    const auto group = name.empty() ? Result<gid_t>(0) : sandbox::find_group(name);
    auto let = parts_.audit.let_read(group.value_or(0));
    if (!group) let = std::unexpected(group.error());
    if (let) return context_.troubles.clear("readers-unknown");
    context_.troubles.set("readers-unknown",
                          "host.policy: readers " + name + ": " + let.error().what);
}

void Broker::tell_unusable() {
    for (const auto& sentence : unusable(*context_.policy)) {
        log_.warning("no jobs of a profile", {{"why", sentence}});
        note(context_, "profile-unusable", {{"why", sentence}});
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
