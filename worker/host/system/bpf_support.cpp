#include "worker/host/system/bpf_support.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/base/strong.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::worker {

namespace {

struct Sign {
    std::string_view name;
    std::string_view path;
};

// A path that exists if the kernel has the mechanism. kernel/events/core.c registers the event
// sources "kprobe" (Linux 4.17) and "tracepoint"; a kretprobe is a kprobe with a flag set.
constexpr std::array<Sign, 5> kFeatures{{{"kprobe", "sys/bus/event_source/devices/kprobe"},
                                         {"kretprobe", "sys/bus/event_source/devices/kprobe"},
                                         {"tracepoint", "sys/bus/event_source/devices/tracepoint"},
                                         {"perf_event", "proc/sys/kernel/perf_event_paranoid"},
                                         {"cgroup", "sys/fs/cgroup/cgroup.controllers"}}};

// tracefs(5) is readable by root only, unless the operator has changed its mode: then these are
// unknown.
constexpr std::array<Sign, 5> kHooks{{{"syscalls", "sys/kernel/tracing/events/syscalls"},
                                      {"network", "sys/kernel/tracing/events/net"},
                                      {"filesystem", "sys/kernel/tracing/events/filemap"},
                                      {"scheduler", "sys/kernel/tracing/events/sched"},
                                      {"memory", "sys/kernel/tracing/events/kmem"}}};

constexpr std::array<Sign, 3> kLimits{
    {{"unprivileged_bpf_disabled", "proc/sys/kernel/unprivileged_bpf_disabled"},
     {"bpf_jit_enable", "proc/sys/net/core/bpf_jit_enable"},
     {"bpf_jit_harden", "proc/sys/net/core/bpf_jit_harden"}}};

Result<std::string> first_line(const sys::Dir& root, std::string_view path) {
    const auto text = TRY(root.read_file(path, 4_KiB));
    return text.substr(0, text.find('\n'));
}

std::optional<bool> is_there(const sys::Dir& root, std::string_view path) {
    const auto fd = root.open_at(path, O_PATH | O_CLOEXEC);
    // ELOOP: the path is a symlink, which Dir does not follow, so it exists.
    if (fd || fd.error().code == ELOOP) return true;
    if (fd.error().code == ENOENT) return false;
    return std::nullopt;
}

template <std::size_t N>
std::map<std::string, bool> look_for(const sys::Dir& root, const std::array<Sign, N>& signs) {
    std::map<std::string, bool> found;
    for (const auto& [name, path] : signs) {
        if (const auto there = is_there(root, path)) found.emplace(name, *there);
    }
    return found;
}

// BPF programs can be attached to LSM hooks only if "bpf" is in this list (Linux 5.7). nullopt: it
// cannot be read.
std::optional<bool> has_bpf_lsm(const sys::Dir& root) {
    const auto text = first_line(root, "sys/kernel/security/lsm");
    if (!text) return std::nullopt;
    const auto names = split(*text, ',');
    return std::ranges::find(names, "bpf") != names.end();
}

}  // namespace

BpfSupport read_bpf_support(const sys::Dir& root) {
    BpfSupport bpf_support{.btf = is_there(root, "sys/kernel/btf/vmlinux"),
                           .features = look_for(root, kFeatures),
                           .hooks = look_for(root, kHooks),
                           .read_at = sys::now()};
    if (const auto lsm = has_bpf_lsm(root)) bpf_support.hooks.emplace("security", *lsm);
    for (const auto& [name, path] : kLimits) {
        if (const auto text = first_line(root, path)) bpf_support.limits.emplace(name, *text);
    }
    return bpf_support;
}

}  // namespace bulkhead::worker
