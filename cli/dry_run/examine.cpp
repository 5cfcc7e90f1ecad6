#include <algorithm>
#include <utility>

#include "cli/dry_run/report.hpp"
#include "common/admission/host_facts.hpp"

namespace bulkhead::cli {

namespace {

// The code that a worker reports to the backend if it cannot split a job's signed script.
constexpr const char* kUnusable = "job-unusable";

std::vector<std::string> assumptions(const Question& question, const PolicyCopy& copy) {
    const auto& memory = question.memory;
    const bool born =
        memory.history && memory.history->header() && memory.history->header()->birth != 0;
    std::vector<std::string> list;
    if (!memory.history) list.emplace_back("replay: a host on which no job was ever started");
    if (question.born) {
        list.push_back("birth: the host's ledger was born " + format_utc(*question.born));
    } else if (!born) {
        list.emplace_back(
            "birth: the host's ledger is older than the job; --host-born TIME asks a host that "
            "came later");
    }
    if (!memory.history || !memory.asks_now) {
        list.push_back("clock: the host's clock says " + format_utc(question.now) +
                       ", and was never seen to be later");
    }
    list.emplace_back("intake: no other job is running, and no operator has suspended intake");
    if (!memory.is_host) {
        list.emplace_back("interpreter: looked at on this machine; the host looks at its own");
    }
    list.emplace_back(
        "profile: its user, groups, paths and walls are on the host; bulkhead check-policy "
        "--as-host asks there");
    if (!copy.host_would_say.empty()) {
        list.push_back("policy: a host would not load this directory where it lies: " +
                       copy.host_would_say);
    }
    return list;
}

// Says in the details of the checks that passed what of them was not checked.
void mark_unchecked(const Question& question, Report& report) {
    const auto& memory = question.memory;
    const auto mark = [&](std::string_view name, const std::string& what, bool instead = false) {
        for (auto& check : report.verdict.checks) {
            if (check.name != name || check.outcome != admission::CheckOutcome::passed) continue;
            report.unchecked.push_back(check.name);
            check.detail = (instead || check.detail.empty() ? "" : check.detail + "; ") +
                           "not checked here: " + what;
        }
    };
    if (!memory.history) mark("replay", memory.why_not, true);
    if (!memory.history || !memory.asks_now) mark("time", "the host's clock");
    if (!memory.is_host) mark("interpreter", "the host's own");
    mark("profile", "user, paths and walls on the host; bulkhead check-policy --as-host");
    mark("intake", "whether it is suspended, and what runs");
}

// The other pinned manifests for a script that comes without one. That of the weakest profile
// decides.
std::vector<const policy::Approved*> also_pinned(const admission::JobBytes& job,
                                                 const policy::Policy& policy,
                                                 const admission::Verdict& verdict) {
    std::vector<const policy::Approved*> others;
    if (job.kind != admission::JobBytes::Kind::script || job.manifest || !verdict.manifest)
        return {};
    for (const auto& [name, entry] : policy.approved) {
        if (entry.manifest.script_sha256 == verdict.manifest->script_sha256 &&
            entry.manifest.digest != verdict.manifest->digest) {
            others.push_back(&entry);
        }
    }
    return others;
}

// The bytes of the pinned manifest that decided; empty if it was none.
std::string_view pinned_bytes(const policy::Policy& policy, const admission::Verdict& verdict) {
    for (const auto& [name, entry] : policy.approved) {
        if (verdict.manifest && entry.manifest.digest == verdict.manifest->digest) {
            return entry.bytes;
        }
    }
    return "";
}

}  // namespace

bool is_assumed(const Report& report, const admission::Check& check) {
    return std::ranges::count(report.unchecked, check.name) > 0;
}

Report examine(const Question& question, const PolicyCopy& copy) {
    Report report;
    report.assumed = assumptions(question, copy);
    const auto& policy = copy.policy;
    admission::JobBytes job{.params = question.params};
    approval::SignedScript parts;
    if (question.catalogue.empty()) {
        auto split = approval::split_signed_script(question.text);
        if (!split) {
            report.reason = kUnusable;
            report.detail = split.error().what;
            report.script = question.text;
            return report;
        }
        parts = *std::move(split);
        job.script = parts.script;
        if (!parts.manifest.empty()) job.manifest = parts.manifest;
        if (question.manifest) job.manifest = *question.manifest;
        job.signatures = parts.signatures;
        report.has_signatures = !parts.signatures.empty();
    } else {
        job.kind = admission::JobBytes::Kind::catalogue;
        job.name = question.catalogue;
    }
    auto facts = admission::look_at(policy, copy.directory);
    facts.max_running_jobs = 1;
    auto ledger = question.memory.view();
    if (question.born) ledger.birth = question.born;
    report.verdict = admission::admit(job, policy, facts, ledger, question.now);
    mark_unchecked(question, report);
    report.reason = admission::code(report.verdict.reason);
    report.detail = report.verdict.detail;
    report.script = std::exchange(report.verdict.script, {});  // a view of what the caller has
    report.profile = report.verdict.profile;
    report.manifest = job.manifest.value_or(pinned_bytes(copy.policy, report.verdict));
    if (report.verdict.manifest) {
        report.choice = backend_choice(*report.verdict.manifest, report.profile);
    }
    report.also_pinned = also_pinned(job, policy, report.verdict);
    report.next = instructions(question, report, copy);
    return report;
}

}  // namespace bulkhead::cli
