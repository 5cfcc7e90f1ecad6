// What an operator may say about a Grapheon backend, under our names and those of its own agent.
#pragma once
#include <chrono>
#include <span>
#include <string>

#include "worker/backend/option.hpp"

namespace bulkhead::worker {

// The backend refuses a whole report for one socket that listens on 0.0.0.0 or ::.
enum class WildcardListeners {
    rewrite,  // as if it listened on the address this host speaks from
    drop,
    raw,  // sent as it is, for a backend that takes it
};

struct GrapheonOptions {
    std::string display_name;  // empty: not sent
    std::string site_name;     // empty: not sent
    std::string hostname;      // empty: the host's
    std::string api_key_header;
    std::chrono::seconds timer_interval{};
    WildcardListeners wildcard_listeners = WildcardListeners::rewrite;

    static std::span<const DialectOption> rows();
    static std::span<const DialectVariable> variables();
    static GrapheonOptions from(const DialectOptions& options);
};

}  // namespace bulkhead::worker
