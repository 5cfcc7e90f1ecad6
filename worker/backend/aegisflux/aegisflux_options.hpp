// What an AegisFlux installation leaves open, and what its first agents took from their
// environment.
#pragma once
#include <span>
#include <string>

#include "worker/backend/dialect/option.hpp"

namespace bulkhead::worker {

struct AegisfluxOptions {
    std::string host_id;           // empty: the host id of policy
    std::string registration_url;  // empty: no registration; a registry wants none
    std::string org_id;

    static std::span<const DialectOption> rows();
    static std::span<const DialectVariable> variables();
    static AegisfluxOptions from(const DialectOptions& options);
};

}  // namespace bulkhead::worker
