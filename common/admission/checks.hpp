// The checks that admit() makes, each a pure function that returns why it refuses.
#pragma once
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "common/admission/admit.hpp"
#include "common/approval/threshold.hpp"

namespace bulkhead::admission {

// The result of one check: it passed if the reason is `admitted`, was skipped if it is `undecided`,
// else it failed.
struct CheckResult {
    Reason reason = Reason::undecided;
    std::string detail;
};

// What a job and an artifact are approved by alike. It refers to what it was made of.
struct Terms {
    const policy::Policy& policy;
    const LedgerView& ledger;
    UnixTime now;                      // the host's clock
    UnixTime time;                     // the later of `now` and a floor
    const policy::ApprovalRule* rule;  // whose signatures approve it; null: policy has no line
    std::string subject;               // whose rule that is: "profile maintain", "artifacts"
    CheckResult unsignable;            // the answer where nobody can approve it by signature
    std::string_view new_command;      // that makes a manifest: "bulkhead new-job"
    std::string_view format_option;    // that it needs for the keys realm and epoch: " --format v2"
    std::string pinned;                // its file: "approved/clean.manifest"; empty: it is not
    std::string_view signatures;
    std::string_view name_space;  // of the signatures

    // Of its manifest.
    std::string_view bytes;
    const std::string& author;
    const std::string& realm;
    const std::optional<std::uint32_t>& epoch;
    const std::vector<approval::Target>& targets;
    UnixTime not_before;
    UnixTime not_after;
};

// Everything that a check uses. Without a manifest these checks are not made.
struct Case {
    const JobBytes& job;
    const policy::Policy& policy;
    const HostFacts& facts;
    const LedgerView& ledger;
    UnixTime now;   // the host's clock
    UnixTime time;  // the later of `now` and a floor
    std::string_view script;
    const crypto::Digest& script_digest;
    std::string_view manifest_bytes;
    const approval::Manifest& manifest;
    const policy::Approved* pinned;  // the entry of policy with this manifest; null if none has it
};

inline constexpr unsigned kFormatOfKeys = 2;  // the first with the keys realm and epoch

Terms terms_of(const Case& c);

// What stands beside a time that refuses: ", or this host's clock (TIME) is wrong".
std::string or_clock(UnixTime now);

// The words with commas between them; "nobody" if there is none.
std::string joined(const std::vector<std::string>& list);
// The first of them, and how many more there are; "none" if there is none.
std::string some_of(const std::vector<std::string>& list);

inline CheckResult pass(std::string detail = {}) { return {Reason::admitted, std::move(detail)}; }

// Adds a check to the judgement; the first that failed is its reason.
void note(Judgement& judgement, std::string_view name, CheckResult result);
// Makes a judgement that admits one that refuses, by the check of this name.
void refuse_by(std::string_view name, Judgement& judgement, CheckResult result);
// Admits if all checks have passed.
bool settle(Judgement& judgement, std::string rule);

// Judges by judge(time) at the later of `now` and the ledger's floor of trusted clocks. What the
// floor of the others alone refuses is so for clock_unsure; see admit().
template <class Judge>
auto judge_by_floors(const LedgerView& ledger, UnixTime now, Judge judge) {
    const auto floor = ledger.unsure_floor;
    const auto time = std::max(now, ledger.clock_floor);
    auto verdict = judge(time);
    if (!verdict.admitted || floor <= time) return verdict;
    auto detail = "it is " + format_utc(now) + ", but " + about_floor(floor, false);
    if (now + kClockSlack >= floor) {
        auto later = judge(floor);
        if (later.admitted) return later;
        detail += "; then: " + later.detail;
    }
    refuse_by("time", verdict, {Reason::clock_unsure, detail});
    return verdict;
}

// The check "size", which needs no manifest.
CheckResult check_sizes(const JobBytes& job);
CheckResult over_size(std::string_view what, std::size_t size, std::size_t most);
// "revoked_jobs:3: WHY", of a line there.
std::string about_revoked(const approval::RevokedJob& row);

// The check "revocation", the first one that needs a manifest.
CheckResult check_revocation(const Case& c);

// Signatures, author and threshold share one count, so they are one check with three results.
struct Approval {
    CheckResult signatures;
    CheckResult author;
    CheckResult threshold;
    std::string rule;
    std::vector<std::string> signers;
    std::vector<SignedBy> signed_by;
};

Approval check_approval(const Terms& terms);
// Whose signatures count for what this author wrote. It refers to members of its arguments.
approval::Electorate electorate_of(const policy::Policy& policy, const policy::ApprovalRule& rule,
                                   std::string_view author,
                                   std::string_view name_space = approval::kNamespace);

// Formats are a matter of signed manifests: a date that passes must not end what root has pinned.
CheckResult check_format(const Case& c);
// Realm and epoch.
CheckResult check_realm(const Terms& terms);
// What valid-for, pinned-valid-for and no-target-any of the line of approval.policy ask.
CheckResult check_terms(const Terms& terms);
// What the line of approval.policy for the profile asks of its jobs.
CheckResult check_bounds(const Case& c);
CheckResult check_script(const Case& c);
// Refuses what people do not see in script and manifest, unless the manifest says that it is meant.
// A detail of what is taken all the same is worth a remark.
CheckResult check_visible(const Case& c);
CheckResult check_interpreter(const Case& c);
CheckResult check_target(const Terms& terms);
CheckResult check_time(const Terms& terms);
// How long a job has to wait that check_time() calls too early.
std::chrono::seconds too_early_by(const Terms& terms);
CheckResult check_replay(const Case& c);
CheckResult check_parameters(const Case& c);
CheckResult check_profile(const Case& c);
CheckResult check_intake(const Case& c);

struct NamedCheck {
    std::string_view name;
    CheckResult (*check)(const Case&);
    // It reads what is loaded or run, so it is made only if the checks before it have passed: root
    // does not look into what nobody has approved.
    bool of_approved = false;
};

template <CheckResult (*Check)(const Terms&)>
CheckResult on_terms(const Case& c) {
    return Check(terms_of(c));
}

// The checks in their order, after "size", "manifest", "revocation", "signatures", "author" and
// "threshold".
inline constexpr std::array kChecks{
    NamedCheck{"format", check_format},           NamedCheck{"bounds", check_bounds},
    NamedCheck{"script", check_script},           NamedCheck{"odd-bytes", check_visible, true},
    NamedCheck{"interpreter", check_interpreter}, NamedCheck{"realm", on_terms<check_realm>},
    NamedCheck{"target", on_terms<check_target>}, NamedCheck{"time", on_terms<check_time>},
    NamedCheck{"replay", check_replay},           NamedCheck{"parameters", check_parameters},
    NamedCheck{"profile", check_profile},         NamedCheck{"intake", check_intake},
};

}  // namespace bulkhead::admission
