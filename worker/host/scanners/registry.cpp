#include <algorithm>
#include <array>
#include <set>

#include "common/base/text.hpp"
#include "worker/host/scanners/scanner.hpp"

namespace bulkhead::worker {

namespace {

// clip() bounds each finding, so that a report of this many stays below 1 MiB.
constexpr std::size_t kMostFindings = 200;

void clip(Finding& finding) {
    finding.key = BoundaryText<1'024>::clipped(finding.key).str();
    finding.title = BoundaryText<200>::clipped(finding.title).str();
    finding.message = BoundaryText<1'024>::clipped(finding.message).str();
    if (finding.related.size() > 8) finding.related.resize(8);
}

}  // namespace

std::span<const Scanner> scanners() {
    static constexpr std::array<Scanner, 3> kScanners{{
        {"tls", &scan_tls},
        {"disk", &scan_disk},
        {"ssh", &scan_ssh},
    }};
    return kScanners;
}

Result<std::vector<Finding>> scan_all(const ScanContext& context) {
    std::vector<Finding> all;
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& scanner : scanners()) {
        for (auto& finding : TRY(within(scanner.name, scanner.scan(context)))) {
            clip(finding);
            if (seen.emplace(finding.type, finding.key).second) all.push_back(std::move(finding));
        }
    }
    std::ranges::stable_sort(all, std::greater(), &Finding::severity);
    if (all.size() > kMostFindings) {
        const auto left_out = all.size() - (kMostFindings - 1);
        all.resize(kMostFindings - 1);
        all.push_back({.type = "findings.cut",
                       .key = "findings",
                       .severity = Severity::warn,
                       .title = std::to_string(left_out) + " further findings are left out",
                       .message = "A report holds " + std::to_string(kMostFindings) +
                                  " findings; the least severe are missing from this one.",
                       .metadata = {{"leftOut", static_cast<std::int64_t>(left_out)}},
                       .related = {}});
    }
    return all;
}

}  // namespace bulkhead::worker
