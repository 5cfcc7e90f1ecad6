// What this host's kernel offers to programs that would run in it, as JSON.
#pragma once
#include "worker/backend/json/json.hpp"
#include "worker/host/system/capabilities.hpp"
#include "worker/host/system/system_info.hpp"

namespace bulkhead::worker {

// The members of an object that is open; what an unprivileged process cannot know is absent.
void put_capabilities(JsonWriter& json, const Capabilities& capabilities, const SystemInfo& system);

}  // namespace bulkhead::worker
