// The config reader: this program in a process of its own, with neither network nor files, which
// ends before any worker connects to a backend. It parses agent.yaml, which may hold the secrets of
// all backends, and gives the broker the part of each.
#pragma once
#include "worker/broker/client.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::worker {

// Confines this process, reads agent.yaml (at most 1 MiB) from the descriptor in the broker's
// ReadConfig, and answers with Configured. `sources` has everything but the content of that file.
// The error names all that is wrong with the settings, a line each.
Result<> hand_out_settings(BrokerClient& broker, ConfigSources sources, sys::Log& log);

}  // namespace bulkhead::worker
