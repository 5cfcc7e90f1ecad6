#include "common/policy/judge.hpp"

#include <linux/capability.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/approval/sshsig.hpp"
#include "common/policy/connect.hpp"
#include "common/policy/near_miss.hpp"
#include "common/policy/needed_calls.hpp"
#include "common/policy/wall.hpp"

namespace bulkhead::policy {

namespace {

constexpr std::size_t kMostNamed = 5;
constexpr std::uint64_t kNobodys = std::uint64_t{1} << CAP_SYS_TIME;

bool wants_token(const ApprovalRule& rule) { return rule.hardware || rule.verified; }

// The keys that may sign under the rule by their lines alone, whatever the time and whoever was
// revoked.
std::vector<approval::Endorsement> able_by_lines(const Policy& policy, const ApprovalRule& rule,
                                                 std::string_view name_space) {
    std::vector<approval::Endorsement> able;
    for (const auto& signer : policy.signers.signers) {
        const bool token = signer.key.kind == approval::PublicKey::Kind::sk_ed25519;
        if (!signer.allows_namespace(name_space) || (wants_token(rule) && !token)) continue;
        for (const auto& name : signer.principals) able.push_back({name, signer.key});
    }
    return able;
}

class Judge {
  public:
    Judge(const Policy& policy, const HostFacts* host) : policy_(policy), host_(host) {}

    std::vector<PolicyRemark> run() {
        for (const auto& [name, group] : policy_.signer_groups) judge_group(group);
        for (const auto& [name, rule] : policy_.approvals) {
            if (find(policy_.profiles, name) == nullptr) wrong(rule.source.at(), no_profile(name));
            judge_rule(use_of(name), rule, approval::kNamespace);
        }
        if (const auto& rule = policy_.artifact_approval) {
            judge_rule(kUseOfArtifacts, *rule, approval::kArtifactNamespace);
        }
        for (const auto& [name, job] : policy_.approved) {
            const auto& profile = job.manifest.profile;
            if (find(policy_.profiles, profile) != nullptr) continue;
            wrong("approved/" + name + ".manifest", no_profile(profile));
        }
        for (const auto& requirement : policy_.requirements) judge_requirement(requirement);
        for (const auto& [name, part] : policy_.parts) judge_calls(part);
        if (host_ != nullptr) judge_host();
        return std::move(remarks_);
    }

  private:
    void wrong(std::string where, std::string text) {
        remarks_.push_back({true, std::move(where), std::move(text)});
    }

    static std::string no_profile(const std::string& name) {
        return "there is no profiles/" + name + ".profile";
    }

    // A name without a line may be one whose line was taken away; that is a withdrawal and no
    // error.
    void judge_group(const SignerGroup& group) {
        for (const auto& name : group.principals) {
            if (approval::is_listed(policy_.signers, name)) continue;
            for (const auto& signer : policy_.signers.signers) {
                for (const auto& other : signer.principals) {
                    if (!is_misspelt(policy_, name, other)) continue;
                    wrong(group.source.at(),
                          name + " has no line in allowed_signers; did you mean " + other +
                              " of its line " + std::to_string(signer.line) + "? If the line of " +
                              name + " was taken out, take the name out here");
                }
            }
        }
    }

    void judge_rule(const std::string& what, const ApprovalRule& rule,
                    std::string_view name_space) {
        if (rule.needs.empty()) return;
        const auto as_written = able_as_written(policy_, rule, name_space);
        if (why_nobody(policy_, what, rule, as_written).empty()) return;
        auto why = why_nobody(policy_, what, rule, able_by_lines(policy_, rule, name_space));
        if (name_space != approval::kNamespace && why.starts_with("nobody")) {
            why += "; lines of allowed_signers that have namespaces= must name \"" +
                   std::string(name_space) + "\" there";
        }
        wrong(rule.source.at(), why);
    }

    void judge_requirement(const Requirement& requirement) {
        const auto& [feature, source] = requirement;
        if (!is_feature(feature)) return wrong(source.at(), no_feature(feature));
        const auto waiver = std::ranges::find(policy_.waivers, feature, &WallLine::wall);
        if (waiver != policy_.waivers.end()) {
            wrong(waiver->source.at(),
                  "another line requires " + feature + "; take one of the two out");
        }
        if (host_ != nullptr && std::ranges::count(host_->missing, feature) > 0) {
            wrong(source.at(), "this host lacks the required " + feature + ": " +
                                   std::string(words_of(feature)) +
                                   "; provide it, or take the line out");
        }
    }

    static std::string_view words_of(std::string_view feature) {
        const auto row = std::ranges::find(walls(), feature, &WallRow::name);
        return row->words;
    }

    static std::string no_feature(const std::string& feature) {
        std::string all;
        for (const auto& row : walls()) {
            if (!may_lack(row)) continue;
            if (may_mean(feature, row.name)) {
                return "no such feature: " + feature + "; did you mean " + std::string(row.name) +
                       "?";
            }
            all.append(all.empty() ? "" : ", ").append(row.name);
        }
        return "no such feature: " + feature + "; there are " + all;
    }

    void judge_calls(const Profile& part) {
        const auto& list = policy_.calls_of(part);
        std::string lacks;
        for (const auto& call : lacking_calls(part.name, list)) lacks += " " + call;
        if (lacks.empty()) return;
        wrong(list.source.at(), "allows no" + lacks + ", without which the " + part.name +
                                    " of this version does not work; take the file that the "
                                    "package ships, or add the lines by " +
                                    list.source.file + ".d/NAME.lines");
    }

    void judge_host() {
        if (const auto held = require_some_egress(policy_, host_->missing); !held) {
            wrong("host.policy", held.error().what);
        }
        const auto& own = policy_.part("broker");
        judge_capabilities(own, own.capabilities | own.in_force);
        for (const auto& [name, profile] : policy_.profiles) {
            judge_capabilities(profile, profile.capabilities);
            judge_account(profile);
        }
        for (const auto& row : absent_paths(policy_.part("worker"))) {
            wrong(row.source.place(),
                  row.path + ": " + std::strerror(ENOENT) +
                      "; no worker could start. Make it, or, if that is meant, write: if-present");
        }
    }

    void judge_capabilities(const Profile& profile, std::uint64_t wanted) {
        // adjtimex(2), by which root asks about the clock, would set it for whoever has SYS_TIME.
        if ((wanted & kNobodys) != 0) {
            return wrong(profile.source.file,
                         "needs CAP_SYS_TIME, which this agent gives nobody; take it out");
        }
        const auto lacking = wanted & ~host_->capabilities;
        if (lacking == 0) return;
        wrong(profile.source.file, "needs " + capability_names(lacking) +
                                       ", which nobody here can give; see "
                                       "CapabilityBoundingSet= of the unit, or the container's");
    }

    // A job with an account of ours could read the files of that process, and whoever is root under
    // another name would be taken for somebody else. An account that is missing is no error: its
    // profile is unusable here.
    void judge_account(const Profile& profile) {
        const auto user = host_->user_id(profile.user);
        if (!user) return;
        const auto where = profile.user_source.at();
        if (*user == 0 && profile.user != "root") {
            return wrong(where, "user " + profile.user + " is root; write: user root");
        }
        const auto found = host_->ours.find(*user);
        if (found == host_->ours.end()) return;
        wrong(where, "user " + profile.user + ": this account is " + found->second +
                         ", whose files jobs of profile " + profile.name +
                         " could read; give them an account of their own");
    }

    const Policy& policy_;
    const HostFacts* host_;
    std::vector<PolicyRemark> remarks_;
};

}  // namespace

std::vector<PathRule> absent_paths(const Profile& part) {
    std::vector<PathRule> absent;
    std::ranges::copy_if(part.paths, std::back_inserter(absent), [](const auto& row) {
        struct stat info {};
        return !row.if_present && ::stat(row.path.c_str(), &info) != 0;
    });
    return absent;
}

bool is_misspelt(const Policy& policy, const std::string& name, const std::string& other) {
    return name.size() > 2 && other.size() > 2 && may_mean(name, other, 1) &&
           std::ranges::none_of(policy.signer_groups, [&](const auto& group) {
               return std::ranges::count(group.second.principals, other) > 0;
           });
}

std::vector<PolicyRemark> judge(const Policy& policy, const HostFacts* host) {
    return Judge(policy, host).run();
}

Result<> require_sound(const Policy& policy, const HostFacts* host) {
    const auto errors = judge(policy, host);
    if (errors.empty()) return {};
    std::string all;
    for (const auto& one : errors) {
        if (&one == &errors[std::min(kMostNamed, errors.size() - 1)] &&
            errors.size() > kMostNamed) {
            all += "; and " + std::to_string(errors.size() - kMostNamed) +
                   " more: bulkhead check-policy --as-host";
            break;
        }
        all += (all.empty() ? "" : "; ") + one.where + ": " + one.text;
    }
    return fail(all);
}

std::vector<approval::Endorsement> able_signers(const Policy& policy, const ApprovalRule& rule,
                                                UnixTime now, std::string_view name_space) {
    return approval::able_signers(policy.signers, wants_token(rule), now, name_space);
}

std::vector<approval::Endorsement> able_as_written(const Policy& policy, const ApprovalRule& rule,
                                                   std::string_view name_space) {
    auto all = able_by_lines(policy, rule, name_space);
    const auto add = [&](const std::string& name) {
        all.push_back({name, {.point = crypto::sha256(as_bytes(name)), .application = ""}});
    };
    add("");  // the author, who needs to be in no group
    for (const auto& need : rule.needs) {
        const auto* group = find(policy.signer_groups, need.group);
        if (group == nullptr) continue;
        for (const auto& name : group->principals) {
            if (!approval::is_listed(policy.signers, name)) add(name);
        }
    }
    return all;
}

std::string why_nobody(const Policy& policy, const std::string& what, const ApprovalRule& rule,
                       const std::vector<approval::Endorsement>& able) {
    std::vector<approval::Quota> quotas;
    for (const auto& [people, name] : rule.needs) {
        const auto* group = find(policy.signer_groups, name);
        if (group == nullptr) return "there is no line \"signers " + name + " ...\"";
        quotas.push_back({people, group->principals});
    }
    const auto* tokens = rule.hardware || rule.verified ? " with a hardware token" : "";
    const auto filled = approval::fill(quotas, able);
    for (std::size_t i = 0; i < quotas.size(); ++i) {
        if (filled[i] >= quotas[i].people) continue;
        return "nobody may " + what + ": it needs " + std::to_string(quotas[i].people) +
               " signers, and " + rule.needs[i].group + " has " + std::to_string(filled[i]) +
               " who can sign" + tokens +
               (quotas.size() > 1 ? " and are not counted for another group" : "");
    }
    std::vector<std::string> everybody;
    for (const auto& [name, key] : able) everybody.push_back(name);
    quotas.push_back({1, everybody});
    if (rule.author_counts || approval::fill(quotas, able).back() == 1) return "";
    return "nobody may " + what + ": beside " + in_words(rule.needs) +
           " an author signs, and allowed_signers has nobody else who can" + tokens;
}

}  // namespace bulkhead::policy
