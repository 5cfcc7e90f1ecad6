// Artifacts, as the dialects bulkhead and aegisflux hand them out.
#pragma once

#include <string>

#include "tests/backend/message.hpp"
#include "tests/backend/state.hpp"

namespace bulkhead::reference {

/// The list of an answer to a heartbeat.
nlohmann::json assigned_artifacts(const State& state);
Answer bundle_of(const State& state, const std::string& id);
Answer approval_of(const State& state, const std::string& id);
/// Keeps what a host says has come of an artifact.
Answer take_state(State& state, const std::string& id, const nlohmann::json& body);

}  // namespace bulkhead::reference
