// What differs between AegisFlux installations, and the environment variables of AegisFlux's own
// agents.
#pragma once
#include <chrono>
#include <functional>
#include <span>
#include <string>

#include "worker/backend/dialect/option.hpp"

namespace bulkhead::worker {

struct AegisfluxOptions {
    std::string host_id;           // empty: the host id of policy
    std::string registration_url;  // empty: this host does not register
    std::string org_id;
    std::chrono::seconds presence_interval{};
    std::string artifact_url;    // another server that bundles may come from; empty: none
    std::string verify_keys;     // content of verify_key_file
    std::string original_state;  // data directory of the original agent; empty: none

    static std::span<const DialectOption> rows();
    static std::span<const DialectVariable> variables();
    static std::vector<OriginalFile> original_files(const DialectOptions& options);
    // Reads verify_key_file (DialectRow::load).
    static Result<std::string> load(
        DialectOptions& options,
        const std::function<Result<std::string>(std::string_view option, bool secret)>& read,
        Secret& credential);
    static AegisfluxOptions from(const DialectOptions& options);
};

}  // namespace bulkhead::worker
