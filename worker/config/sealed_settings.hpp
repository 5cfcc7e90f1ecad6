// One backend's settings on their way from the config reader to that backend's worker: JSON in a
// sealed memfd, which the broker hands on unread.
#pragma once
#include "common/sys/fd.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::worker {

// The agent's settings and this backend's, secrets of the configuration included. At most 64 KiB.
Result<sys::Fd> seal_settings(const Config& config, const BackendConfig& backend);
// A configuration with one backend. Every member must be there, of its type, and no others.
Result<Config> read_settings(const sys::Fd& sealed);

}  // namespace bulkhead::worker
