// What this host's kernel offers to programs that would run in it, as JSON.
#pragma once
#include "worker/backend/json/json.hpp"
#include "worker/host/system/bpf_support.hpp"
#include "worker/host/system/system_info.hpp"

namespace bulkhead::worker {

// The members of an object that is open; what an unprivileged process cannot know is absent.
void put_bpf_support(JsonWriter& json, const BpfSupport& bpf_support, const SystemInfo& system);

}  // namespace bulkhead::worker
