#include <utility>

#include "cli/dry_run/report.hpp"
#include "common/admission/host_facts.hpp"

namespace bulkhead::cli {

namespace {

// The code that a worker reports to the backend if it cannot split a job's signed script.
constexpr const char* kUnusable = "job-unusable";

std::vector<std::string> assumptions(const Question& question, const PolicyCopy& copy) {
    std::vector<std::string> list{
        "replay: not checked here: a host on which no job was ever started",
        question.born ? "birth: the host's ledger was born " + format_utc(*question.born)
                      : std::string("birth: the host's ledger is older than the job; --host-born "
                                    "TIME asks a host that came later"),
        "clock: the host's clock says " + format_utc(question.now),
        "intake: no other job is running, and no operator has suspended intake",
        "interpreter: looked at on this machine; the host looks at its own",
        ("profile: its user, groups, paths and walls are on the host; bulkhead check-policy "
         "--as-host asks there")};
    if (!copy.host_would_say.empty()) {
        list.push_back("policy: a host would not load this directory where it lies: " +
                       copy.host_would_say);
    }
    return list;
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

bool is_assumed(const admission::Check& check) {
    return check.name == "replay" && check.outcome == admission::CheckOutcome::passed;
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
    report.verdict = admission::admit(job, policy, facts,
                                      {.birth = question.born.value_or(UnixTime{})}, question.now);
    for (auto& check : report.verdict.checks) {
        if (is_assumed(check)) check.detail = "not checked here: a dry run has no ledger";
    }
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
