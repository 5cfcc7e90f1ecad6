// The one judgement of a policy that could be read: what is a reason not to put it in force. The
// broker asks at its start and at each reload, `bulkhead check-policy` before either.
//
// An error is what the files themselves get wrong (a name that nothing has, a count that nobody can
// reach, lines that contradict each other), and what the operator requires of this host and it
// lacks. What time or a withdrawal brings about is none: a key that is revoked or has expired, a
// pinned job that a stricter line refuses, an account that is missing on one host. If that were an
// error, it would keep the policy before it in force.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/approval/threshold.hpp"
#include "common/base/result.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

struct PolicyRemark {
    bool error = false;  // false: a warning about something that is allowed
    std::string where;   // file and line, "approval.policy:7", or a file
    std::string text;
};

// What only the host knows.
struct HostFacts {
    std::vector<std::string> missing;           // names of the walls that it lacks
    std::uint64_t capabilities = 0;             // that the broker has, or had when it was started
    std::map<std::uint32_t, std::string> ours;  // by user id, whose account it is: "the worker's"
    // The user id of an account; nothing if there is none.
    std::function<std::optional<std::uint32_t>(const std::string&)> user_id;
};

// The errors, each with its place. Without `host` those that hold on every host.
std::vector<PolicyRemark> judge(const Policy& policy, const HostFacts* host = nullptr);

// One Error of all that judge() finds, "approval.policy:3: TEXT" each; at most five are named.
Result<> require_sound(const Policy& policy, const HostFacts* host = nullptr);

// The rows without if-present whose path is not there, or cannot be looked at.
std::vector<PathRule> absent_paths(const Profile& part);

// Whether `name`, of a group and without a line in allowed_signers, must be a misspelt `other`: by
// one slip, and `other` has a line and is in no group.
bool is_misspelt(const Policy& policy, const std::string& name, const std::string& other);

// One for each principal and key whose signature can count under the rule at that time, the
// author's as well.
std::vector<approval::Endorsement> able_signers(const Policy& policy, const ApprovalRule& rule,
                                                UnixTime now,
                                                std::string_view name_space = approval::kNamespace);
// The same as if nothing were withdrawn or out of its time: a revoked key counts, and so does who
// is in a group and has no line in allowed_signers.
std::vector<approval::Endorsement> able_as_written(
    const Policy& policy, const ApprovalRule& rule,
    std::string_view name_space = approval::kNamespace);
// Why these signers cannot approve what the rule is about: "nobody may use profile NAME: ..." of
// `what` "use profile NAME"; "" if they can.
std::string why_nobody(const Policy& policy, const std::string& what, const ApprovalRule& rule,
                       const std::vector<approval::Endorsement>& able);
// `what` of the rules for a profile and for artifacts.
inline std::string use_of(const std::string& profile) { return "use profile " + profile; }
inline constexpr const char* kUseOfArtifacts = "have an artifact loaded by signatures";

}  // namespace bulkhead::policy
