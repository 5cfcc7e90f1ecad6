// What root knows of the agent, for `bulkhead status`: what stands in RUN_DIR/broker.json.
#pragma once
#include <span>
#include <string>

#include "broker/context/context.hpp"

namespace bulkhead::broker {

// What root has seen of the worker of one backend.
struct WorkerFacts {
    std::string backend{};
    pid_t pid = 0;               // 0: it does not run
    bool confined = false;       // its walls were read back, and it is served
    UnixTime since{};            // of `confined`
    unsigned restarts = 0;       // since the broker's start, of ends that nobody asked for
    unsigned violations = 0;     // of the protocol, since the broker's start
    unsigned restarts_lately{};  // within the last hour
    unsigned violations_lately{};
};

// How often root writes it at least.
inline constexpr std::chrono::seconds kStatusTick{30};

// The troubles that nobody has to wait for until something else is asked: of records, intake,
// profiles, approvals that end soon, and workers. Call it at each tick.
void watch_host(Context& broker, std::span<const WorkerFacts> workers);

// One JSON object. `clocks` is now, `started` when the broker was. Every text is bounded. "up" is
// CLOCK_BOOTTIME in seconds: a reader tells the age by it, as it cannot be set.
std::string root_status(const Context& broker, std::span<const WorkerFacts> workers,
                        const sys::TwoClocks& clocks, UnixTime started);

}  // namespace bulkhead::broker
