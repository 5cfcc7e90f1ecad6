#include "worker/backend/json/capabilities_json.hpp"

namespace bulkhead::worker {

namespace {

void put_map(JsonWriter& json, std::string_view member, const std::map<std::string, bool>& map) {
    json.begin_object(member);
    for (const auto& [name, present] : map) json.put(name, present);
    json.end();
}

}  // namespace

void put_capabilities(JsonWriter& json, const Capabilities& capabilities,
                      const SystemInfo& system) {
    json.put("kernel_version", system.kernel_release)
        .put("architecture", system.go_architecture)
        .put_known("btf_available", capabilities.btf)
        .put("loads_programs", false);
    put_map(json, "bpf_features", capabilities.features);
    put_map(json, "hooks_available", capabilities.hooks);
    json.begin_object("resource_limits");
    for (const auto& [name, value] : capabilities.limits) json.put(name, value);
    json.put("memtotal", std::to_string(system.memory_total_bytes / 1024) + " kB")
        .put("cpu_count", system.cpu_count)
        .end()
        .put("timestamp", format_utc(capabilities.read_at));
}

}  // namespace bulkhead::worker
