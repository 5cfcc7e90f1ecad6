// The report for people, as text.
#include "common/base/text.hpp"

#include <map>

#include "cli/base/layout.hpp"
#include "cli/dry_run/policy_text.hpp"
#include "cli/dry_run/report.hpp"
#include "common/policy/profile_digest.hpp"
#include "common/policy/walls.hpp"

namespace bulkhead::cli {

namespace {

std::string remarks_of(const std::vector<Remark>& remarks) {
    std::string text;
    for (const auto& remark : remarks) {
        text += row("", (remark.line == 0 ? "" : "line " + std::to_string(remark.line) + ": ") +
                            quoted(remark.text, 400));
    }
    return text;
}

std::string verdict_of(const Question& question, const Report& report, const PolicyCopy& copy) {
    const auto& verdict = report.verdict;
    auto text = row("verdict", (verdict.admitted ? "admit" : "refuse: " + report.reason));
    if (!verdict.admitted && !report.detail.empty()) text += row("", report.detail);
    if (!report.faults.empty()) {
        text += row("but", "new-job and seal refuse this script, and the exit status is 1:");
        text += remarks_of(report.faults);
    }
    if (verdict.manifest) {
        const auto& job = *verdict.manifest;
        const bool pinned = verdict.rule.starts_with("pinned ");
        text += row("job", job.job_id.value + " by " + job.author +
                               (pinned ? " (as claimed; pinned by root)" : "") + ": " + job.reason);
        text += row("profile", job.profile);
        if (job.profile_sha256)
            text += row("", "as of SHA-256 " + crypto::hex(*job.profile_sha256));
    }
    if (!verdict.rule.empty()) text += row("rule", verdict.rule);
    for (const auto* other : report.also_pinned) {
        text += row("", "pinned too, for profile " + other->manifest.profile + ": approved/" +
                            other->name +
                            ".manifest; of those for this host now the weakest profile decides");
    }
    text += row("signers", joined(verdict.signers, "none who count"));
    const auto& host = copy.policy.host;
    text += row("host", (host.id.empty() ? "without an id" : host.id) +
                            ", groups: " + joined(host.groups, "none") +
                            (host.realm.empty() ? "" : ", realm " + host.realm) +
                            (host.epoch ? ", epoch " + std::to_string(*host.epoch) : ""));
    text += row("time", format_utc(question.now));
    text += row("policy", copy.directory);
    text += row("", "digest " + crypto::hex(copy.policy.digest));
    return text;
}

std::string checks_of(const Report& report) {
    std::string text = "\nchecks\n";
    for (const auto& check : report.verdict.checks) {
        const auto outcome = is_assumed(report, check)                          ? "?"
                             : check.outcome == admission::CheckOutcome::passed ? "ok"
                             : check.outcome == admission::CheckOutcome::failed ? "NO"
                                                                                : "-";
        auto words_of = std::string(outcome);
        if (check.outcome == admission::CheckOutcome::failed) {
            words_of += " " + std::string(admission::code(check.reason)) + ":";
        }
        text += row("  " + std::string(check.name), words_of + " " + check.detail);
    }
    return text;
}

// Prints calls with the same action on one row. Those whose action depends on arguments are printed
// with the condition.
std::string calls_of(std::string label, const policy::SeccompList& list) {
    std::map<std::string, std::string> by_answer;
    for (const auto& rule : list.rules) {
        auto& calls = by_answer[action_in_words(rule.action)];
        const auto when = conditions_in_words(rule.conditions);
        calls += (calls.empty() ? "" : ", ") + rule.call + (when.empty() ? "" : " if " + when);
    }
    auto text = row(std::move(label), "seccomp/" + list.name + ".seccomp; what it does not name " +
                                          (list.fallback.kind == policy::SyscallAction::allow
                                               ? "is allowed"
                                               : action_in_words(list.fallback)));
    for (const auto& [answer, calls] : by_answer) text += row("", answer + ": " + calls);
    return text;
}

std::string paths_of(const policy::Profile& profile) {
    std::string text;
    for (const auto access : {policy::Access::read, policy::Access::execute, policy::Access::remove,
                              policy::Access::write, policy::Access::devices}) {
        std::vector<std::string> list;
        for (const auto& rule : profile.paths) {
            if (rule.access == access) list.push_back(rule.path);
        }
        if (!list.empty()) text += row("  " + access_name(access), joined(list, ""));
    }
    if (profile.host_files) text += row("  files", "the host's, as its user has them");
    if (profile.host_files) return text;
    return text + row("  /tmp", profile.private_tmp
                                    ? "a /tmp and /var/tmp of its own, gone with the job"
                                    : "the host's, as far as the paths above reach it");
}

std::string walls_of(const policy::Profile& profile) {
    const auto walls = policy::obligatory_walls(profile);
    auto text = row("  walls", joined({walls.begin(), walls.end()}, "none that it needs"));
    for (const auto& [wall, source] : profile.without) {
        text += row("", "without " + wall + ": " + source.reason);
    }
    return text;
}

std::string sandbox_of(const policy::Profile& profile, const approval::Manifest& job,
                       const policy::Policy& policy) {
    const auto& limits = profile.limits;
    auto text = "\nsandbox of profile " + profile.name + "\n";
    text += row("  SHA-256", crypto::hex(policy::profile_digest(policy, profile)));
    text += row("  user", profile.user + ", group " + profile.group +
                              ", supplementary groups: " + joined(profile.groups, "none"));
    text += row("  powers", policy::capability_names(profile.capabilities));
    text += row("  network", profile.network == policy::Network::none
                                 ? "none: an empty network namespace"
                                 : "the host's");
    text += row("  namespaces", joined(namespace_names(profile.namespaces), "the host's"));
    text += walls_of(profile) + paths_of(profile);
    text +=
        row("  limits",
            std::to_string(job.timeout.count()) + " s, " + size_in_words(job.output_max) +
                " of output kept, " + size_in_words(limits.memory) + " of memory, " +
                std::to_string(limits.pids) + " processes, " + std::to_string(limits.cpu_percent) +
                " % of a processor, files of " + size_in_words(limits.file_size) + ", " +
                std::to_string(limits.open_files) + " open, nice " + std::to_string(profile.nice));
    if (job.resumes) {
        text += row("  restart", profile.user == "root"
                                     ? "goes on once after the restart of the host it may ask for"
                                     : "after-reboot is in vain: only root's jobs may ask for one");
    }
    text += calls_of("  calls", *policy::find(policy.seccomp, profile.seccomp));
    return text + calls_of("  ceiling", policy.ceiling());
}

std::string tool_of(const char* label, const Vetting::Tool& tool) {
    const auto outcome = tool.outcome == admission::CheckOutcome::skipped  ? "not asked: "
                         : tool.outcome == admission::CheckOutcome::passed ? "nothing to say: "
                                                                           : "";
    return row(label, outcome + tool.why) + remarks_of(tool.remarks);
}

std::string script_of(const Report& report) {
    auto text = "\nscript\n" + row("  bytes", std::to_string(report.script.size()));
    text += row("  SHA-256", crypto::hex(crypto::sha256(as_bytes(report.script))));
    if (report.verdict.manifest) {
        auto command = report.verdict.manifest->interpreter;
        for (const auto& word : report.verdict.arguments) command += " " + quoted(word, 100);
        text += row("  run as", command + " SCRIPT");
    }
    if (!report.vetting) return text;
    const auto& vetting = *report.vetting;
    if (!vetting.oddities.empty()) text += row("  odd", "") + remarks_of(vetting.oddities);
    return text + tool_of("  syntax", vetting.syntax) + tool_of("  shellcheck", vetting.shellcheck);
}

std::string list_of(const char* title, const std::vector<std::string>& lines) {
    if (lines.empty()) return "";
    auto text = "\n" + std::string(title) + "\n";
    for (const auto& line : lines) text += "  " + line + "\n";
    return text;
}

}  // namespace

std::string text_of(const Question& question, const Report& report, const PolicyCopy& copy) {
    auto text = verdict_of(question, report, copy);
    if (!report.verdict.checks.empty()) text += checks_of(report);
    if (report.choice) {
        text += list_of("what the backend may choose of it", report.choice->sentences());
    }
    text += list_of("what such a job does not see, or runs without", report.verdict.remarks);
    text += list_of("what a host knows and this dry run assumes", report.assumed);
    if (report.profile != nullptr) {
        text += sandbox_of(*report.profile, *report.verdict.manifest, copy.policy);
    }
    if (!report.script.empty()) text += script_of(report);
    return text + list_of("to get it approved", report.next);
}

}  // namespace bulkhead::cli
