// A scanner looks at one side of the host and says what it finds. Each is one file and one row in
// registry.cpp; docs/findings.md tells operators what it may say.
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
    HostFiles& host;  // what the worker may not open itself
    const FindingsConfig& settings;
    UnixTime now{};
    // The host's, none of which is in the worker's view; an error: the broker is gone.
    std::function<Result<FileSystems>()> file_systems;
    const sys::Fd& disk;  // a file of the host's root file system
};

struct Scanner {
    std::string_view name;
    // An error means that the broker is gone. What a scanner cannot read is a finding.
    Result<std::vector<Finding>> (*scan)(const ScanContext& context);
};

std::span<const Scanner> scanners();

Result<std::vector<Finding>> scan_tls(const ScanContext& context);
Result<std::vector<Finding>> scan_disk(const ScanContext& context);
Result<std::vector<Finding>> scan_ssh(const ScanContext& context);

// All of them: each type and key once, the worst first, no more than a report can carry.
Result<std::vector<Finding>> scan_all(const ScanContext& context);

}  // namespace bulkhead::worker
