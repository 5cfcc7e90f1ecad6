#include <algorithm>
#include <array>
#include <numeric>

#include "cli/base/files.hpp"
#include "cli/dry_run/report.hpp"
#include "common/admission/checks.hpp"
#include "common/approval/sshsig.hpp"

namespace bulkhead::cli {

namespace {

using enum admission::Reason;

bool lacks_approval(admission::Reason reason) {
    constexpr std::array kLacks{
        not_approved,         signature_malformed,  signature_invalid,     signer_unknown,
        signer_revoked,       signer_not_valid,     signer_not_in_group,   signer_not_hardware,
        signer_not_verified,  author_unsigned,      author_does_not_count, threshold_not_met,
        profile_not_signable, script_hash_mismatch, script_size_mismatch,  manifest_malformed};
    return std::find(kLacks.begin(), kLacks.end(), reason) != kLacks.end();
}

// True if no signature helps, because the manifest itself is not as policy asks.
bool needs_new_manifest(admission::Reason reason) {
    constexpr std::array kReasons{author_unknown,   format_not_accepted, realm_mismatch,
                                  epoch_mismatch,   not_one_shot,        runs_over_ceiling,
                                  target_too_wide,  profile_changed,     parameter_not_allowed,
                                  validity_too_long};
    return std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end();
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

// The rule as text: "2 of ops (alice, bob, carol), and the author".
std::string who(const policy::ApprovalRule& rule, const policy::Policy& policy) {
    std::string text;
    for (const auto& [people, name] : rule.needs) {
        text += (text.empty() ? "" : " and ") + std::to_string(people) + " of " + name;
        if (const auto* group = policy::find(policy.signer_groups, name)) {
            text += " (" + listed(group->principals) + ")";
        }
    }
    return text + (rule.author_counts ? "; the author signs and counts" : ", and the author");
}

std::size_t sum(const std::vector<unsigned>& numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), std::size_t{0});
}

// Whose signatures are still missing: "the author dave, and 1 more of: bob, carol".
std::string missing(const policy::ApprovalRule& rule, const approval::Manifest& manifest,
                    const Question& question, const policy::Policy& policy, bool keep_signatures) {
    std::vector<Bytes> blobs;
    const auto parts = approval::split_signed_script(question.text);
    if (parts && keep_signatures) blobs = approval::dearmor(parts->signatures).value_or(blobs);
    const auto electorate = admission::electorate_of(policy, rule, manifest.author);
    const auto count = approval::count_approvers(parts ? parts->manifest : "", blobs,
                                                 policy.signers, electorate, question.now);
    std::size_t wanted = 0;
    for (const auto& need : rule.needs) wanted += need.people;
    wanted -= sum(count.filled);

    const bool author_signed = count.author >= approval::Standing::author;
    auto text = author_signed ? "" : "the author " + manifest.author;
    if (wanted == 0) return text;
    return text + (text.empty() ? "" : ", and ") + std::to_string(wanted) +
           (count.good.empty() ? " of: " : " more of: ") +
           listed(approval::who_could_sign(count, policy.signers, electorate, question.now));
}

// A line for each profile whose jobs can be approved by signatures.
std::vector<std::string> signable(const policy::Policy& policy) {
    std::vector<std::string> lines;
    for (const auto& [name, rule] : policy.approvals) {
        if (!rule.needs.empty()) lines.push_back("  " + name + ": " + who(rule, policy));
    }
    if (lines.empty()) lines.emplace_back("  none: this policy runs pinned jobs only");
    return lines;
}

void append(std::vector<std::string>& to, std::vector<std::string> more) {
    to.insert(to.end(), more.begin(), more.end());
}

struct Names {
    std::string script;    // file name, as a shell word
    std::string manifest;  // the same name with a suffix
};

// The options of new-job that a manifest for this host needs.
std::string of_host(const policy::Host& host) {
    return (host.realm.empty() ? "" : " --realm " + host.realm) +
           (host.epoch ? " --epoch " + std::to_string(*host.epoch) : "");
}

std::vector<std::string> signing(const Names& names, const std::string& people) {
    return {"sign: " + people + ", each with",
            "  ssh-keygen -Y sign -n bulkhead-job-v1 -f KEY < " + names.manifest + " > " +
                names.manifest + ".NAME.sig",
            "seal: bulkhead seal " + names.script + " " + names.manifest + " " + names.manifest +
                ".*.sig > SIGNED"};
}

// A job that nobody has made a manifest for is pinned by one command.
std::vector<std::string> pinning_anew(const Names& names, const std::string& directory) {
    return {"or pin it, as root on each host, which needs no signature:",
            "  bulkhead pin " + names.script +
                " --profile NAME --target WHERE --reason TEXT --policy " + shell_word(directory)};
}

std::vector<std::string> pinning(const Names& names, const std::string& directory) {
    return {"or pin it, as root on each host, which needs no signature:",
            "  install -o root -g root -m 0644 " + names.manifest + " " + shell_word(directory) +
                "/approved/NAME.manifest",
            "  bulkhead check-policy " + shell_word(directory) + " && bulkhead reload"};
}

// Splits a signed script into files of its name, with the suffixes .script and .manifest.
std::vector<std::string> take_apart(const std::string& signed_file, bool keep_signatures) {
    return {"take it apart:",
            "  bulkhead unseal " + signed_file + (keep_signatures ? "" : " --no-signatures")};
}

// True if the check "signatures" passed. Damaged signatures are not kept, because a host would
// refuse the job for them again.
bool signatures_are_good(const admission::Verdict& verdict) {
    const auto found = std::find_if(verdict.checks.begin(), verdict.checks.end(),
                                    [](const auto& check) { return check.name == "signatures"; });
    return found != verdict.checks.end() && found->outcome == admission::CheckOutcome::passed;
}

}  // namespace

std::vector<std::string> instructions(const Question& question, const Report& report,
                                      const PolicyCopy& copy) {
    if (report.verdict.admitted || !question.catalogue.empty()) return {};
    if (!lacks_approval(report.verdict.reason) && !needs_new_manifest(report.verdict.reason)) {
        return {};
    }
    const auto file = question.file == "-" ? std::string("SCRIPT") : question.file;
    const auto& manifest = report.verdict.manifest;
    const bool same_script = manifest && manifest->script_size == report.script.size() &&
                             manifest->script_sha256 == crypto::sha256(as_bytes(report.script));
    std::vector<std::string> lines;
    const bool remake = needs_new_manifest(report.verdict.reason);
    if (!manifest || !same_script || remake) {
        Names names{shell_word(file), shell_word(file + ".manifest")};
        if (remake && approval::split_signed_script(question.text)->has_tail) {
            names.script = shell_word(file + ".script");
            names.manifest = shell_word(file + ".new.manifest");
            lines = take_apart(shell_word(file), false);
        }
        lines.emplace_back("choose a profile that signers may approve:");
        append(lines, signable(copy.policy));
        lines.emplace_back("write a manifest for this script, and read it:");
        lines.push_back("  bulkhead new-job " + names.script +
                        " --profile NAME --target WHERE --expires 7d --author NAME --reason TEXT" +
                        of_host(copy.policy.host) + " > " + names.manifest);
        append(lines, signing(names, "the author, and as many as the profile asks for"));
        append(lines, pinning_anew(names, copy.directory));
        return lines;
    }
    const Names names{shell_word(file + ".script"), shell_word(file + ".manifest")};
    const bool keep = report.has_signatures && signatures_are_good(report.verdict);
    lines = take_apart(shell_word(file), keep);
    const auto* rule = policy::find(copy.policy.approvals, manifest->profile);
    if (rule != nullptr && !rule->needs.empty()) {
        append(lines, signing(names, missing(*rule, *manifest, question, copy.policy, keep)));
    }
    append(lines, pinning(names, copy.directory));
    return lines;
}

}  // namespace bulkhead::cli
