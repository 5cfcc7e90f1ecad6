#include "broker/status/root_status.hpp"

#include <unistd.h>

#include <algorithm>

#include "broker/artifacts/artifacts.hpp"
#include "broker/context/profiles.hpp"
#include "broker/status/expiring.hpp"
#include "broker/status/json_text.hpp"

namespace bulkhead::broker {

namespace {

std::string policy_of(const Context& broker, const std::optional<protocol::Trouble>& rejected) {
    JsonObject json;
    json.put("digest", crypto::hex(broker.policy->policy.digest)).put("loaded", broker.loaded);
    json.put("on_disk", !rejected              ? "in-force"
                        : broker.none_in_force ? "none-in-force"
                                               : "rejected");
    if (rejected) {
        json.put("rejected_since", rejected->since).put("why", rejected->why.str());
    }
    return json.str();
}

std::string upgrade_of(const UpgradeState& state) {
    using Stage = UpgradeState::Stage;
    JsonObject json;
    json.put("state", name_of(state.stage));
    if (state.stage != Stage::none) json.put("since", state.since);
    if (state.stage == Stage::pending) json.put("drains_at", state.drains_at);
    if (state.stage == Stage::blocked) json.put("why", state.why);
    return json.str();
}

std::string intake_of(const std::optional<protocol::Trouble>& suspended) {
    JsonObject json;
    json.put("suspended", suspended.has_value());
    if (suspended) {
        json.put("since", suspended->since);
        json.put_json("why", "[" + json_text(suspended->why.str()) + "]");
    }
    return json.str();
}

std::string ledger_of(const records::Ledger& ledger) {
    const auto memory = ledger.memory();
    const auto view = ledger.view();
    return JsonObject{}
        .put("records", ledger.records())
        .put("head", crypto::hex(ledger.head()))
        .put("memory", memory == admission::Memory::whole  ? "whole"
                       : memory == admission::Memory::lost ? "lost"
                                                           : "rolled-back")
        .put("full", view.full || view.full_for_repeatable)
        .str();
}

std::string audit_of(const records::Audit& audit) {
    JsonObject json;
    json.put("lines", audit.head().lines).put("head", crypto::hex(audit.head().hash));
    if (!audit.gap().empty()) json.put("gap", audit.gap());
    if (!audit.failing().empty()) json.put("failing", audit.failing());
    return json.str();
}

std::string worker_of(const WorkerFacts& one) {
    JsonObject json;
    json.put("backend", one.backend);
    if (one.pid != 0) json.put("pid", one.pid);
    return json.put("confined", one.confined)
        .put("since", one.since)
        .put("restarts", one.restarts)
        .put("violations", one.violations)
        .str();
}

std::string running_of(JobNumber number, const Jobs& jobs) {
    const auto& start = jobs.start_of(number);
    return JsonObject{}
        .put("number", number.value)
        .put("job_id", start.job_id.value.str())
        .put("profile", start.profile.str())
        .put("backend", start.backend.str())
        .put("since", start.started)
        .str();
}

std::string ended_of(const Tally::Ended& one) {
    JsonObject json;
    json.put("number", one.number.value)
        .put("job_id", one.job_id)
        .put("profile", one.profile)
        .put("backend", one.backend)
        .put("ended", one.at)
        .put("outcome", name_of(one.end.outcome))
        .put("reason", one.end.reason.str());
    if (one.end.signal != 0) json.put("signal", one.end.signal);
    if (one.end.signal == 0 && one.end.outcome == protocol::JobOutcome::finished) {
        json.put("exit_code", one.end.exit_code);
    }
    return json.str();
}

std::string refused_of(const Tally::Refused& one) {
    return JsonObject{}
        .put("at", one.at)
        .put("backend", one.backend)
        .put("job_id", one.job_id)
        .put("reason", one.reason)
        .put("detail", one.detail)
        .str();
}

std::string counts_of(const Tally::Counts& counts) {
    JsonObject json;
    for (const auto& [reason, count] : counts) json.put(reason, count);
    return json.str();
}

std::string jobs_of(const Context& broker) {
    const auto& tally = broker.tally;
    return JsonObject{}
        .put_json("running", json_list(broker.jobs.unended(),
                                       [&](auto one) { return running_of(one, broker.jobs); }))
        .put_json("last", json_list(tally.last_ended(), ended_of))
        .put_json("refused", json_list(tally.last_refused(), refused_of))
        .put_json("outcomes", counts_of(tally.outcomes()))
        .put_json("refusals", counts_of(tally.refusals()))
        .str();
}

std::string artifact_of(const protocol::ArtifactStatus& one) {
    JsonObject json;
    json.put("id", one.artifact_id.value.str())
        .put("manifest", crypto::hex(one.manifest))
        .put("state", name_of(one.state))
        .put("reason", one.reason.str())
        .put("since", one.since);
    if (!one.detail.empty()) json.put("detail", one.detail.str());
    if (one.expires != 0) json.put("expires", one.expires);
    return json.put("programs", one.programs)
        .put("run_count", one.run_count)
        .put("run_time_ns", one.run_time_ns)
        .put("cpu_millipercent", one.cpu_millipercent)
        .put("drops", one.drops)
        .put("pinned", one.pinned)
        .str();
}

std::string feature_of(const protocol::KernelFeature& one) {
    JsonObject json;
    json.put("name", one.name.str()).put("works", one.works);
    if (!one.works) json.put("why", one.why.str());
    return json.str();
}

std::string artifacts_of(const Context& broker) {
    const auto* const artifacts = broker.artifacts;
    const bool enabled = broker.as_granted().artifacts.has_value();
    JsonObject json;
    json.put("enabled", enabled);
    if (artifacts == nullptr) return json.put_json("list", "[]").str();
    if (const auto why = enabled ? artifacts->unusable() : ""; !why.empty()) {
        json.put("unusable", why);
    }
    return json.put_json("list", json_list(artifacts->list(""), artifact_of))
        .put_json("kernel", json_list(artifacts->features().features.items, feature_of))
        .str();
}

// Of each profile for whose jobs there is a rule or a pin.
std::string approvals_of(const policy::Policy& policy) {
    std::vector<std::string> rows;
    for (const auto& [name, profile] : policy.profiles) {
        const auto pinned = std::ranges::count_if(policy.approved, [&](const auto& one) {
            return one.second.manifest.profile == profile.name;
        });
        const auto* rule = policy::find(policy.approvals, name);
        const bool signs = rule != nullptr && !rule->needs.empty();
        if (rule == nullptr && pinned == 0) continue;
        rows.push_back(JsonObject{}
                           .put("profile", name)
                           .put("rule", signs ? policy::in_words(rule->needs) : "pinned only")
                           .put("pinned", pinned)
                           .str());
    }
    return json_list(rows, [](const std::string& row) { return row; });
}

}  // namespace

std::string root_status(const Context& broker, std::span<const WorkerFacts> workers,
                        const sys::TwoClocks& clocks, UnixTime started) {
    const auto& policy = broker.policy->policy;
    const auto told = broker.troubles.told();
    return JsonObject{}
        .put("format", 1)
        .put("written", clocks.now)
        .put("up", clocks.up.count())
        .put("tick", kStatusTick.count())
        .put("version", BULKHEAD_VERSION)
        .put("pid", ::getpid())
        .put("started", started)
        .put("host", policy.host.id)
        .put_json("groups", json_list(policy.host.groups, json_text))
        .put_json("policy", policy_of(broker, broker.troubles.find("policy-rejected")))
        .put_json("ceiling", JsonObject{}
                                 .put("digest", crypto::hex(broker.ceiling.digest))
                                 .put("restart_needed", broker.ceiling.restart_needed)
                                 .str())
        .put_json("upgrade", upgrade_of(broker.upgrade))
        .put_json("intake", intake_of(broker.troubles.find("intake-suspended")))
        .put_json("clock", JsonObject{}
                               .put("synchronised", broker.clock_synchronised)
                               .put("floor", broker.ledger.trusted_floor())
                               .put("untrusted_floor", broker.ledger.unsure_floor())
                               .str())
        .put_json("ledger", ledger_of(broker.ledger))
        .put_json("audit", audit_of(broker.audit))
        .put("log_lines_lost", broker.log.lost())
        .put_json("walls", JsonObject{}
                               .put_json("missing", json_list(broker.missing, json_text))
                               .put_json("unusable", json_list(unusable(*broker.policy), json_text))
                               .str())
        .put_json("workers", json_list(workers, worker_of))
        .put_json("jobs", jobs_of(broker))
        .put_json("artifacts", artifacts_of(broker))
        .put_json("expiring", json_list(expiring(broker, clocks.now),
                                        [](const policy::Expiring& one) {
                                            return JsonObject{}
                                                .put("what", one.what)
                                                .put("name", one.name)
                                                .put("at", one.at)
                                                .str();
                                        }))
        .put_json("approvals", approvals_of(broker.as_granted()))
        .put_json("troubles", json_list(told.items,
                                        [](const protocol::Trouble& one) {
                                            return JsonObject{}
                                                .put("code", one.code.str())
                                                .put("since", one.since)
                                                .put("why", one.why.str())
                                                .str();
                                        }))
        .str();
}

}  // namespace bulkhead::broker
