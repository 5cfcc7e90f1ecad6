// Scanner: examines one subject of the host and returns findings. Each scanner is one file and one
// row in registry.cpp; docs/findings.md lists its findings for operators.
#pragma once
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/parse.hpp"
#include "worker/host/readings/file_systems.hpp"
#include "worker/host/readings/host_files.hpp"
#include "worker/host/scanners/finding.hpp"
#include "worker/host/scanners/settings.hpp"

namespace bulkhead::worker {

struct ScanContext {
    HostFiles& host;  // the files that the broker opens for the worker
    const FindingsConfig& settings;
    UnixTime now{};
    // Asks the broker for the host's file systems. Error: the broker is gone.
    std::function<Result<FileSystems>()> file_systems;
    const sys::Fd& disk;  // any file of the host's root file system
};

struct Scanner {
    std::string_view name;
    // A scanner reports what it cannot read as a finding. Error: the broker is gone.
    Result<std::vector<Finding>> (*scan)(const ScanContext& context);
};

std::span<const Scanner> scanners();

Result<std::vector<Finding>> scan_tls(const ScanContext& context);
Result<std::vector<Finding>> scan_disk(const ScanContext& context);
Result<std::vector<Finding>> scan_ssh(const ScanContext& context);

// Runs all scanners. The result has each pair of type and key once, the most severe first, and at
// most 200 findings; if there were more, the last one (findings.cut) says how many are left out.
// Texts are clipped: key and message to 1,024 bytes, title to 200. Error: the broker is gone.
Result<std::vector<Finding>> scan_all(const ScanContext& context);

}  // namespace bulkhead::worker
