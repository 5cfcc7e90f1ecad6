#include "common/policy/check_artifacts.hpp"

#include <algorithm>
#include <numeric>

#include "common/policy/judge.hpp"

namespace bulkhead::policy {

namespace {

using namespace std::chrono_literals;
using approval::AttachKind, approval::ProgramType;

constexpr std::string_view kFile = "artifacts.policy";
constexpr auto kLong = 30 * 24h;
constexpr unsigned kMuchCpu = 25;

class Checker {
  public:
    Checker(const Policy& policy, UnixTime now) : policy_(policy), now_(now) {}

    std::vector<PolicyRemark> run() {
        if (policy_.artifacts) check_rules(*policy_.artifacts);
        if (const auto& rule = policy_.artifact_approval) check_approval(*rule);
        for (const auto& [name, entry] : policy_.approved_artifacts) check_pinned(entry);
        return std::move(remarks_);
    }

  private:
    void warn(std::string where, std::string text) {
        remarks_.push_back({false, std::move(where), std::move(text)});
    }

    void check_rules(const ArtifactRules& rules) {
        const std::string file(kFile);
        if (rules.allowed.empty()) {
            warn(file,
                 "allows no program, and opens bpf(2) to a loader all the same; add a line allow "
                 "TYPE PATTERN, or remove the file");
        }
        const auto& rule = policy_.artifact_approval;
        if ((!rule || rule->needs.empty()) && policy_.approved_artifacts.empty()) {
            warn(file,
                 "nobody can approve an artifact, and none is pinned: write a line artifacts into "
                 "approval.policy, or remove the file");
        }
        for (const auto& row : rules.allowed) check_row(row);
        if (rules.pins_allowed) {
            warn(rules.pins_source.at(),
                 "programs of a manifest with \"pin yes\" go on where the broker has ended: until "
                 "it starts again no guard, ttl or withdrawal ends them");
        }
        if (rules.max_cpu_percent > kMuchCpu) {
            warn(file, "max-cpu-percent " + std::to_string(rules.max_cpu_percent) +
                           ": so much of a processor may a program take from every process of this "
                           "host before it is unloaded");
        }
    }

    void check_row(const ArtifactAllowance& row) {
        const std::string type(approval::name_of(row.type));
        switch (approval::attach_kind(row.type)) {
            case AttachKind::interface:
                if (row.pattern.find_first_not_of("*?") == row.pattern.npos) {
                    warn(row.source.at(), type + " " + row.pattern +
                                              " is any interface, now and later, the one of the "
                                              "backend too; name those that are meant");
                }
                return;
            case AttachKind::cgroup:
                if (row.pattern == "/" || row.pattern == "/*") {
                    warn(row.source.at(), type + " " + row.pattern +
                                              " reaches every process of this host, the agent too; "
                                              "name the slice or unit that is meant");
                }
                return;
            case AttachKind::function:
                break;
        }
        warn(row.source.at(),
             type + " " + row.pattern +
                 (row.type == ProgramType::lsm
                      ? ": its program may refuse what any process asks there, root's too, and "
                        "reads the kernel's memory"
                      : ": its program reads the kernel's memory, and so what any process here "
                        "holds in secret"));
    }

    void check_approval(const ApprovalRule& rule) {
        const auto where = rule.source.at();
        if (!policy_.artifacts) {
            warn(where, "there is no artifacts.policy, so this host loads no artifact");
        }
        if (rule.needs.empty()) return;
        const auto people =
            std::accumulate(rule.needs.begin(), rule.needs.end(), 0U,
                            [](unsigned sum, const Need& need) { return sum + need.people; });
        if (people < 2) {
            warn(where,
                 "an artifact is code in the kernel, and one person's approval is enough; need 2");
        }
        if (rule.author_counts) {
            warn(where, people < 2 ? "one person alone may write and approve an artifact"
                                   : "the author of an artifact is one of those who approve it");
        }
        if (rule.max_validity > kLong) {
            const auto days = std::chrono::floor<std::chrono::days>(rule.max_validity).count();
            warn(where, "an approval of an artifact may last " + std::to_string(days) + " days");
        }
        const auto space = approval::kArtifactNamespace;
        const auto as_written = able_as_written(policy_, rule, space);
        if (!why_nobody(policy_, kUseOfArtifacts, rule, as_written).empty()) return;  // an error
        auto why =
            why_nobody(policy_, kUseOfArtifacts, rule, able_signers(policy_, rule, now_, space));
        if (!why.empty()) warn(where, why);
    }

    void check_pinned(const ApprovedArtifact& entry) {
        const auto where = "approved/" + entry.name + ".artifact";
        const auto& artifact = entry.manifest;
        if (artifact.not_after < now_) warn(where, "expired at " + format_utc(artifact.not_after));
        for (const auto& [name, other] : policy_.approved_artifacts) {
            if (name >= entry.name) break;
            if (other.manifest.elf_sha256 != artifact.elf_sha256) continue;
            warn(where, "pins the object of approved/" + name +
                            ".artifact too: where both are for a host at one time, it loads "
                            "neither of them for an object that comes without a manifest");
        }
    }

    const Policy& policy_;
    UnixTime now_;
    std::vector<PolicyRemark> remarks_;
};

}  // namespace

std::vector<PolicyRemark> check_artifacts(const Policy& policy, UnixTime now) {
    return Checker(policy, now).run();
}

}  // namespace bulkhead::policy
