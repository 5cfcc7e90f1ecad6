#include "cli/bind_job.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "cli/base/policy_copy.hpp"
#include "common/approval/threshold.hpp"
#include "common/base/text.hpp"
#include "common/policy/profile_digest.hpp"

namespace bulkhead::cli {

namespace {

// The author, who has to sign what is made. A program does not guess who that is.
Result<std::string> author_of(const Options& options) {
    if (options.has("--author")) return options.value("--author");
    const auto* user = ::getpwuid(::geteuid());
    if (user == nullptr || ::isatty(STDIN_FILENO) == 0) {
        return wrong(
            "who is the author? --author NAME, as in allowed_signers; of a job that people sign "
            "the "
            "author signs too");
    }
    std::fprintf(stderr, "note: the author is %s, as you are logged in; --author names another\n",
                 user->pw_name);
    return std::string(user->pw_name);
}

using PolicyOrNone = std::optional<PolicyCopy>;

// The policy of the hosts that the job is for, if --policy names it.
Result<PolicyOrNone> policy_of_hosts(const Options& options) {
    if (!options.has("--policy")) return PolicyOrNone();
    return PolicyOrNone(TRY(load_policy(options.value("--policy"), options)));
}

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

// Sets what binds the job to its hosts: by the options, and without them as the hosts' policy says.
Result<> bind_to_hosts(approval::Manifest& job, const Options& options, const PolicyOrNone& copy) {
    job.format = TRY(format_of(options));
    job.realm = options.value("--realm", copy ? copy->policy.host.realm : "");
    job.epoch = TRY(epoch_of(options));
    if (copy && !job.epoch) job.epoch = copy->policy.host.epoch;
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

Result<> check_author(const std::string& author, const PolicyOrNone& copy) {
    if (!copy || approval::is_listed(copy->policy.signers, author)) return {};
    const auto& rules = copy->policy.approvals;
    const bool anybody =
        std::ranges::any_of(rules, [](const auto& row) { return !row.second.needs.empty(); });
    if (!anybody) return {};  // there all jobs are pinned
    return wrong(quoted(author, 64) +
                 " is no principal of allowed_signers there, so a host would refuse the job as "
                 "author-unknown; --author NAME");
}

}  // namespace

Result<> bind_job(approval::Manifest& job, const Options& options) {
    const auto copy = TRY(policy_of_hosts(options));
    job.author = TRY(author_of(options));
    TRY(check_author(job.author, copy));
    return bind_to_hosts(job, options, copy);
}

}  // namespace bulkhead::cli
