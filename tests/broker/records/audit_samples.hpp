// Audit logs to look at.
#pragma once
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "broker/records/audit.hpp"
#include "common/audit/verify.hpp"
#include "common/base/strong.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::records {

inline UnixTime fixed_clock() { return parse_utc("2026-11-22T12:00:00Z").value(); }
inline const Audit::Options kFixed{.clock = fixed_clock};
// Into a log of its own, and one before it is kept.
inline const Audit::Options kEachLineRotates{.rotate_at = 1, .keep = 1, .clock = fixed_clock};

inline Audit opened(const sys::Dir& dir, Audit::Options options = kFixed) {
    auto audit = Audit::open(dir, options);
    EXPECT_OK(audit);
    return *std::move(audit);
}

inline std::vector<std::string> lines_of(const sys::Dir& dir, std::string_view name = "audit.log") {
    std::istringstream in(dir.read_file(name, 256_MiB).value_or(""));
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

inline std::string event_of(const std::string& line) {
    return nlohmann::json::parse(line).at("event").get<std::string>();
}

inline std::vector<std::string> events_of(const sys::Dir& dir,
                                          std::string_view name = "audit.log") {
    std::vector<std::string> events;
    for (const auto& line : lines_of(dir, name)) events.push_back(event_of(line));
    return events;
}

inline AuditSummary verified(const sys::Dir& dir, std::optional<Head> expected = {}) {
    const auto files = open_audit_set(dir).value();
    return verify_audit(files, expected).value();
}

// A log that is no file on a disk: thousands are looked at.
inline AuditSummary verified(std::string_view text, std::optional<Head> expected = {}) {
    std::vector<sys::Fd> files;
    files.push_back(sys::sealed_memfd("audit", as_bytes(text)).value());
    return verify_audit(files, expected).value();
}

// "good", or where and why not.
template <class Log>
std::string verdict(const Log& log, std::optional<Head> expected = {}) {
    const auto fault = verified(log, expected).fault;
    if (!fault) return "good";
    return "line " + std::to_string(fault->line) + ": " + fault->why;
}

}  // namespace bulkhead::records
