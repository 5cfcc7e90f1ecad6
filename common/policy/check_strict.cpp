#include "common/policy/check_strict.hpp"

#include <algorithm>
#include <map>

#include "common/policy/expiring.hpp"
#include "common/policy/pinned_twice.hpp"

namespace bulkhead::policy {

namespace {

using namespace std::chrono_literals;

// Directories of which a worker needs single files at most.
constexpr std::string_view kWide[] = {"/",     "/boot", "/etc", "/home", "/opt", "/proc",
                                      "/root", "/run",  "/srv", "/sys",  "/var"};

struct Port {
    std::uint16_t number;
    std::string_view service;
};
// Services by which whoever gets there runs commands or reads files of others.
constexpr Port kPorts[] = {{21, "ftp"},      {22, "ssh"},          {23, "telnet"},
                           {25, "mail"},     {111, "rpcbind"},     {139, "SMB"},
                           {445, "SMB"},     {873, "rsync"},       {2049, "NFS"},
                           {2375, "docker"}, {2376, "docker"},     {3306, "MySQL"},
                           {3389, "RDP"},    {5432, "PostgreSQL"}, {5985, "WinRM"},
                           {6379, "Redis"},  {6443, "Kubernetes"}, {10250, "kubelet"}};

// Shells whose scripts new-job and seal check, by the last part of their path.
constexpr std::string_view kShells[] = {"bash", "dash", "sh"};
// Programs that run what their arguments or an environment name.
constexpr std::string_view kRunners[] = {
    "awk",         "busybox", "chroot",  "docker",  "env",    "find", "gawk",
    "ionice",      "make",    "mawk",    "nice",    "nohup",  "npx",  "nsenter",
    "podman",      "setpriv", "setsid",  "ssh",     "stdbuf", "su",   "sudo",
    "systemd-run", "taskset", "timeout", "unshare", "uvx",    "xargs"};

class Checker {
  public:
    Checker(const Policy& policy, const Facts& facts) : policy_(policy), facts_(facts) {}

    std::vector<PolicyRemark> run() {
        for (const auto& [name, profile] : policy_.profiles) check_profile(profile);
        for (const auto& [path, source] : policy_.interpreters) check_interpreter(path, source);
        if (const auto* worker = find(policy_.parts, "worker")) check_worker(*worker);
        for (const auto& [name, rows] : policy_.reads) {
            for (const auto& row : rows) check_read(row);
        }
        check_keys();
        check_job_ids();
        check_expiring();
        return std::move(remarks_);
    }

  private:
    void warn(std::string where, std::string text) {
        remarks_.push_back({false, std::move(where), std::move(text)});
    }
    // Of a file that the version ships there is nothing to decide.
    void warn_of(const Source& source, std::string text) {
        if (!facts_.is_shipped || facts_.is_shipped(source.file)) return;
        warn(source.at(), std::move(text));
    }

    static unsigned people(const ApprovalRule& rule) {
        unsigned all = 0;
        for (const auto& need : rule.needs) all += need.people;
        return all;
    }

    bool is_pinned(const std::string& profile) const {
        return std::ranges::any_of(policy_.approved, [&](const auto& entry) {
            return entry.second.manifest.profile == profile;
        });
    }

    // Only of profiles of which jobs may run.
    void check_profile(const Profile& profile) {
        const auto* rule = find(policy_.approvals, profile.name);
        const bool is_signable = rule != nullptr && !rule->needs.empty();
        if (!is_signable && !is_pinned(profile.name)) return;
        const auto where = "profiles/" + profile.name + ".profile";
        const bool is_root = profile.user == "root" || profile.host_files;
        if (is_root) {
            warn(where, std::string(profile.user == "root" ? "user root" : "files host") +
                            ": nothing but its approvals holds its jobs, which can change this "
                            "policy too");
        }
        if (is_root && is_signable) check_root_rule(profile.name, *rule);
        if (profile.groups.empty() && profile.network == Network::none) return;
        std::string doors;
        for (const auto& group : profile.groups) doors += " " + group;
        warn(where,
             (doors.empty() ? std::string() : "groups" + doors + " ") +
                 std::string(!doors.empty() && profile.network == Network::host ? "and " : "") +
                 (profile.network == Network::host ? "network host " : "") +
                 "let its jobs ask daemons of this host: what those answer is theirs to "
                 "decide");
    }

    void check_root_rule(const std::string& name, const ApprovalRule& rule) {
        const auto where = rule.source.at();
        if (people(rule) < 2) {
            warn(where, "profile " + name +
                            " has no bounds but its approvals, and one person's is enough; need 2");
        }
        for (const auto& [other, theirs] : policy_.approvals) {
            const auto* profile = find(policy_.profiles, other);
            const bool bounded =
                profile != nullptr && profile->user != "root" && !profile->host_files;
            if (!bounded || people(theirs) < people(rule) || people(rule) < 2) continue;
            warn(where, "profile " + name +
                            " has no bounds but its approvals, and asks for no "
                            "more people than profile " +
                            other);
            break;
        }
        if (rule.max_validity > 24h) {
            warn(where, "profile " + name +
                            " has no bounds but its approvals: let one last a day (valid-for 24h), "
                            "so that none lies about");
        }
    }

    static std::string_view last_part(std::string_view path) {
        return path.substr(path.rfind('/') + 1);
    }

    void check_interpreter(const std::string& path, const Source& source) {
        const auto name = last_part(path);
        if (std::ranges::count(kShells, name) > 0) return;
        if (std::ranges::count(kRunners, name) > 0) {
            return warn_of(source,
                           path +
                               " runs whatever its arguments name, so that the digest of a "
                               "script says nothing of what runs; list the interpreter itself");
        }
        warn_of(source, path +
                            " is no shell: new-job and seal check nothing of its scripts, and what "
                            "it loads (modules, packages) is in no digest");
    }

    void check_worker(const Profile& worker) {
        for (const auto& row : worker.paths) {
            if (row.access != Access::read && row.access != Access::execute) {
                warn_of(row.source, "the worker, which meets the network, could write to " +
                                        row.path + "; it has a directory of its own for its state");
            }
            if (std::ranges::count(kWide, row.path) == 0) continue;
            warn_of(row.source, "a worker that was taken over could read all of " + row.path +
                                    " that everybody may read; name the files that it needs");
        }
        for (const auto& row : worker.connects) {
            const auto* port = std::ranges::find(kPorts, row.port, &Port::number);
            if (port == std::end(kPorts)) continue;
            warn_of(row.source, "port " + std::to_string(row.port) + " is " +
                                    std::string(port->service) +
                                    "'s, which no backend needs: a worker that was taken over "
                                    "could go on from here");
        }
    }

    void check_read(const ReadRow& row) {
        if (!row.is_pattern || !row.private_too) return;
        warn_of(row.source, row.target +
                                " with private-too hands out whatever matches, now and "
                                "later; name the files, a \"file\" row each");
    }

    void check_keys() {
        for (const auto& signer : policy_.signers.signers) {
            if (!policy_.signers.is_revoked(signer.key)) continue;
            warn("allowed_signers:" + std::to_string(signer.line),
                 signer.principals.front() +
                     "'s key is in revoked_signers, so no signature by it counts; take this line "
                     "out and leave the other");
        }
    }

    void check_job_ids() {
        std::map<std::string, const Approved*> seen;
        for (const auto& [name, job] : policy_.approved) {
            const auto [first, is_new] = seen.emplace(job.manifest.job_id.value, &job);
            if (is_new || are_apart(first->second->manifest, job.manifest, facts_.now)) continue;
            warn("approved/" + name + ".manifest",
                 "has the job id of approved/" + first->second->name +
                     ".manifest: a one-shot job of it runs once for both, and revoking the one "
                     "revokes the other; give it an id of its own");
        }
    }

    // check_formats() tells of v1.
    void check_expiring() {
        for (const auto& one : expiring(policy_, facts_.now)) {
            if (one.name == "accept-v1") continue;
            const auto days = std::chrono::floor<std::chrono::days>(one.at - facts_.now).count();
            warn(one.where, one.what + " " + one.name + " ends " +
                                (days == 0 ? "today" : "in " + std::to_string(days) + " days") +
                                ", at " + format_utc(one.at));
        }
    }

    const Policy& policy_;
    const Facts& facts_;
    std::vector<PolicyRemark> remarks_;
};

}  // namespace

std::vector<PolicyRemark> check_strict(const Policy& policy, const Facts& facts) {
    return Checker(policy, facts).run();
}

}  // namespace bulkhead::policy
