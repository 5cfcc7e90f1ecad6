// SystemInfo: facts about the host that seldom change, unlike Metrics. They are read at the start,
// and again when SettableFacts change.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/parse.hpp"
#include "common/sys/dir.hpp"
#include "worker/host/metrics/proc_files.hpp"
#include "worker/host/system/os_release.hpp"
#include "worker/host/system/platform.hpp"

namespace bulkhead::worker {

// Values of the firmware's DMI tables, each 1..255 bytes of UTF-8.
struct Hardware {
    std::optional<std::string> vendor;
    std::optional<std::string> model;
    std::optional<std::string> serial;  // only if reads.policy lets the broker hand it out
    std::optional<std::string> uuid;    // likewise
    bool known() const { return vendor || model || serial || uuid; }
};

struct SystemInfo {
    std::string hostname;
    OsRelease os;
    Platform platform;
    std::string kernel_release;          // "6.1.0-25-amd64"
    std::string machine;                 // of uname(2): "x86_64", "aarch64"
    std::string go_architecture;         // Go's name (GOARCH) for it: "amd64", "arm64"
    std::uint32_t cpu_count = 0;         // processors online
    std::uint32_t usable_cpu_count = 0;  // those in this process's mask (sched_getaffinity(2))
    std::optional<std::uint64_t> memory_total_bytes;  // nullopt: /proc/meminfo does not tell
    UnixTime boot_time{};
    Hardware hardware;
};

// `root` is /. Names are "Linux" or "" if their files are absent; `hardware` is left empty. Where
// /proc/stat is absent or lacks a value, as in a /proc mounted with subset=pid, the processors are
// those that this process may use and the boot time is that of SettableFacts. Error: uname(2)
// failed, or the number of processors is not to be had.
Result<SystemInfo> read_system_info(const sys::Dir& root, const ProcFiles& proc);

// The facts that can be set while the host runs, read by uname(2) and clock_gettime(2) without
// opening a file. The boot time is CLOCK_REALTIME - CLOCK_BOOTTIME; SystemInfo has that of the line
// "btime" in /proc/stat, which differs if another file is mounted over /proc/stat.
struct SettableFacts {
    std::string hostname;
    UnixTime boot_time{};
};
SettableFacts read_settable_facts();
// True if the host name differs, or the boot time by a minute or more (the clock was set).
bool was_set(const SettableFacts& before, const SettableFacts& now);

// The number of lines "cpuN" in /proc/stat. Error: there is none.
Result<std::uint32_t> parse_cpu_count(std::string_view stat);
// The line "btime" of /proc/stat, seconds since 1970 UTC. Error: it is missing or not a number.
Result<UnixTime> parse_boot_time(std::string_view stat);

// GOARCH for a machine name of uname(2); an unknown name is returned as it is.
std::string go_architecture(std::string_view machine);

}  // namespace bulkhead::worker
