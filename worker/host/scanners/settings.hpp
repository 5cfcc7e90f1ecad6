// FindingsConfig: what agent.yaml says about findings.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "worker/host/metrics/name_filter.hpp"

namespace bulkhead::worker {

struct FindingsConfig {
    std::chrono::seconds interval{};     // between two scans
    std::vector<std::string> tls_paths;  // paths and patterns; empty: all that policy names
    std::uint32_t tls_warn_days = 30;
    std::uint32_t tls_critical_days = 7;
    std::uint32_t disk_warn_percent = 90;
    std::uint32_t disk_critical_percent = 95;
    NameFilter mounts;  // the section "mounts": mount points whose file systems are judged
};

}  // namespace bulkhead::worker
