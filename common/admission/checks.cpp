#include "common/admission/checks.hpp"

#include <algorithm>

#include "common/approval/odd_text.hpp"
#include "common/approval/sshsig.hpp"
#include "common/approval/threshold.hpp"
#include "common/base/text.hpp"

namespace bulkhead::admission {

using std::string;
using std::string_view;
using enum Reason;

namespace {

string text_of(std::uint64_t number) { return std::to_string(number); }

string seconds_of(std::chrono::seconds time) { return std::to_string(time.count()) + " s"; }

string joined(const std::vector<string>& list) {
    string out;
    for (const auto& word : list) out += (out.empty() ? "" : ", ") + word;
    return out.empty() ? "nobody" : out;
}

Reason reason_of(approval::Standing standing) {
    switch (standing) {
        case approval::Standing::unknown:
            return signer_unknown;
        case approval::Standing::invalid:
            return signature_invalid;
        case approval::Standing::revoked:
            return signer_revoked;
        case approval::Standing::unclear:
            return signer_unclear;
        case approval::Standing::not_valid:
            return signer_not_valid;
        case approval::Standing::not_in_group:
            return signer_not_in_group;
        case approval::Standing::author:
            return author_does_not_count;
        case approval::Standing::good:
            return admitted;
    }
    return undecided;
}

// Fails only if a signature is damaged. One that does not count is for the check of the threshold.
CheckResult judge_signatures(const approval::Count& count) {
    auto result = pass();
    for (std::size_t i = 0; i < count.signatures.size(); ++i) {
        const auto& [standing, principals, fingerprint, why] = count.signatures[i];
        const auto reason = reason_of(standing);
        if (reason == signature_invalid) result.reason = reason;
        result.detail += (i == 0 ? "" : "; ") + text_of(i + 1) + ": ";
        if (!fingerprint.empty()) result.detail += principals + " " + fingerprint + " ";
        result.detail += reason == admitted ? "good" : code(reason);
        if (!why.empty()) result.detail += " (allowed_signers, " + why + ")";
    }
    return result;
}

CheckResult judge_threshold(const approval::Manifest& manifest, const policy::ApprovalRule& rule,
                            const approval::Count& count) {
    const auto& approvers = count.approvers;
    const auto counted = text_of(approvers.size()) + " of the " + text_of(rule.need) +
                         " needed from " + rule.group + " (" + joined(approvers) + ")";
    if (approvers.size() < rule.need) {
        // If a signature does not count, the reason is why, and not that there are too few.
        const auto lost = std::find_if(
            count.signatures.begin(), count.signatures.end(),
            [](const auto& signature) { return signature.standing != approval::Standing::good; });
        const bool none = lost == count.signatures.end();
        const auto why = none || lost->why.empty() ? "" : "; allowed_signers, " + lost->why;
        return {none ? threshold_not_met : reason_of(lost->standing), counted + why};
    }
    if (manifest.not_after - manifest.not_before > rule.max_validity) {
        return {validity_too_long,
                "not-after is more than " + seconds_of(rule.max_validity) + " after not-before"};
    }
    return pass(counted);
}

CheckResult already_run(const Case& c, const PastRun& run) {
    const auto& id = c.manifest.job_id.value;
    const auto when = " was started " + format_utc(run.started);
    if (run.manifest == c.manifest.digest) return {job_already_run, id + when + "; it runs once"};
    const bool signed_again = c.pinned == nullptr;
    return {job_already_run, "an earlier job of this id (" + id + ", manifest " +
                                 crypto::hex(run.manifest).substr(0, 12) + ")" + when +
                                 "; give this one another --job-id and have it " +
                                 (signed_again ? "signed again" : "pinned again")};
}

bool refused_before_birth(const Case& c) {
    using enum policy::ApprovalRule::BeforeBirth;
    if (c.ledger.after_loss) return true;
    const auto* rule = policy::find(c.policy.approvals, c.manifest.profile);
    const auto asked = rule == nullptr ? by_kind : rule->before_birth;
    return asked == refuse || (asked == by_kind && c.pinned == nullptr);
}

// May a one-shot job have run in a time that the ledger does not know?
CheckResult judge_memory(const Case& c) {
    const auto& birth = c.ledger.birth;
    if (c.ledger.memory == Memory::lost) {
        return {ledger_lost,
                "the ledger of this host was lost, so this job may have run; restore it, or run as "
                "root: bulkhead accept-lost-ledger"};
    }
    if (birth && c.manifest.not_before >= *birth) return pass();
    if (!refused_before_birth(c)) return pass();
    auto detail = "approved from " + format_utc(c.manifest.not_before) + " on, but the ledger " +
                  (birth ? "was born " + format_utc(*birth) : "does not know its birth") +
                  ": it may have run here before; approve it anew with a later --not-before";
    if (!c.ledger.after_loss) {
        detail +=
            ", or say in approval.policy, profile " + c.manifest.profile + ": before-birth admit";
    }
    return {before_birth, std::move(detail)};
}

}  // namespace

CheckResult check_sizes(const JobBytes& job) {
    const auto over = [](string_view what, std::size_t size, std::size_t max) {
        return CheckResult{size_exceeded,
                           string(what) + ": " + text_of(size) + " of at most " + text_of(max)};
    };
    const auto manifest = job.manifest.value_or("").size();
    // The script of a catalogue job is in policy, and is checked when policy is loaded.
    if (job.kind == JobBytes::Kind::script && job.script.empty()) {
        return {script_empty, "the script is empty"};
    }
    if (job.script.size() > approval::kMaxScript) {
        return over("script bytes", job.script.size(), approval::kMaxScript);
    }
    if (manifest > approval::kMaxManifest) {
        return over("manifest bytes", manifest, approval::kMaxManifest);
    }
    if (job.signatures.size() > approval::kMaxSignatureText) {
        return over("signature bytes", job.signatures.size(), approval::kMaxSignatureText);
    }
    if (job.params.size() > approval::kMaxParams) {
        return over("parameters", job.params.size(), approval::kMaxParams);
    }
    return pass();
}

namespace {

// Those that prove something. A worker may send the same signature often, in any armor.
std::vector<SignedBy> valid_ones(const approval::Count& count, std::span<const Bytes> blobs) {
    std::vector<SignedBy> list;
    for (std::size_t i = 0; i < blobs.size(); ++i) {
        const auto& one = count.signatures[i];
        const bool counts =
            one.standing == approval::Standing::good || one.standing == approval::Standing::author;
        auto text = approval::armored(blobs[i]);
        if (!counts || std::ranges::count(list, text, &SignedBy::text) > 0) continue;
        list.push_back({one.principals, one.fingerprint, std::move(text)});
    }
    return list;
}

}  // namespace

Approval check_approval(const Case& c) {
    Approval result;
    if (c.pinned != nullptr) {
        result.rule = "pinned approved/" + c.pinned->name + ".manifest";
        result.signatures = result.threshold = pass("none needed: " + result.rule);
        return result;
    }
    const auto stop = [&](Reason reason, string detail) {
        result.signatures = {reason, std::move(detail)};
        return result;
    };
    const auto* rule = policy::find(c.policy.approvals, c.manifest.profile);
    if (rule == nullptr || rule->need == 0) {
        return stop(profile_not_signable, "profile " + c.manifest.profile +
                                              " is for jobs pinned in policy/approved only");
    }
    if (c.job.signatures.empty()) {
        return stop(not_approved, "not pinned and not signed; profile " + c.manifest.profile +
                                      " needs " + text_of(rule->need) + " of " + rule->group);
    }
    const auto blobs = approval::dearmor(c.job.signatures);
    if (!blobs) return stop(signature_malformed, blobs.error().what);

    const auto* group = policy::find(c.policy.signer_groups, rule->group);
    approval::Electorate electorate{.author = c.manifest.author,
                                    .author_counts = rule->author_counts};
    if (group != nullptr) electorate.members = group->principals;
    auto count =
        approval::count_approvers(c.manifest_bytes, *blobs, c.policy.signers, electorate, c.time);
    result.signed_by = valid_ones(count, *blobs);
    result.signatures = judge_signatures(count);
    result.threshold = judge_threshold(c.manifest, *rule, count);
    result.rule = "signed: " + text_of(rule->need) + " of " + rule->group + " (" +
                  joined(count.approvers) + ")";
    result.signers = std::move(count.approvers);
    return result;
}

CheckResult check_revocation(const Case& c) {
    for (const auto& row : c.policy.revoked_jobs) {
        if (!row.names(c.manifest.digest, c.manifest.job_id.value)) continue;
        return {job_revoked, "revoked_jobs:" + text_of(row.line) + ": " +
                                 (row.reason.empty() ? "no reason given" : quoted(row.reason))};
    }
    return pass();
}

CheckResult check_script(const Case& c) {
    if (c.script.size() != c.manifest.script_size) {
        return {script_size_mismatch, "the script has " + text_of(c.script.size()) +
                                          " bytes, the manifest says " +
                                          text_of(c.manifest.script_size)};
    }
    const auto digest = crypto::hex(c.script_digest);
    if (c.script_digest != c.manifest.script_sha256) {
        return {script_hash_mismatch, "the script's SHA-256 is " + digest};
    }
    return pass("SHA-256 " + digest);
}

CheckResult check_visible(const Case& c) {
    const auto& manifest = c.manifest;
    for (const auto& [what, text] :
         {std::pair("script", c.script), std::pair("manifest", c.manifest_bytes)}) {
        const auto odd = approval::find_odd_text(text);
        if (odd.count == 0) continue;
        const auto found = "the " + string(what) +
                           " is not what it looks like: " + in_words(odd.first[0]) +
                           (odd.count == 1 ? "" : "; and " + text_of(odd.count - 1) + " more");
        // Of that format are approvals of before this check, which cannot say that it is meant.
        if (manifest.format == 1) return pass(found);
        if (manifest.odd_bytes.empty()) return {odd_bytes, found};
        return pass("odd-bytes " + manifest.odd_bytes + ": " + found);
    }
    return pass();
}

CheckResult check_interpreter(const Case& c) {
    const auto& path = c.manifest.interpreter;
    if (!c.policy.interpreters.contains(path)) {
        return {interpreter_not_allowed, path + " is not in interpreters.policy"};
    }
    const auto facts = c.facts.interpreters.find(path);
    if (facts == c.facts.interpreters.end()) {
        return {interpreter_untrusted, path + " was not looked at"};
    }
    if (!facts->second.trusted) return {interpreter_untrusted, path + ": " + facts->second.detail};
    return pass(path);
}

CheckResult check_target(const Case& c) {
    const auto& host = c.policy.host;
    for (const auto& target : c.manifest.targets) {
        using Kind = approval::Target::Kind;
        const bool in_group =
            std::find(host.groups.begin(), host.groups.end(), target.label) != host.groups.end();
        if (target.kind == Kind::any) return pass("any host");
        if (target.kind == Kind::host && !host.id.empty() && target.label == host.id) {
            return pass("host " + host.id);
        }
        if (target.kind == Kind::group && in_group) return pass("group " + target.label);
    }
    return {target_mismatch, "this host is " + (host.id.empty() ? "without an id" : host.id) +
                                 ", groups: " + joined(host.groups)};
}

CheckResult check_time(const Case& c) {
    if (c.now + kClockSlack < c.ledger.clock_floor) {
        return {clock_behind, "it is " + format_utc(c.now) + ", but this host has already seen " +
                                  format_utc(c.ledger.clock_floor)};
    }
    if (c.time < c.manifest.not_before) {
        return {too_early, "not before " + format_utc(c.manifest.not_before)};
    }
    if (c.time > c.manifest.not_after) {
        return {too_late, "not after " + format_utc(c.manifest.not_after)};
    }
    return pass("until " + format_utc(c.manifest.not_after));
}

CheckResult check_replay(const Case& c) {
    const auto& ledger = c.ledger;
    if (ledger.memory == Memory::rolled_back) {
        return {ledger_rolled_back,
                "the ledger is older than what the audit log says; restore it, or run as root: "
                "bulkhead accept-lost-ledger"};
    }
    const bool once = c.manifest.runs.once();
    const auto key = job_key(c.manifest.profile, c.manifest.job_id.value);
    std::uint32_t recent = 0;
    const PastRun* same = nullptr;
    for (const auto& run : ledger.runs) {
        if (run.delivery_digest == c.job.delivery_digest) {
            return {delivery_already_run, "started " + format_utc(run.started)};
        }
        if (run.job_key == key) same = &run;
        // A start in the future counts too, so that turning the clock back allows no further start.
        if (run.manifest == c.manifest.digest && run.started > c.time - c.manifest.runs.period) {
            ++recent;
        }
    }
    if (once && same != nullptr) return already_run(c, *same);
    if (once) {
        if (auto unknown = judge_memory(c); unknown.reason != admitted) return unknown;
    }
    if (!once && recent >= c.manifest.runs.count) {
        return {quota_exceeded, text_of(recent) + " starts within the period"};
    }
    if (ledger.full) return {ledger_full, "no room for another record"};
    if (!once && ledger.full_for_repeatable) {
        return {ledger_full, "no room for another record of a repeatable job; one-shot jobs start"};
    }
    return pass(once ? "first start" : text_of(recent) + " starts so far");
}

CheckResult check_parameters(const Case& c) {
    const auto same = [](string_view name) {
        return [name](const auto& other) { return other.name == name; };
    };
    const auto& rules = c.manifest.params;
    const auto& given = c.job.params;
    for (const auto& value : given) {
        if (std::none_of(rules.begin(), rules.end(), same(value.name))) {
            return {parameter_unknown, "\"" + quoted(value.name, 32) + "\" is not declared"};
        }
    }
    for (const auto& rule : rules) {
        const auto count = std::count_if(given.begin(), given.end(), same(rule.name));
        if (count == 0) return {parameter_missing, rule.name + " (" + rule.rule + ")"};
        if (count > 1) return {parameter_invalid, rule.name + ": given twice"};
        const auto value = std::find_if(given.begin(), given.end(), same(rule.name));
        const auto checked = approval::check_param(rule, value->value);
        if (!checked) {
            return {parameter_invalid,
                    rule.name + " \"" + quoted(value->value, 64) + "\": " + checked.error().what};
        }
    }
    return pass(text_of(given.size()) + " given");
}

CheckResult check_profile(const Case& c) {
    const auto& name = c.manifest.profile;
    const auto* profile = policy::find(c.policy.profiles, name);
    if (profile == nullptr) return {profile_unknown, "policy/profiles has no " + name};
    if (c.manifest.timeout > profile->max_timeout) {
        return {timeout_over_ceiling,
                "profile " + name + " allows " + seconds_of(profile->max_timeout)};
    }
    if (c.manifest.output_max > profile->max_output) {
        return {output_over_ceiling,
                "profile " + name + " allows " + text_of(profile->max_output) + " bytes"};
    }
    const auto facts = c.facts.profiles.find(name);
    if (facts == c.facts.profiles.end()) return {profile_unusable, name + " was not looked at"};
    if (!facts->second.unusable.empty()) return {profile_unusable, facts->second.unusable};
    return pass(name);
}

CheckResult check_intake(const Case& c) {
    if (c.facts.intake_suspended) {
        const auto& why = c.facts.suspended_by;
        return {intake_suspended, "job intake is suspended" + (why.empty() ? "" : ": " + why)};
    }
    if (c.facts.running_jobs >= c.facts.max_running_jobs) {
        return {too_many_jobs, text_of(c.facts.running_jobs) + " jobs are running"};
    }
    const auto* profile = policy::find(c.policy.profiles, c.manifest.profile);
    const auto facts = c.facts.profiles.find(c.manifest.profile);
    const auto at_once = profile == nullptr ? 0 : profile->limits.at_once;
    if (at_once > 0 && facts != c.facts.profiles.end() && facts->second.running >= at_once) {
        return {too_many_jobs, "profile " + c.manifest.profile + " takes " + text_of(at_once) +
                                   " at once, and " + text_of(facts->second.running) + " run"};
    }
    return pass();
}

}  // namespace bulkhead::admission
