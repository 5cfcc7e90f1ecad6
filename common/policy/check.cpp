#include "common/policy/check.hpp"

#include <algorithm>
#include <cerrno>
#include <set>

#include "common/approval/odd_text.hpp"
#include "common/base/text.hpp"
#include "common/policy/ceiling_for_artifacts.hpp"
#include "common/policy/check_approvals.hpp"
#include "common/policy/check_artifacts.hpp"
#include "common/policy/check_connects.hpp"
#include "common/policy/check_credentials.hpp"
#include "common/policy/check_profile.hpp"
#include "common/policy/check_strict.hpp"
#include "common/policy/near_miss.hpp"
#include "common/policy/pattern.hpp"
#include "common/policy/pinned_twice.hpp"

namespace bulkhead::policy {

namespace {

constexpr std::size_t kWordsOfAReason = 3;

// Calls that change the kernel, another process, or the caller's confinement. A list may allow one
// only in a line whose reason has several words.
// clang-format off
constexpr std::string_view kDangerous[] = {
    "acct", "add_key", "adjtimex", "bpf", "chroot", "clock_adjtime", "clock_settime", "clone3",
    "delete_module", "fanotify_init", "finit_module", "fsconfig", "fsmount", "fsopen", "fspick",
    "init_module", "io_uring_enter", "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kcmp",
    "kexec_file_load", "kexec_load", "keyctl", "modify_ldt", "mount", "mount_setattr", "move_mount",
    "open_by_handle_at", "open_tree", "open_tree_attr", "perf_event_open", "pidfd_getfd",
    "pivot_root", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace", "quotactl",
    "quotactl_fd", "reboot", "request_key", "setns", "settimeofday", "swapoff", "swapon", "umount2",
    "unshare", "userfaultfd"};
// clang-format on

// Calls that are harmless or dangerous depending on their arguments, and what each allows if a list
// has no condition on them.
struct ByArguments {
    std::string_view call;
    std::string_view lets_through;
};
constexpr ByArguments kByArguments[] = {
    {"clone", "user namespaces, with every capability inside"},
    {"ioctl", "typing into a terminal"},
    {"personality", "an address space without its defences"},
    {"socket", "families and protocols for which the kernel loads modules"},
    {"socketpair", "families for which the kernel loads modules"}};

// The names in reads.policy that the worker's scanners and duties ask for.
constexpr std::string_view kReadNames[] = {"tls-certificates", "sshd-config", "hardware-id"};
// Names under which secrets are usually kept.
constexpr std::string_view kSecrets[] = {"privkey.pem", "key.pem",    "server.key",
                                         "id_rsa",      "id_ed25519", "ssh_host_ed25519_key",
                                         "shadow",      "krb5.keytab"};

class Checker {
  public:
    Checker(const Policy& policy, const Facts& facts) : policy_(policy), facts_(facts) {}

    std::vector<PolicyRemark> run() {
        remarks_ = judge(policy_, facts_.host);
        for (const auto& file : policy_.ignored) {
            warn(file, file == kJobsDisabled ? "no job is taken in while this file is here"
                                             : "nobody reads this file; remove it");
        }
        check_signers();
        check_approvals();
        std::ranges::move(check_approval_rules(policy_, facts_.now), std::back_inserter(remarks_));
        std::ranges::move(check_formats(policy_, facts_.now), std::back_inserter(remarks_));
        std::ranges::move(check_artifacts(policy_, facts_.now), std::back_inserter(remarks_));
        std::ranges::move(check_connects(policy_), std::back_inserter(remarks_));
        for (const auto& [name, profile] : policy_.profiles) {
            const auto* calls = find(policy_.seccomp, profile.seccomp);
            if (calls != nullptr)
                std::ranges::move(check_rows(profile, *calls), std::back_inserter(remarks_));
        }
        for (const auto& [name, list] : policy_.seccomp) check_seccomp(list);
        for (const auto& [name, approved] : policy_.approved) check_approved(approved);
        check_pinned_twice();
        for (const auto& [name, rows] : policy_.reads) {
            for (const auto& row : rows) check_read(name, row);
        }
        std::ranges::move(check_credentials(policy_.credentials), std::back_inserter(remarks_));
        std::ranges::move(check_strict(policy_, facts_), std::back_inserter(remarks_));
        return std::move(remarks_);
    }

  private:
    static std::string at(const Source& source) { return source.at(); }
    static std::string at(const approval::AllowedSigner& signer) {
        return "allowed_signers:" + std::to_string(signer.line);
    }
    void wrong(std::string where, std::string text) {
        remarks_.push_back({true, std::move(where), std::move(text)});
    }
    void warn(std::string where, std::string text) {
        remarks_.push_back({false, std::move(where), std::move(text)});
    }

    void check_signers() {
        const auto& signers = policy_.signers.signers;
        for (const auto& [line, principals, why] : policy_.signers.refused) {
            warn("allowed_signers:" + std::to_string(line),
                 quoted(principals, 64) + ": " + why +
                     "; no signature of theirs counts until the line is mended or removed");
        }
        for (const auto& [line, principals, why] : policy_.signers.foreign) {
            warn("allowed_signers:" + std::to_string(line), quoted(principals, 64) + ": " + why);
        }
        for (const auto& [name, group] : policy_.signer_groups) check_members(group);
        for (const auto& job : policy_.revoked_jobs) {
            if (!job.reason.empty()) continue;
            warn("revoked_jobs:" + std::to_string(job.line),
                 "no reason; end the line with \"  # why\"");
        }
        for (auto one = signers.begin(); one != signers.end(); ++one) {
            if (one->valid_before && *one->valid_before < facts_.now) {
                warn(at(*one), one->principals[0] + "'s approval expired at " +
                                   format_utc(*one->valid_before));
            }
            const auto same = [&](const auto& other) { return other.key == one->key; };
            if (std::any_of(signers.begin(), one, same)) {
                warn(at(*one), "the key of an earlier line again: one key is one person");
            }
        }
    }

    // Of names that may be misspelt; judge() has those that must be.
    void check_members(const SignerGroup& group) {
        for (const auto& name : group.principals) {
            if (approval::is_listed(policy_.signers, name)) continue;
            for (const auto& signer : policy_.signers.signers) {
                const auto& other = signer.principals[0];
                if (!may_mean(name, other) || is_misspelt(policy_, name, other)) continue;
                warn(group.source.at(), name + " has no line in allowed_signers; was " + other +
                                            " of its line " + std::to_string(signer.line) +
                                            " meant?");
            }
        }
    }

    bool can_sign(std::string_view principal) const {
        const auto& signers = policy_.signers.signers;
        return std::any_of(signers.begin(), signers.end(), [&](const auto& signer) {
            const auto& names = signer.principals;
            return std::find(names.begin(), names.end(), principal) != names.end() &&
                   (signer.allows_namespace(approval::kNamespace) ||
                    signer.allows_namespace(approval::kArtifactNamespace)) &&
                   signer.valid_at(facts_.now) && signer.refused.empty() &&
                   !policy_.signers.is_revoked(signer.key);
        });
    }

    // True if jobs of the profile can change metadata (chmod(2) and others) of files beyond its
    // rows. Landlock does not restrict that (landlock(7), LIMITATIONS); file permissions do for an
    // account without capabilities, and a view shows no other files.
    static bool reaches_metadata(const Profile& profile) {
        const bool everywhere =
            std::any_of(profile.paths.begin(), profile.paths.end(), [](const auto& rule) {
                return rule.path == "/" &&
                       (rule.access == Access::write || rule.access == Access::devices);
            });
        return !profile.namespaces.mount && !everywhere && !profile.host_files &&
               (profile.user == "root" || profile.capabilities != 0);
    }

    void check_approvals() {
        for (const auto& [name, group] : policy_.signer_groups) {
            if (group.principals.empty()) warn(at(group.source), name + " has no members");
            for (const auto& principal : group.principals) {
                if (!can_sign(principal)) {
                    warn(at(group.source), principal + " has no valid key in allowed_signers");
                }
            }
        }
        for (const auto& [name, profile] : policy_.profiles) {
            if (reaches_metadata(profile)) {
                warn("profiles/" + name + ".profile",
                     "it could change modes, owners and times of files that it may not write, "
                     "which Landlock does not hold; write: namespaces mount");
            }
            if (find(policy_.approvals, name) == nullptr) {
                warn("approval.policy", "nobody may sign for profile " + name +
                                            "; if that is meant, write: profile " + name +
                                            " pinned-only  # why");
            }
        }
    }

    void check_seccomp(const SeccompList& list) {
        for (const auto& rule : list.rules) {
            if (!facts_.is_system_call(rule.call)) {
                wrong(at(rule.source), "there is no system call \"" + rule.call + "\"");
            }
            const bool dangerous = std::find(std::begin(kDangerous), std::end(kDangerous),
                                             rule.call) != std::end(kDangerous);
            if (dangerous && passes(rule.action) &&
                words(rule.source.reason).size() < kWordsOfAReason) {
                warn(at(rule.source), rule.call + " is dangerous: say in words why it is allowed");
            }
        }
        if (!passes(list.fallback)) check_allow_list(list);
        // The broker's own list is not checked here: it must allow calls that make views and
        // namespaces, and denies what the broker does not need. The other narrows that list alone.
        const auto& ceiling = policy_.ceiling();
        if (&list == &ceiling || list.name == kCeilingForArtifacts || !passes(list.fallback))
            return;
        for (const auto call : kDangerous) {
            if (names(list, call) || names(ceiling, call)) continue;
            warn(at(list.source), "the default allows " + std::string(call) +
                                      ", which is dangerous; give it a line of its own");
        }
    }

    // Checks a list whose default refuses.
    void check_allow_list(const SeccompList& list) {
        for (const auto& rule : list.rules) {
            if (!passes(rule.action) || !rule.conditions.empty()) continue;
            for (const auto& [call, lets_through] : kByArguments) {
                if (rule.call != call) continue;
                warn(at(rule.source),
                     rule.call + " without a condition lets through " + std::string(lets_through));
            }
        }
        if (list.fallback.kind != SyscallAction::error || list.fallback.error == ENOSYS) return;
        warn(at(list.source),
             "calls younger than the list get this answer too, and libc takes an older one only "
             "after ENOSYS");
    }

    static bool passes(const Action& action) {
        return action.kind == SyscallAction::allow || action.kind == SyscallAction::log;
    }
    static bool names(const SeccompList& list, std::string_view call) {
        return std::any_of(list.rules.begin(), list.rules.end(),
                           [&](const SyscallRule& rule) { return rule.call == call; });
    }

    void check_read(const std::string& name, const ReadRow& row) {
        if (std::find(std::begin(kReadNames), std::end(kReadNames), name) == std::end(kReadNames)) {
            warn(at(row.source), "nobody asks for rows named " + name);
        }
        const auto last = std::string_view(row.target).substr(row.target.rfind('/') + 1);
        for (const auto secret : kSecrets) {
            if (!matches(last, secret) || (row.is_pattern && !row.private_too)) continue;
            warn(at(row.source), "hands out files such as " + std::string(secret) +
                                     "; the worker needs no secrets");
            return;
        }
    }

    void check_approved(const Approved& approved) {
        const auto where = "approved/" + approved.name + ".manifest";
        const auto& job = approved.manifest;
        if (find(policy_.interpreters, job.interpreter) == nullptr) {
            warn(where, "interpreters.policy does not list " + job.interpreter);
        }
        check_visible(where, approved.bytes, approved);
        check_visible("approved/" + approved.name + ".script", approved.script.value_or(""),
                      approved);
        if (job.not_after < facts_.now) warn(where, "expired at " + format_utc(job.not_after));
        const auto* profile = find(policy_.profiles, job.profile);
        if (profile == nullptr) return;
        if (job.timeout > profile->max_timeout) {
            warn(where, "timeout is over the " + std::to_string(profile->max_timeout.count()) +
                            " seconds of profile " + job.profile);
        }
        if (job.output_max > profile->max_output) {
            warn(where, "output-max is over the " + std::to_string(profile->max_output) +
                            " bytes of profile " + job.profile);
        }
    }

    void check_visible(const std::string& where, std::string_view text, const Approved& approved) {
        const auto odd = approval::find_odd_text(text);
        if (odd.count == 0 || !approved.manifest.odd_bytes.empty()) return;
        const auto found = in_words(odd.first[0]);
        if (approved.manifest.format == 1) return warn(where, found);
        warn(where, found + "; hosts refuse it as odd-bytes");
    }

    void check_pinned_twice() {
        for (const auto& [first, second] : pinned_twice(policy_, facts_.now)) {
            warn("approved/" + second->name + ".manifest",
                 "pins the script of approved/" + first->name +
                     ".manifest too, so a host runs neither when it comes bare. Remove one; or "
                     "write into approval.policy, if both are meant: same-script " +
                     first->name + " " + second->name +
                     "  # why. The weaker of their profiles then decides");
        }
        for (const auto& line : policy_.same_scripts) check_same_script(line);
    }

    void check_same_script(const SameScript& line) {
        const Approved* first = nullptr;
        for (const auto& name : line.jobs) {
            const auto* job = find(policy_.approved, name);
            if (job == nullptr) {
                warn(at(line.source), "there is no approved/" + name + ".manifest");
                continue;
            }
            if (first == nullptr) first = job;
            if (job->manifest.script_sha256 == first->manifest.script_sha256) continue;
            warn(at(line.source), first->name + " and " + name + " pin different scripts");
        }
    }

    const Policy& policy_;
    const Facts& facts_;
    std::vector<PolicyRemark> remarks_;
};

}  // namespace

std::vector<PolicyRemark> check(const Policy& policy, const Facts& facts) {
    return Checker(policy, facts).run();
}

}  // namespace bulkhead::policy
