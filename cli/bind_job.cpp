#include "cli/bind_job.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "common/admission/admit.hpp"
#include "common/admission/host_facts.hpp"
#include "common/approval/threshold.hpp"
#include "common/base/text.hpp"
#include "common/policy/profile_digest.hpp"

namespace bulkhead::cli {

namespace {

std::string login_name() {
    const auto* sudo = std::getenv("SUDO_USER");  // NOLINT(concurrency-mt-unsafe): one thread
    if (sudo != nullptr && ::geteuid() == 0) return sudo;
    const auto* user = ::getpwuid(::geteuid());
    return user == nullptr ? "" : user->pw_name;
}

// The author. Of a job that people sign the author signs too, and a program does not guess who that
// is: only somebody at a terminal, who is told, may leave it out, and root, who is no person, may
// not. Of a job that is pinned it says who pinned it.
Result<std::string> author_of(const Options& options, By by) {
    if (options.has("--author")) return options.value("--author");
    auto name = login_name();
    const bool pinned = by == By::pin && approval::is_principal(name);
    if (pinned) return name;
    if (!approval::is_principal(name) || name == "root" || ::isatty(STDIN_FILENO) == 0) {
        return wrong(
            "who is the author? --author NAME, as in allowed_signers; of a job that people sign "
            "the author signs too");
    }
    std::fprintf(stderr, "note: the author is %s, as you are logged in; --author names another\n",
                 name.c_str());
    return name;
}

using PolicyOrNone = std::optional<PolicyCopy>;

Result<unsigned> format_of(const Options& options) {
    const auto text = options.value("--format", "v2");
    if (text != "v1" && text != "v2") {
        return wrong("--format takes v2, or v1 for hosts of version 0.1");
    }
    return text == "v1" ? 1U : 2U;
}

Result<std::optional<std::uint32_t>> epoch_of(const Options& options) {
    std::optional<std::uint32_t> epoch;
    if (!options.has("--epoch")) return epoch;
    epoch = parse_number<std::uint32_t>(options.value("--epoch")).value_or(approval::kMaxEpoch + 1);
    if (*epoch <= approval::kMaxEpoch) return epoch;
    return wrong("--epoch: expected a number, as in host.policy");
}

// Sets the format, and the digest of the profile.
Result<> bind_to_profile(approval::Manifest& job, const Options& options,
                         const PolicyOrNone& copy) {
    job.format = TRY(format_of(options));
    if (job.format == 1 && (!job.realm.empty() || job.epoch || options.has("--profile-sha256"))) {
        return wrong("a manifest of format v1 can name no realm, epoch or profile-sha256" +
                     std::string(copy ? ", and this policy or your options name one" : "") +
                     "; leave out --format v1");
    }
    if (!options.has("--profile-sha256")) return {};
    if (!copy) return wrong("--profile-sha256 needs --policy DIR, which has the profile");
    const auto* profile = policy::find(copy->policy.profiles, job.profile);
    if (profile == nullptr) return wrong("the policy has no profile " + quoted(job.profile, 64));
    job.profile_sha256 = policy::profile_digest(copy->policy, *profile);
    return {};
}

// What is for pinned ones only names its author only for those who read it.
Result<> check_author(const std::string& author, const PolicyOrNone& copy,
                      const policy::ApprovalRule* rule) {
    if (!copy || approval::is_listed(copy->policy.signers, author)) return {};
    if (rule == nullptr || rule->needs.empty()) return {};
    std::vector<std::string_view> names;
    for (const auto& signer : copy->policy.signers.signers) {
        names.insert(names.end(), signer.principals.begin(), signer.principals.end());
    }
    return wrong("--author: " + quoted(author, 64) + " is no principal of " + copy->directory +
                 "/allowed_signers there, so a host would refuse it as author-unknown" +
                 did_you_mean(author, names));
}

using enum admission::Reason;
// The reasons that follow from policy and manifest alone, whatever the host and its ledger are.
constexpr std::array kOptionOf{
    OptionOf{profile_unknown, "--profile"},
    OptionOf{timeout_over_ceiling, "--timeout"},
    OptionOf{output_over_ceiling, "--output-max"},
    OptionOf{validity_too_long, "--expires"},
    OptionOf{not_one_shot, "--runs"},
    OptionOf{runs_over_ceiling, "--runs"},
    OptionOf{parameter_not_allowed, "--param"},
    OptionOf{target_too_wide, "--target"},
    OptionOf{interpreter_not_allowed, "--interpreter"},
    OptionOf{realm_mismatch, "--realm", true},
    OptionOf{epoch_mismatch, "--epoch", true},
    OptionOf{format_not_accepted, "--format", true},
};

std::string meant_profile(const std::string& name, const policy::Policy& policy) {
    std::vector<std::string_view> names;
    for (const auto& [profile, rules] : policy.profiles) names.push_back(profile);
    return did_you_mean(name, names);
}

}  // namespace

Result<PolicyOrNone> policy_of_hosts(const Options& options) {
    if (options.has("--policy")) {
        return PolicyOrNone(TRY(load_policy(options.value("--policy"), options)));
    }
    if (::access(kPolicyDirectory, F_OK) != 0) return PolicyOrNone();
    auto copy = load_policy(kPolicyDirectory, options);
    if (copy) return PolicyOrNone(*std::move(copy));
    std::fprintf(stderr, "note: not compared with this host's policy: %s\n",
                 copy.error().what.c_str());
    return PolicyOrNone();
}

Result<Binding> binding_of(const Options& options, By by, const PolicyOrNone& copy,
                           const policy::ApprovalRule* rule) {
    Binding binding{.author = TRY(author_of(options, by))};
    if (by == By::signers) TRY(check_author(binding.author, copy, rule));
    binding.realm = options.value("--realm", copy ? copy->policy.host.realm : "");
    binding.epoch = TRY(epoch_of(options));
    if (copy && !binding.epoch) binding.epoch = copy->policy.host.epoch;
    if (copy && !options.has("--not-before")) binding.early = copy->policy.skew;
    return binding;
}

Result<> bind_job(approval::Manifest& job, const Options& options, By by,
                  const PolicyOrNone& policy) {
    const auto* rule = policy ? policy::find(policy->policy.approvals, job.profile) : nullptr;
    auto binding = TRY(binding_of(options, by, policy, rule));
    job.author = std::move(binding.author);
    job.realm = std::move(binding.realm);
    job.epoch = binding.epoch;
    job.not_before -= binding.early;
    job.not_after -= binding.early;
    return bind_to_profile(job, options, policy);
}

Result<> refuse_options(const std::vector<admission::Check>& checks, std::span<const OptionOf> rows,
                        const PolicyCopy& copy) {
    std::string refused;
    for (const auto& check : checks) {
        const auto row = std::ranges::find(rows, check.reason, &OptionOf::reason);
        if (row == rows.end()) continue;
        const std::string option(row->option);
        const std::string why = std::string(admission::code(check.reason)) + ": " + check.detail;
        if (row->elsewhere) {
            std::fprintf(stderr, "note: %s: hosts with the policy %s refuse it as %s\n",
                         option.c_str(), copy.directory.c_str(), why.c_str());
            continue;
        }
        refused += (refused.empty() ? "" : "\n") + option + ": a host refuses it as " + why;
    }
    if (refused.empty()) return {};
    return wrong(std::move(refused));
}

Result<> require_allowed(const NewJob& job, By by, const PolicyCopy& copy) {
    auto policy = copy.policy;
    if (by == By::pin) {
        policy.approved["*"] = {.name = "*", .bytes = job.text, .manifest = job.manifest};
    }
    const auto facts = admission::look_at(policy, copy.directory);
    auto verdict = admission::admit({.script = job.script, .manifest = job.text}, policy, facts, {},
                                    job.manifest.not_before);
    for (auto& check : verdict.checks) {
        if (check.reason != profile_unknown) continue;
        check.detail += meant_profile(job.manifest.profile, policy);
    }
    return refuse_options(verdict.checks, kOptionOf, copy);
}

}  // namespace bulkhead::cli
