// The config reader: this program for a moment, without a network and without a view, before any
// backend is heard. It reads agent.yaml, which may hold every backend's secrets, and hands the
// broker each backend's part.
#pragma once
#include "worker/broker/client.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::worker {

// `sources` without the file, which comes from the broker. What is wrong with the settings is an
// error with all of it.
Result<> hand_out_settings(BrokerClient& broker, ConfigSources sources, sys::Log& log);

// A port that policy does not list would fail later, and without a hint. `proxied`: the environment
// names a proxy for https.
Result<> check_ports(const Config& config, const std::vector<std::uint16_t>& allowed, bool proxied);

}  // namespace bulkhead::worker
