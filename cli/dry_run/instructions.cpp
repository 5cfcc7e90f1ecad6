#include <algorithm>
#include <array>

#include "cli/base/files.hpp"
#include "cli/dry_run/report.hpp"

namespace bulkhead::cli {

namespace {

using enum admission::Reason;

bool lacks_approval(admission::Reason reason) {
    constexpr std::array kLacks{not_approved,         signature_malformed,   signature_invalid,
                                signer_unknown,       signer_revoked,        signer_not_valid,
                                signer_not_in_group,  author_does_not_count, threshold_not_met,
                                profile_not_signable, validity_too_long,     script_hash_mismatch,
                                script_size_mismatch, manifest_malformed};
    return std::find(kLacks.begin(), kLacks.end(), reason) != kLacks.end();
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

// The rule as text: "2 of ops (alice, bob, carol), and the author is not among them".
std::string who(const policy::ApprovalRule& rule, const policy::Policy& policy) {
    auto text = std::to_string(rule.need) + " of " + rule.group;
    if (const auto* group = policy::find(policy.signer_groups, rule.group)) {
        text += " (" + listed(group->principals) + ")";
    }
    return text + (rule.author_counts ? "" : ", the author not counted");
}

// A line for each profile whose jobs can be approved by signatures.
std::vector<std::string> signable(const policy::Policy& policy) {
    std::vector<std::string> lines;
    for (const auto& [name, rule] : policy.approvals) {
        if (rule.need > 0) lines.push_back("  " + name + ": " + who(rule, policy));
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

std::vector<std::string> signing(const Names& names, const std::string& people) {
    return {"sign: " + people + ", each with",
            "  ssh-keygen -Y sign -n bulkhead-job-v1 -f KEY < " + names.manifest + " > " +
                names.manifest + ".NAME.sig",
            "seal: bulkhead seal " + names.script + " " + names.manifest + " " + names.manifest +
                ".*.sig > SIGNED"};
}

std::vector<std::string> pinning(const Names& names, const std::string& directory) {
    return {"or pin it, as root on each host, which needs no signature:",
            "  install -o root -g root -m 0644 " + names.manifest + " " + shell_word(directory) +
                "/approved/NAME.manifest",
            "  bulkhead check-policy " + shell_word(directory) + " && systemctl reload bulkhead"};
}

// Commands that split a signed script into its script, manifest and signatures.
std::vector<std::string> take_apart(const std::string& signed_file, const Names& names,
                                    bool keep_signatures) {
    const auto tail = "'/^" + std::string(approval::kTailMarker) + "/,$";
    std::vector<std::string> lines{
        "take it apart:", "  sed " + tail + "d' " + signed_file + " > " + names.script,
        "  sed -n " + tail + "s/^#m //p' " + signed_file + " > " + names.manifest};
    if (keep_signatures) {
        lines.push_back("  sed -n " + tail + "s/^#s //p' " + signed_file + " > " + names.manifest +
                        ".0.sig");
    }
    return lines;
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
    if (!lacks_approval(report.verdict.reason)) return {};
    const auto file = question.file == "-" ? std::string("SCRIPT") : question.file;
    const auto& manifest = report.verdict.manifest;
    const bool same_script = manifest && manifest->script_size == report.script.size() &&
                             manifest->script_sha256 == crypto::sha256(as_bytes(report.script));
    std::vector<std::string> lines;
    if (!manifest || !same_script) {
        const Names names{shell_word(file), shell_word(file + ".manifest")};
        lines.emplace_back("choose a profile that signers may approve:");
        append(lines, signable(copy.policy));
        lines.emplace_back("write a manifest for this script, and read it:");
        lines.push_back("  bulkhead new-job " + names.script +
                        " --profile NAME --target WHERE --expires 7d > " + names.manifest);
        append(lines, signing(names, "as many as the profile asks for"));
        append(lines, pinning(names, copy.directory));
        return lines;
    }
    const Names names{shell_word(file + ".script"), shell_word(file + ".manifest")};
    lines = take_apart(shell_word(file), names,
                       report.has_signatures && signatures_are_good(report.verdict));
    const auto* rule = policy::find(copy.policy.approvals, manifest->profile);
    if (rule != nullptr && rule->need > 0) {
        if (report.verdict.reason == validity_too_long) {
            lines.emplace_back("make the time from not-before to not-after shorter, and:");
        }
        append(lines, signing(names, who(*rule, copy.policy)));
    }
    append(lines, pinning(names, copy.directory));
    return lines;
}

}  // namespace bulkhead::cli
