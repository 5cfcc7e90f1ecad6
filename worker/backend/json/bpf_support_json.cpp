#include "worker/backend/json/bpf_support_json.hpp"

namespace bulkhead::worker {

namespace {

void put_map(JsonWriter& json, std::string_view member, const std::map<std::string, bool>& map) {
    json.begin_object(member);
    for (const auto& [name, present] : map) json.put(name, present);
    json.end();
}

}  // namespace

void put_bpf_support(JsonWriter& json, const BpfSupport& bpf_support, const SystemInfo& system) {
    json.put("kernel_version", system.kernel_release)
        .put("architecture", system.go_architecture)
        .put_known("btf_available", bpf_support.btf)
        .put("loads_programs", false);
    put_map(json, "bpf_features", bpf_support.features);
    put_map(json, "hooks_available", bpf_support.hooks);
    json.begin_object("resource_limits");
    for (const auto& [name, value] : bpf_support.limits) json.put(name, value);
    if (const auto total = system.memory_total_bytes) {
        json.put("memtotal", std::to_string(*total / 1024) + " kB");
    }
    json.put("cpu_count", system.cpu_count).end().put("timestamp", format_utc(bpf_support.read_at));
}

}  // namespace bulkhead::worker
