// What differs between AegisFlux installations, and the environment variables of AegisFlux's own
// agents.
#pragma once
#include <chrono>
#include <span>
#include <string>

#include "worker/backend/dialect/option.hpp"

namespace bulkhead::worker {

struct AegisfluxOptions {
    std::string host_id;           // empty: the host id of policy
    std::string registration_url;  // empty: this host does not register
    std::string org_id;
    std::chrono::seconds presence_interval{};
    std::string original_state;  // data directory of the original agent; empty: none

    static std::span<const DialectOption> rows();
    static std::span<const DialectVariable> variables();
    static std::vector<OriginalFile> original_files(const DialectOptions& options);
    static AegisfluxOptions from(const DialectOptions& options);
};

}  // namespace bulkhead::worker
