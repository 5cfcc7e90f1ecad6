// The checks that admit() makes, each a pure function that returns why it refuses.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "common/admission/admit.hpp"
#include "common/approval/threshold.hpp"

namespace bulkhead::admission {

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

// The result of one check: it passed if the reason is `admitted`, was skipped if it is `undecided`,
// else it failed.
struct CheckResult {
    Reason reason = Reason::undecided;
    std::string detail;
};

// What stands beside a time that refuses: ", or this host's clock (TIME) is wrong".
std::string or_clock(const Case& c);

// The words with commas between them; "nobody" if there is none.
std::string joined(const std::vector<std::string>& list);
// The first of them, and how many more there are; "none" if there is none.
std::string some_of(const std::vector<std::string>& list);

inline CheckResult pass(std::string detail = {}) { return {Reason::admitted, std::move(detail)}; }

// The check "size", which needs no manifest.
CheckResult check_sizes(const JobBytes& job);

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

Approval check_approval(const Case& c);
// Whose signatures count for a job of this author. It refers to members of its arguments.
approval::Electorate electorate_of(const policy::Policy& policy, const policy::ApprovalRule& rule,
                                   std::string_view author);

// Formats are a matter of signed manifests: a date that passes must not end what root has pinned.
CheckResult check_format(const Case& c);
// Realm and epoch.
CheckResult check_realm(const Case& c);
// What the line of approval.policy for the profile asks of its jobs.
CheckResult check_bounds(const Case& c);
CheckResult check_script(const Case& c);
// Refuses what people do not see in script and manifest, unless the manifest says that it is meant.
// A detail of what is taken all the same is worth a remark.
CheckResult check_visible(const Case& c);
CheckResult check_interpreter(const Case& c);
CheckResult check_target(const Case& c);
CheckResult check_time(const Case& c);
// How long a job has to wait that check_time() calls too early.
std::chrono::seconds too_early_by(const Case& c);
CheckResult check_replay(const Case& c);
CheckResult check_parameters(const Case& c);
CheckResult check_profile(const Case& c);
CheckResult check_intake(const Case& c);

struct NamedCheck {
    std::string_view name;
    CheckResult (*check)(const Case&);
    // It reads the script, so it is made only if the checks before it have passed: root does not
    // look into what nobody has approved.
    bool of_approved = false;
};

// The checks in their order, after "size", "manifest", "revocation", "signatures", "author" and
// "threshold".
inline constexpr std::array kChecks{
    NamedCheck{"format", check_format},           NamedCheck{"bounds", check_bounds},
    NamedCheck{"script", check_script},           NamedCheck{"odd-bytes", check_visible, true},
    NamedCheck{"interpreter", check_interpreter}, NamedCheck{"realm", check_realm},
    NamedCheck{"target", check_target},           NamedCheck{"time", check_time},
    NamedCheck{"replay", check_replay},           NamedCheck{"parameters", check_parameters},
    NamedCheck{"profile", check_profile},         NamedCheck{"intake", check_intake},
};

}  // namespace bulkhead::admission
