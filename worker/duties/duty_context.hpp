// What each duty needs to talk to its backend. What else a duty uses it takes by name.
#pragma once
#include <functional>

#include "common/base/parse.hpp"
#include "common/sys/log.hpp"
#include "common/sys/loop.hpp"
#include "worker/backend/dialect/messages.hpp"
#include "worker/config/config.hpp"
#include "worker/duties/backoff.hpp"
#include "worker/duties/run_mode.hpp"

namespace bulkhead::worker {

// Made by the session, once for all duties; it and what it refers to outlive them.
struct DutyContext {
    sys::Loop& loop;
    HttpClient& client;
    const BackendConfig& config;
    const Identity& identity;  // empty until the host is enrolled; its credential may be replaced
    const sys::Log& log;
    RunMode mode;
    Random random;
    std::function<UnixTime()> now;  // the wall clock, in seconds
    // Ends the worker: the broker is gone, the spool cannot be written.
    std::function<void(const Error&)> fatal;

    bool serves() const { return mode == RunMode::serve; }
};

using CollectInventory = std::function<Inventory(const DumpLimits&)>;

}  // namespace bulkhead::worker
