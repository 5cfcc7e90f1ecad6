#include "common/policy/check_approvals.hpp"

#include <algorithm>

#include "common/approval/sshsig.hpp"

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
    void say(bool error, const ApprovalRule& rule, std::string text) {
        remarks_.push_back({error, rule.source.at(), std::move(text)});
    }

    void check_people(const std::string& profile, const ApprovalRule& rule) {
        const auto able = able_signers(policy_, rule, now_);
        std::vector<approval::Quota> quotas;
        for (const auto& [people, name] : rule.needs) {
            const auto* group = find(policy_.signer_groups, name);
            if (group == nullptr) {
                say(true, rule, "there is no line \"signers " + name + " ...\"");
                return;
            }
            quotas.push_back({people, group->principals});
        }
        const auto* tokens = rule.hardware || rule.verified ? " with a hardware token" : "";
        const auto filled = approval::fill(quotas, able);
        for (std::size_t i = 0; i < quotas.size(); ++i) {
            if (filled[i] >= quotas[i].people) continue;
            say(true, rule,
                "nobody may use profile " + profile + ": it needs " +
                    std::to_string(quotas[i].people) + " signers, and " + rule.needs[i].group +
                    " has " + std::to_string(filled[i]) + " who can sign" + tokens +
                    (quotas.size() > 1 ? " and are not counted for another group" : ""));
            return;
        }
        std::vector<std::string> everybody;
        for (const auto& [name, key] : able) everybody.push_back(name);
        quotas.push_back({1, everybody});
        if (rule.author_counts || approval::fill(quotas, able).back() == 1) return;
        say(true, rule,
            "nobody may use profile " + profile + ": beside " + in_words(rule.needs) +
                " an author signs, and allowed_signers has nobody else who can" + tokens);
    }

    void check_root(const std::string& profile, const ApprovalRule& rule) {
        const auto is = "profile " + profile + " is root, and ";
        if (rule.author_counts) {
            const bool alone = rule.needs.size() == 1 && rule.needs[0].people == 1;
            say(false, rule,
                is + (alone ? "one person alone may write and approve its jobs"
                            : "the author of a job is one of those who approve it"));
        }
        if (rule.max_validity > kLongForRoot) {
            say(false, rule,
                is + "an approval may last " +
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

std::vector<approval::Endorsement> able_signers(const Policy& policy, const ApprovalRule& rule,
                                                UnixTime now) {
    std::vector<approval::Endorsement> able;
    for (const auto& signer : policy.signers.signers) {
        const bool token = signer.key.kind == approval::PublicKey::Kind::sk_ed25519;
        if (!signer.allows_namespace(approval::kNamespace) || !signer.valid_at(now) ||
            policy.signers.is_revoked(signer.key) || ((rule.hardware || rule.verified) && !token)) {
            continue;
        }
        for (const auto& name : signer.principals) able.push_back({name, signer.key});
    }
    return able;
}

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
