// The checks of where and when an approval counts, and of the bounds that policy sets to it.
#include <algorithm>

#include "common/admission/checks.hpp"
#include "common/base/text.hpp"

namespace bulkhead::admission {

using std::string;
using std::string_view;
using enum Reason;

namespace {

// Compares what the manifest names under `key` with what host.policy does. Empty: it names none.
CheckResult compare(const Terms& terms, Reason reason, string_view key, const string& host,
                    const string& named) {
    if (host == named) return pass();
    const auto option = "--" + string(key);
    return {reason, "host.policy names " +
                        (host.empty() ? "no " + string(key) : string(key) + " " + host) +
                        ", the manifest " + (named.empty() ? "none" : named) +
                        "; make it anew with " + string(terms.new_command) +
                        (host.empty() ? ", without " + option
                                      : string(terms.format_option) + (" " + option) + " " + host)};
}

// The most starts that `runs` allow within the period of `bound`.
std::uint64_t starts_within(const approval::Runs& runs, const approval::Runs& bound) {
    const auto windows = std::max<std::int64_t>(1, bound.period / runs.period);
    return runs.count * static_cast<std::uint64_t>(windows);
}

string in_words(const approval::Runs& runs) {
    return std::to_string(runs.count) + (runs.period == std::chrono::hours(1) ? "/hour" : "/day");
}

CheckResult check_runs(const approval::Runs& runs, const policy::ApprovalRule& rule) {
    if (runs.once()) return pass();
    if (rule.one_shot_only) return {not_one_shot, "runs " + in_words(runs) + "; expected runs 1"};
    if (!rule.max_runs || starts_within(runs, *rule.max_runs) <= rule.max_runs->count) {
        return pass();
    }
    return {runs_over_ceiling, "runs " + in_words(runs) + "; at most " + in_words(*rule.max_runs)};
}

// The kind as approval.policy names it. The text of a v1 manifest may hold any character, as that
// of text-raw may later.
string_view kind_of(const approval::ParamRule& param, unsigned format) {
    const auto kind = string_view(param.rule).substr(0, param.rule.find(':'));
    return format == 1 && kind == "text" ? "text-raw" : kind;
}

CheckResult check_kinds(const approval::Manifest& manifest, const policy::ApprovalRule& rule) {
    if (!rule.params) return pass();
    for (const auto& param : manifest.params) {
        const auto kind = kind_of(param, manifest.format);
        if (std::ranges::count(*rule.params, kind) == 0) {
            return {parameter_not_allowed,
                    param.name + ": " + string(kind) + "; allowed are " +
                        (rule.params->empty() ? "none" : joined(*rule.params))};
        }
    }
    return pass();
}

// "7d" or "90000s", as new-job --expires takes it.
string in_words(std::chrono::seconds span) {
    using std::chrono::days;
    const auto whole = std::chrono::floor<days>(span);
    return whole == span ? std::to_string(whole.count()) + "d" : std::to_string(span.count()) + "s";
}

CheckResult check_validity(const Terms& terms) {
    const auto& rule = *terms.rule;
    const bool is_pinned = !terms.pinned.empty();
    const auto most = is_pinned ? rule.max_pinned_validity : rule.max_validity;
    const bool bound = is_pinned ? most.count() > 0 : !rule.needs.empty();
    if (!bound || terms.not_after - terms.not_before <= most) return pass();
    return {validity_too_long, "not-after is more than " + in_words(most) + " after not-before"};
}

CheckResult check_width(const Terms& terms) {
    const auto is_any = [](const auto& one) { return one.kind == approval::Target::Kind::any; };
    if (!terms.rule->no_target_any || std::ranges::none_of(terms.targets, is_any)) return pass();
    return {target_too_wide, "target any; name hosts or groups"};
}

// With the line of approval.policy that asks so.
CheckResult first_failure(const Terms& terms, std::initializer_list<CheckResult> results) {
    for (auto result : results) {
        if (result.reason == admitted) continue;
        result.detail = terms.rule->source.at() + ", " + terms.subject + ": " + result.detail;
        return result;
    }
    return pass();
}

}  // namespace

CheckResult check_format(const Case& c) {
    const auto format = "v" + std::to_string(c.manifest.format);
    if (c.manifest.format >= kFormatOfKeys || c.pinned != nullptr) return pass(format);
    const auto& until = c.policy.host.accept_v1_until;
    if (until ? c.time <= *until : c.policy.format < 2) {
        return pass(format + ", which host.policy takes " +
                    (until ? "until " + format_utc(*until) : "as long as it is of format 1"));
    }
    return {format_not_accepted,
            format +
                (until ? " was taken until " + format_utc(*until) + or_clock(c.now)
                       : ", and host.policy has no line accept-v1") +
                "; make it anew with bulkhead new-job --format v2, and have it signed"};
}

CheckResult check_realm(const Terms& terms) {
    const auto& host = terms.policy.host;
    auto realm = compare(terms, realm_mismatch, "realm", host.realm, terms.realm);
    if (realm.reason != admitted) return realm;
    const auto shown = host.realm.empty() ? "none" : host.realm;
    // A pinned manifest is root's own word, as the epoch is; so root takes it back by removing it.
    if (!terms.pinned.empty()) return pass(shown);
    const auto text = [](const auto& epoch) { return epoch ? std::to_string(*epoch) : ""; };
    auto epoch = compare(terms, epoch_mismatch, "epoch", text(host.epoch), text(terms.epoch));
    if (epoch.reason != admitted) return epoch;
    return pass(shown + (host.epoch ? ", epoch " + text(host.epoch) : ""));
}

CheckResult check_terms(const Terms& terms) {
    if (terms.rule == nullptr) return pass();
    return first_failure(terms, {check_validity(terms), check_width(terms)});
}

CheckResult check_bounds(const Case& c) {
    const auto terms = terms_of(c);
    if (terms.rule == nullptr) return pass();
    return first_failure(terms, {check_validity(terms), check_runs(c.manifest.runs, *terms.rule),
                                 check_kinds(c.manifest, *terms.rule), check_width(terms)});
}

}  // namespace bulkhead::admission
