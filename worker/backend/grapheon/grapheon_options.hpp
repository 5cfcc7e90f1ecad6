// The options of a Grapheon backend, and the variables and flags of Grapheon's own agent.
#pragma once
#include <chrono>
#include <span>
#include <string>

#include "worker/backend/dialect/option.hpp"
#include "worker/backend/json/inventory_json.hpp"

namespace bulkhead::worker {

struct GrapheonOptions {
    std::string display_name;  // empty: not sent
    std::string site_name;     // empty: not sent
    std::string hostname;      // empty: the host's
    std::string api_key_header;
    std::string agent_version;   // empty: "bulkhead" and the version of this agent
    std::string original_state;  // state directory of the original agent; empty: none
    std::chrono::seconds timer_interval{};
    // The backend refuses a whole report because of one socket that listens on all addresses.
    WildcardListeners wildcard_listeners = WildcardListeners::rewrite;

    static std::span<const DialectOption> rows();
    static std::span<const DialectVariable> variables();
    static std::vector<OriginalFile> original_files(const DialectOptions& options);
    static GrapheonOptions from(const DialectOptions& options);
};

}  // namespace bulkhead::worker
