#include "worker/backend/json/bpf_support_json.hpp"

#include <algorithm>

namespace bulkhead::worker {

namespace {

void put_map(JsonWriter& json, std::string_view member, const std::map<std::string, bool>& map) {
    json.begin_object(member);
    for (const auto& [name, present] : map) json.put(name, present);
    json.end();
}

bool works(const BpfSupport& support, std::string_view beginning) {
    if (!support.trials) return false;
    return std::ranges::any_of(*support.trials, [beginning](const auto& trial) {
        return trial.first.starts_with(beginning) && trial.second.works;
    });
}

// What the kernel has by its files, or what could be attached where that was tried: a kernel may
// load a program of a kind and attach none.
std::map<std::string, bool> features_of(const BpfSupport& support) {
    if (!support.trials) return support.features;
    std::map<std::string, bool> features{{"tc", works(support, "tc-")},
                                         {"cgroup", works(support, "cgroup-")}};
    for (const auto& [name, trial] : *support.trials) features.emplace(name, trial.works);
    return features;
}

// Names of the members that AegisFlux's registering agent sends, and of those that it has a
// function for (agent.capability).
void put_short_form(JsonWriter& json, const BpfSupport& support) {
    const bool any = works(support, "xdp") || works(support, "tc-") || works(support, "cgroup-") ||
                     works(support, "lsm") || works(support, "fentry") || works(support, "fexit") ||
                     works(support, "kprobe");
    json.put("ebpf", any)
        .put("bpf", any)
        .put("tc", works(support, "tc-"))
        .put("cgroup", works(support, "cgroup-"))
        .put("cgroup_connect", works(support, "cgroup-connect"))
        .put("lsm_bpf", works(support, "lsm"))
        .put("loads_programs", any);
}

void put_failures(JsonWriter& json, const BpfSupport& support) {
    if (!support.trials) return;
    json.begin_object("unattachable");
    for (const auto& [name, trial] : *support.trials) {
        if (!trial.works) json.put(name, trial.why);
    }
    json.end();
}

}  // namespace

void put_bpf_support(JsonWriter& json, const BpfSupport& bpf_support, const SystemInfo& system) {
    json.put("kernel_version", system.kernel_release)
        .put("architecture", system.go_architecture)
        .put_known("btf_available", bpf_support.btf);
    put_short_form(json, bpf_support);
    put_map(json, "bpf_features", features_of(bpf_support));
    put_failures(json, bpf_support);
    put_map(json, "hooks_available", bpf_support.hooks);
    json.begin_object("resource_limits");
    for (const auto& [name, value] : bpf_support.limits) json.put(name, value);
    if (const auto total = system.memory_total_bytes) {
        json.put("memtotal", std::to_string(*total / 1024) + " kB");
    }
    json.put("cpu_count", system.cpu_count).end().put("timestamp", format_utc(bpf_support.read_at));
}

}  // namespace bulkhead::worker
