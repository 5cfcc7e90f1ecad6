// The options of the original RavenXcope sensor agent; and since not all of its interface is
// published, also the paths and defaults that we had to guess.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "worker/backend/dialect/option.hpp"

namespace bulkhead::worker {

struct RavenxcopeOptions {
    std::string sensor_id;
    std::string agent_version;
    std::uint16_t sensor_port = 0;
    std::string sudo_user;
    std::string hostname;  // empty: what the kernel says
    std::string os_info;   // empty: what the distribution says
    std::string address_probe;
    std::vector<std::string> virtual_prefixes;
    std::string enroll_path;     // {id} stands for the sensor's id
    std::string heartbeat_path;  // here as well

    static std::span<const DialectOption> rows();
    static std::span<const DialectVariable> variables();
    // `options` were accepted by DialectOption::accepts().
    static RavenxcopeOptions from(const DialectOptions& options);
};

}  // namespace bulkhead::worker
