// One backend's settings on their way from the config reader to that backend's worker: JSON in a
// sealed memfd, which the broker hands on unread.
#pragma once
#include "common/sys/fd.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::worker {

// What the worker needs, secrets that stand in the configuration included, and no other backend's.
Result<sys::Fd> seal_settings(const Config& config, const BackendConfig& backend);
// A configuration of one backend. Every member is there once, of its type and no other.
Result<Config> read_settings(const sys::Fd& sealed);

}  // namespace bulkhead::worker
