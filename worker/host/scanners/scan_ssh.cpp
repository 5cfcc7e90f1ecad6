// The scanner "ssh": settings of sshd that admit passwords, or root.
#include "worker/host/scanners/scanner.hpp"
#include "worker/host/scanners/sshd_config.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kRows = "sshd-config";  // rows of policy/reads.policy

std::string origin(const SshdValues& values, std::string_view keyword) {
    const auto found = values.find(keyword);
    if (found == values.end()) return std::string(keyword) + " is not set";
    return std::string(keyword) + " " + found->second.text + " at " + found->second.where;
}

// What a finding is about.
struct Place {
    std::string path;      // of the server's configuration
    std::string criteria;  // of the Match block in it; empty: every connection
};

Finding make(std::string type, const Place& place, Severity severity, std::string title,
             std::string message) {
    const auto& criteria = place.criteria;
    Finding finding{.type = std::move(type),
                    .key = place.path,
                    .severity = severity,
                    .title = std::move(title),
                    .message = std::move(message),
                    .metadata = {},
                    .related = {}};
    if (!criteria.empty()) {
        finding.key += " match " + criteria;
        finding.title += " for some connections";
        finding.message = "For connections that match \"" + criteria + "\": " + finding.message;
        finding.metadata = {{"match", criteria}};
    }
    return finding;
}

Finding password_login(const SshdValues& values, const Place& place) {
    return make("ssh.password_login", place, Severity::warn, "ssh takes passwords",
                "sshd lets users log in with a password (" +
                    origin(values, "passwordauthentication") + ", " +
                    origin(values, "kbdinteractiveauthentication") +
                    "). Passwords can be guessed; set PasswordAuthentication and "
                    "KbdInteractiveAuthentication to no and use keys.");
}

Finding root_login(const SshdValues& values, const Place& place) {
    const bool by_password = takes_passwords(values);
    return make("ssh.root_login", place, by_password ? Severity::critical : Severity::warn,
                by_password ? "ssh lets root log in with a password" : "ssh lets root log in",
                "sshd lets root log in (" + origin(values, "permitrootlogin") +
                    "); set PermitRootLogin to no, or to prohibit-password if keys must do.");
}

Finding unreadable(const HostFile& file) {
    const bool pattern = file.path.find_first_of("*?") != file.path.npos;
    auto message = file.path + ": " + std::string(explain_read(file.reason)) +
                   ", so what sshd really does may differ from what is reported.";
    if (file.reason == "read-not-listed") {
        message +=
            " Write into reads.policy.d/NAME.lines: " + std::string(pattern ? "glob " : "file ") +
            std::string(kRows) + " " + file.path + " 64KiB  # why";
    }
    return {.type = "ssh.unreadable",
            .key = file.path,
            .severity = Severity::info,
            .title = "sshd's configuration cannot be read in full",
            .message = std::move(message),
            .metadata = {{"reason", file.reason}},
            .related = {}};
}

}  // namespace

Result<std::vector<Finding>> scan_ssh(const ScanContext& context) {
    const auto config = TRY(read_sshd_config(context.host, kRows));
    std::vector<Finding> findings;
    for (const auto& file : config.unreadable) findings.push_back(unreadable(file));
    if (config.path.empty() || !config.readable) return findings;
    const bool passwords = takes_passwords(config.global);
    const bool root = lets_root_in(config.global);
    if (passwords) findings.push_back(password_login(config.global, {config.path, ""}));
    if (root) findings.push_back(root_login(config.global, {config.path, ""}));
    for (const auto& match : config.matches) {
        const auto values = overlaid(config.global, match.values);
        if (!passwords && takes_passwords(values)) {
            findings.push_back(password_login(values, {config.path, match.criteria}));
        }
        if (!root && lets_root_in(values))
            findings.push_back(root_login(values, {config.path, match.criteria}));
    }
    return findings;
}

}  // namespace bulkhead::worker
