// BpfSupport as JSON, in the form of AegisFlux's capability record.
#pragma once
#include "worker/backend/json/json.hpp"
#include "worker/host/system/bpf_support.hpp"
#include "worker/host/system/system_info.hpp"

namespace bulkhead::worker {

// Writes members into the object that is open in `json`; unknown values are left out. "ebpf", "bpf",
// "tc", "cgroup" and their like are true only where a trial attached such a program: without one,
// this agent loads none.
void put_bpf_support(JsonWriter& json, const BpfSupport& bpf_support, const SystemInfo& system);

}  // namespace bulkhead::worker
