#include "common/policy/check_approvals.hpp"

#include <algorithm>

namespace bulkhead::policy {

namespace {

using namespace std::chrono_literals;

constexpr auto kLongForRoot = 30 * 24h;
constexpr auto kSoon = 30 * 24h;

class Checker {
  public:
    Checker(const Policy& policy, UnixTime now) : policy_(policy), now_(now) {}

    std::vector<PolicyRemark> run() {
        for (const auto& [name, rule] : policy_.approvals) {
            if (rule.needs.empty()) continue;
            check_people(name, rule);
            const auto* profile = find(policy_.profiles, name);
            if (profile != nullptr && profile->user == "root") check_root(name, rule);
        }
        return std::move(remarks_);
    }

  private:
    void say(const ApprovalRule& rule, std::string text) {
        remarks_.push_back({false, rule.source.at(), std::move(text)});
    }

    // Of a rule that nobody can fulfil for want of keys; judge() has the others.
    void check_people(const std::string& profile, const ApprovalRule& rule) {
        const auto as_written = able_as_written(policy_, rule);
        const auto what = use_of(profile);
        if (!why_nobody(policy_, what, rule, as_written).empty()) return;
        auto why = why_nobody(policy_, what, rule, able_signers(policy_, rule, now_));
        if (!why.empty()) say(rule, why);
    }

    void check_root(const std::string& profile, const ApprovalRule& rule) {
        const auto is = "profile " + profile + " is root, and ";
        if (rule.author_counts) {
            const bool alone = rule.needs.size() == 1 && rule.needs[0].people == 1;
            say(rule, is + (alone ? "one person alone may write and approve its jobs"
                                  : "the author of a job is one of those who approve it"));
        }
        if (rule.max_validity > kLongForRoot) {
            say(rule, is + "an approval may last " +
                          std::to_string(
                              std::chrono::floor<std::chrono::days>(rule.max_validity).count()) +
                          " days");
        }
    }

    const Policy& policy_;
    UnixTime now_;
    std::vector<PolicyRemark> remarks_;
};

}  // namespace

std::vector<PolicyRemark> check_approval_rules(const Policy& policy, UnixTime now) {
    return Checker(policy, now).run();
}

std::vector<PolicyRemark> check_formats(const Policy& policy, UnixTime now) {
    const bool anybody = std::ranges::any_of(
        policy.approvals, [](const auto& row) { return !row.second.needs.empty(); });
    if (!anybody) return {};
    const auto& until = policy.host.accept_v1_until;
    const auto warn = [](std::string text) {
        return std::vector<PolicyRemark>{{false, "host.policy", std::move(text)}};
    };
    if (!until && policy.format < 2) {
        return warn(
            "signed manifests of format v1, which no epoch ends, are taken without an end; "
            "write: policy-format 2, and accept-v1 until TIME");
    }
    if (!until || now + kSoon < *until) return {};
    return warn("signed manifests of format v1 " +
                std::string(now > *until ? "are not taken since " : "are taken only until ") +
                format_utc(*until) +
                (now > *until ? "; remove the line accept-v1" : ", which is soon"));
}

}  // namespace bulkhead::policy
