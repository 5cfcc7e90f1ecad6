// The scanner "tls": certificates that expire soon, and those that cannot be read.
#include "worker/host/scanners/certificate.hpp"
#include "worker/host/scanners/scanner.hpp"

namespace bulkhead::worker {

namespace {

using Days = std::chrono::days;

constexpr std::string_view kRows = "tls-certificates";  // rows of policy/reads.policy

std::string in_days(std::int64_t left) {
    const auto days = [](std::int64_t count) {
        return std::to_string(count) + (count == 1 ? " day" : " days");
    };
    if (left < 0) return "expired " + days(-left) + " ago";
    return left == 0 ? "expires today" : "expires in " + days(left);
}

// Whole days until notAfter, rounded down: negative from the first second after it.
std::int64_t days_left(const Certificate& certificate, UnixTime now) {
    return std::chrono::floor<Days>(certificate.not_after - now).count();
}

Finding unreadable(const std::string& path, const std::string& why) {
    return {.type = "tls.unreadable",
            .key = path,
            .severity = Severity::info,
            .title = "TLS certificate cannot be checked",
            .message = path + ": " + why,
            .metadata = {},
            .related = {}};
}

bool is_pattern(std::string_view path) { return path.find_first_of("*?") != path.npos; }

Finding not_handed_out(const std::string& path, std::string_view reason) {
    auto finding = unreadable(
        path, std::string(explain_read(reason)) + ". To have it watched, write into " +
                  "reads.policy.d/NAME.lines: " + (is_pattern(path) ? "glob " : "file ") +
                  std::string(kRows) + " " + path + " 64KiB  # why");
    finding.metadata = {{"reason", std::string(reason)}};
    return finding;
}

Finding expiring(const std::string& path, const Certificate& certificate, std::int64_t left,
                 Severity severity) {
    Finding finding{
        .type = "tls.expiring",
        .key = path,
        .severity = severity,
        .title = "TLS certificate " + in_days(left),
        .message = "The certificate " +
                   (certificate.subject.empty() ? "" : "of " + certificate.subject + " ") + "in " +
                   path + " " + in_days(left) + ", on " + format_utc(certificate.not_after) + ".",
        .metadata = {{"daysLeft", left},
                     {"notAfter", format_utc(certificate.not_after)},
                     {"subject", certificate.subject}},
        .related = {}};
    for (const auto& domain : certificate.domains) finding.related.push_back("domain:" + domain);
    return finding;
}

void judge(const HostFile& file, const ScanContext& context, std::vector<Finding>& findings) {
    if (file.reason != "ok") {
        auto finding = unreadable(file.path, std::string(explain_read(file.reason)));
        finding.metadata = {{"reason", file.reason}};
        findings.push_back(std::move(finding));
        return;
    }
    const auto certificate = parse_certificate(file.content);
    if (!certificate) {
        findings.push_back(unreadable(file.path, certificate.error().what));
        return;
    }
    const auto left = days_left(*certificate, context.now);
    const auto& settings = context.settings;
    if (left < settings.tls_critical_days) {
        findings.push_back(expiring(file.path, *certificate, left, Severity::critical));
    } else if (left < settings.tls_warn_days) {
        findings.push_back(expiring(file.path, *certificate, left, Severity::warn));
    }
}

}  // namespace

Result<std::vector<Finding>> scan_tls(const ScanContext& context) {
    std::vector<Finding> findings;
    const auto visit = [&](const HostFile& file) { judge(file, context, findings); };
    if (context.settings.tls_paths.empty()) {
        // If policy has no such rows, no certificate is to be watched: each() visits nothing.
        TRY(context.host.each(kRows, "", visit));
        return findings;
    }
    for (const auto& path : context.settings.tls_paths) {
        bool met = false;
        const auto rows = TRY(context.host.each(kRows, path, [&](const HostFile& file) {
            met = true;
            visit(file);
        }));
        if (!rows.ok()) {
            findings.push_back(not_handed_out(path, rows.reason));
        } else if (!met && !is_pattern(path)) {
            findings.push_back(unreadable(path, std::string(explain_read("read-absent"))));
        }
    }
    return findings;
}

}  // namespace bulkhead::worker
