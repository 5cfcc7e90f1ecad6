// The scanner "tls": certificates that expire soon, and those that cannot be read.
#include <algorithm>

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

// "The certificate of CN in PATH", or "Certificate 2 of 3 in PATH, of CN,".
std::string name_of(const std::string& path, const std::vector<Certificate>& all, std::size_t at) {
    const auto& subject = all[at].subject;
    if (all.size() == 1) {
        return "The certificate " + (subject.empty() ? "" : "of " + subject + " ") + "in " + path;
    }
    return "Certificate " + std::to_string(at + 1) + " of " + std::to_string(all.size()) + " in " +
           path + (subject.empty() ? "" : ", of " + subject + ",");
}

// `related` are the domains of the first certificate, which is the server's own.
Finding about(const std::string& path, const std::vector<Certificate>& all, std::size_t at) {
    Finding finding{.key = path,
                    .metadata = {{"subject", all[at].subject},
                                 {"certificate", static_cast<std::int64_t>(at) + 1},
                                 {"certificates", static_cast<std::int64_t>(all.size())}}};
    for (const auto& domain : all[0].domains) finding.related.push_back("domain:" + domain);
    return finding;
}

Finding expiring(const std::string& path, const std::vector<Certificate>& all, std::size_t at,
                 std::int64_t left) {
    auto finding = about(path, all, at);
    const auto end = format_utc(all[at].not_after);
    finding.type = "tls.expiring";
    finding.title = "TLS certificate " + in_days(left);
    finding.message = name_of(path, all, at) + " " + in_days(left) + ", on " + end + ".";
    if (at > 0) {
        finding.message +=
            " A chain is as good as its first end: have the file made anew, or take "
            "that certificate out if clients do not need it.";
    }
    finding.metadata.insert(finding.metadata.begin(), {{"daysLeft", left}, {"notAfter", end}});
    return finding;
}

Finding not_yet_valid(const std::string& path, const std::vector<Certificate>& all,
                      std::size_t at) {
    auto finding = about(path, all, at);
    const auto start = format_utc(all[at].not_before);
    finding.type = "tls.not_yet_valid";
    finding.severity = Severity::critical;
    finding.title = "TLS certificate is not valid yet";
    finding.message = name_of(path, all, at) + " is valid from " + start +
                      ": until then clients refuse it, unless this host's clock is wrong.";
    finding.metadata.insert(finding.metadata.begin(), {"notBefore", start});
    return finding;
}

void judge(const std::string& path, const std::vector<Certificate>& all, const ScanContext& context,
           std::vector<Finding>& findings) {
    const auto relied = relied_on(all);
    const auto end_of = [&all](std::size_t at) { return all[at].not_after; };
    const auto start_of = [&all](std::size_t at) { return all[at].not_before; };
    const auto last_start = *std::ranges::max_element(relied, {}, start_of);
    if (all[last_start].not_before > context.now) {
        findings.push_back(not_yet_valid(path, all, last_start));
    }
    const auto first_end = *std::ranges::min_element(relied, {}, end_of);
    const auto left = days_left(all[first_end], context.now);
    const auto& settings = context.settings;
    if (left >= settings.tls_critical_days && left >= settings.tls_warn_days) return;
    auto finding = expiring(path, all, first_end, left);
    finding.severity = left < settings.tls_critical_days ? Severity::critical : Severity::warn;
    findings.push_back(std::move(finding));
}

void judge(const HostFile& file, const ScanContext& context, std::vector<Finding>& findings) {
    if (file.reason != "ok") {
        auto finding = unreadable(file.path, std::string(explain_read(file.reason)));
        finding.metadata = {{"reason", file.reason}};
        findings.push_back(std::move(finding));
        return;
    }
    const auto parsed = parse_certificates(file.content);
    std::string problems;
    for (const auto& problem : parsed.problems) {
        problems += (problems.empty() ? "" : "; ") + problem;
    }
    if (!problems.empty()) findings.push_back(unreadable(file.path, problems));
    if (!parsed.certificates.empty()) judge(file.path, parsed.certificates, context, findings);
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
