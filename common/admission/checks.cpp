#include "common/admission/checks.hpp"

#include <algorithm>

#include "common/approval/odd_text.hpp"
#include "common/approval/sshsig.hpp"
#include "common/base/text.hpp"
#include "common/policy/profile_digest.hpp"
#include "common/policy/skew.hpp"

namespace bulkhead::admission {

using std::string;
using std::string_view;
using enum Reason;

namespace {

string text_of(std::uint64_t number) { return std::to_string(number); }

string seconds_of(std::chrono::seconds time) { return std::to_string(time.count()) + " s"; }

}  // namespace

string or_clock(UnixTime now) {
    return ", or this host's clock (" + format_utc(now) + ") is wrong";
}

string joined(const std::vector<string>& list) {
    string out;
    for (const auto& word : list) out += (out.empty() ? "" : ", ") + word;
    return out.empty() ? "nobody" : out;
}

string some_of(const std::vector<string>& list) {
    constexpr std::size_t kMost = 12;  // a list leaves some of kMaxDetail bytes for others
    if (list.empty()) return "none";
    if (list.size() <= kMost) return joined(list);
    return joined({list.begin(), list.begin() + kMost}) + " and " + text_of(list.size() - kMost) +
           " more";
}

namespace {

template <class Rows>  // of pairs with the name first
std::vector<string> names_of(const Rows& rows) {
    std::vector<string> names;
    for (const auto& row : rows) names.push_back(row.first);
    return names;
}

std::vector<string> names_of(const std::vector<approval::ParamRule>& rules) {
    std::vector<string> names;
    for (const auto& rule : rules) names.push_back(rule.name);
    return names;
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

// How long before its `not-before`, by the clock, check_time() may have let a job start: as policy
// says. After a loss whatever policy said then, and behind a floor that is gone.
std::chrono::seconds most_early(const Case& c) {
    return c.ledger.after_loss ? policy::kMaxSkew + kClockSlack : c.policy.skew;
}

// May a one-shot job have run in a time that the ledger does not know?
CheckResult judge_memory(const Case& c) {
    const auto& birth = c.ledger.birth;
    if (c.ledger.memory == Memory::lost) {
        return {ledger_lost,
                "the ledger of this host was lost, so this job may have run; restore it, or run as "
                "root: bulkhead accept-lost-ledger"};
    }
    const auto& dropped = c.ledger.dropped_once;
    if (c.time <= dropped && c.manifest.not_before <= dropped) {
        return {before_birth, "the ledger has dropped jobs that were approved until " +
                                  format_utc(dropped) +
                                  ", as the clock ran far ahead of now, so this one may have run; "
                                  "approve it anew with a later --not-before"};
    }
    if (birth && c.manifest.not_before - most_early(c) >= *birth) return pass();
    if (!refused_before_birth(c)) return pass();
    auto detail = "approved from " + format_utc(c.manifest.not_before) + " on, but the ledger " +
                  (birth ? "was born " + format_utc(*birth) : "does not know its birth") +
                  ": it may have run here before; approve it anew with a later --not-before" +
                  (birth ? ", " + format_utc(*birth + most_early(c)) + " at the earliest" : "");
    if (!c.ledger.after_loss) {
        detail +=
            ", or say in approval.policy, profile " + c.manifest.profile + ": before-birth admit";
    }
    return {before_birth, std::move(detail)};
}

}  // namespace

CheckResult over_size(string_view what, std::size_t size, std::size_t most) {
    return {size_exceeded, string(what) + ": " + text_of(size) + " of at most " + text_of(most)};
}

string about_revoked(const approval::RevokedJob& row) {
    return "revoked_jobs:" + text_of(row.line) + ": " +
           (row.reason.empty() ? "no reason given" : quoted(row.reason));
}

CheckResult check_sizes(const JobBytes& job) {
    const auto manifest = job.manifest.value_or("").size();
    // The script of a catalogue job is in policy, and is checked when policy is loaded.
    if (job.kind == JobBytes::Kind::script && job.script.empty()) {
        return {script_empty, "the script is empty"};
    }
    if (job.script.size() > approval::kMaxScript) {
        return over_size("script bytes", job.script.size(), approval::kMaxScript);
    }
    if (manifest > approval::kMaxManifest) {
        return over_size("manifest bytes", manifest, approval::kMaxManifest);
    }
    if (job.signatures.size() > approval::kMaxSignatureText) {
        return over_size("signature bytes", job.signatures.size(), approval::kMaxSignatureText);
    }
    if (job.params.size() > approval::kMaxParams) {
        return over_size("parameters", job.params.size(), approval::kMaxParams);
    }
    return pass();
}

CheckResult check_revocation(const Case& c) {
    for (const auto& row : c.policy.revoked_jobs) {
        if (!row.names(c.manifest.digest, c.manifest.job_id.value)) continue;
        return {job_revoked, about_revoked(row)};
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
        return {interpreter_not_allowed, path + " is not in interpreters.policy, which has: " +
                                             some_of(names_of(c.policy.interpreters))};
    }
    const auto facts = c.facts.interpreters.find(path);
    if (facts == c.facts.interpreters.end()) {
        return {interpreter_untrusted, path + " was not looked at"};
    }
    if (!facts->second.trusted) return {interpreter_untrusted, path + ": " + facts->second.detail};
    return pass(path);
}

CheckResult check_target(const Terms& terms) {
    const auto& host = terms.policy.host;
    for (const auto& target : terms.targets) {
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

std::chrono::seconds too_early_by(const Terms& terms) {
    const auto begin = terms.not_before - terms.policy.skew;
    return std::max(begin - terms.time, std::chrono::seconds(0));
}

CheckResult check_time(const Terms& terms) {
    if (terms.now + kClockSlack < terms.ledger.clock_floor) {
        return {clock_behind, "it is " + format_utc(terms.now) + ", but " +
                                  about_floor(terms.ledger.clock_floor, true)};
    }
    if (const auto early = too_early_by(terms); early.count() > 0) {
        return {too_early, "not before " + format_utc(terms.not_before) + ": too early by " +
                               std::to_string(early.count()) + " s" + or_clock(terms.now)};
    }
    if (terms.time > terms.not_after) {
        return {too_late, "not after " + format_utc(terms.not_after) + or_clock(terms.now)};
    }
    return pass("until " + format_utc(terms.not_after));
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
            return {delivery_already_run,
                    "started at " + format_utc(run.started) +
                        (run.job_key == key ? ", as job " + c.manifest.job_id.value
                                            : ", as another job")};
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
    if (!once && c.time < ledger.dropped_quota) {
        return {quota_exceeded, "the ledger has dropped starts that may count until " +
                                    format_utc(ledger.dropped_quota) +
                                    ", as the clock ran ahead of now"};
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
            return {parameter_unknown,
                    "\"" + quoted(value.name, 32) +
                        "\" is not declared; declared are: " + some_of(names_of(rules))};
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
    if (profile == nullptr) {
        return {profile_unknown, "policy/profiles has no " + name +
                                     "; it has: " + some_of(names_of(c.policy.profiles))};
    }
    if (c.manifest.profile_sha256) {
        const auto digest = policy::profile_digest(c.policy, *profile);
        if (digest != *c.manifest.profile_sha256) {
            return {profile_changed, "profile " + name +
                                         " is not the one that was approved: its "
                                         "digest is " +
                                         crypto::hex(digest) +
                                         "; if it is right as it is, make the manifest anew"};
        }
    }
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
