// What becomes a trouble although nobody asked for anything.
#include <algorithm>

#include "broker/context/memory.hpp"
#include "broker/context/profiles.hpp"
#include "broker/reads/stamp.hpp"
#include "broker/status/expiring.hpp"
#include "broker/status/root_status.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::broker {

namespace {

constexpr std::chrono::seconds kToStart{60};  // for a worker to be confined again
constexpr unsigned kOftenRestarted = 3;       // within an hour

// A trouble of the sentences in `list`, if there are any, and what to do.
void tell(Context& broker, std::string_view code, const std::vector<std::string>& list,
          std::string_view remedy) {
    if (list.empty()) return broker.troubles.clear(code);
    std::string why;
    for (const auto& one : list) why += (why.empty() ? "" : "; ") + one;
    broker.troubles.set(code, why + std::string(remedy));
}

// An event that can be written again ends the trouble: nobody may have anything else to record.
void watch_audit(Context& broker) {
    const auto failing = broker.audit.failing();
    if (!failing.empty()) note(broker, "audit-resumed", {{"failed", failing}});
    tell_audit(broker);
}

// Whether the policy would let a job of this profile run.
bool is_granted(const policy::Policy& policy, std::string_view profile) {
    const auto* rule = policy::find(policy.approvals, profile);
    if (rule != nullptr && !rule->needs.empty()) return true;
    return std::ranges::any_of(
        policy.approved, [&](const auto& one) { return one.second.manifest.profile == profile; });
}

void watch_policy(Context& broker) {
    const auto& ready = *broker.policy;
    std::vector<std::string> unusable;
    for (const auto& [name, facts] : ready.profiles) {
        if (facts.unusable.empty() || !is_granted(ready.policy, name)) continue;
        unusable.push_back("profile " + name + ": " + facts.unusable);
    }
    tell(broker, "profile-unusable", unusable,
         "; its jobs are refused: mend the host, or take away what approves such jobs");
    std::vector<std::string> ends;
    const auto now = sys::now();
    for (const auto& one : expiring(broker, now)) {
        ends.push_back(one.what + " " + quoted(one.name, 64) +
                       (one.at < now ? " ended at " : " ends at ") + format_utc(one.at));
    }
    tell(broker, "approval-expiring", ends,
         "; what has ended approves nothing: renew or remove it, and reload");
    tell(broker, "restart-needed",
         broker.ceiling.restart_needed
             ? std::vector<std::string>{"the policy in force names another ceiling, which a reload "
                                        "cannot raise"}
             : std::vector<std::string>{},
         ": restart the agent");
}

void watch_workers(Context& broker, std::span<const WorkerFacts> workers) {
    std::vector<std::string> down, restarted, violated;
    const auto now = sys::now();
    for (const auto& one : workers) {
        const auto who = "worker of backend " + one.backend;
        if (!one.confined && now - one.since > kToStart) {
            down.push_back(who + " is not there since " + format_utc(one.since));
        }
        if (one.restarts_lately >= kOftenRestarted) {
            restarted.push_back(who + " ended " + std::to_string(one.restarts_lately) +
                                " times within the last hour");
        }
        if (one.violations_lately > 0) {
            violated.push_back(who + " broke the protocol " +
                               std::to_string(one.violations_lately) +
                               " times within the last hour");
        }
    }
    tell(broker, "worker-down", down, "; the log says why: journalctl -u bulkhead");
    tell(broker, "worker-restarts", restarted, "; the log says why: journalctl -u bulkhead");
    tell(broker, "worker-violations", violated,
         "; it may be captured: look at the audit log and at the backend");
}

// Workers have read it once; a restart with a slip in it would be the agent's end.
void watch_config(Context& broker) {
    constexpr std::string_view kCode = "configuration-changed";
    if (stamp_of(broker.config_file) == broker.config_stamp) return broker.troubles.clear(kCode);
    broker.troubles.set(kCode, broker.config_file +
                                   " was written since the start, and is not in force: bulkhead "
                                   "check-config, then: systemctl restart bulkhead");
}

}  // namespace

void watch_host(Context& broker, std::span<const WorkerFacts> workers) {
    tell_intake(broker);
    tell_lost_lines(broker);
    watch_memory(broker);
    watch_audit(broker);
    watch_policy(broker);
    watch_config(broker);
    watch_workers(broker, workers);
}

}  // namespace bulkhead::broker
