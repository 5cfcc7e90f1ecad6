// What a host is, as opposed to how it is doing: read at start and seldom after.
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

// What the firmware says of the machine; each text at most 255 bytes.
struct Hardware {
    std::optional<std::string> vendor;
    std::optional<std::string> model;
    std::optional<std::string> serial;  // only if policy hands it out, like the next
    std::optional<std::string> uuid;
    bool known() const { return vendor || model || serial || uuid; }
};

struct SystemInfo {
    std::string hostname;
    OsRelease os;
    Platform platform;
    std::string kernel_release;          // "6.1.0-25-amd64"
    std::string machine;                 // as uname has it: "x86_64", "aarch64"
    std::string go_architecture;         // the same as Go programs call it: "amd64", "arm64"
    std::uint32_t cpu_count = 0;         // processors online
    std::uint32_t usable_cpu_count = 0;  // those this process may run on, which Go programs report
    std::uint64_t memory_total_bytes = 0;
    UnixTime boot_time{};
    Hardware hardware;
};

// `root` is /. Names fall back to "Linux" and "" where files are absent; counts
// are read or it is an error.
Result<SystemInfo> read_system_info(const sys::Dir& root, const ProcFiles& proc);

// Of these facts what may be set while the host runs, read without opening a file. The time is that
// of the clocks, which /proc/stat repeats unless something stands in its place.
struct SettableFacts {
    std::string hostname;
    UnixTime boot_time{};
};
SettableFacts read_settable_facts();
// Nothing but a new name, or a clock that was set by a minute or more.
bool was_set(const SettableFacts& before, const SettableFacts& now);

// From /proc/stat.
Result<std::uint32_t> parse_cpu_count(std::string_view stat);
Result<UnixTime> parse_boot_time(std::string_view stat);

// Unknown machines keep their own name.
std::string go_architecture(std::string_view machine);

}  // namespace bulkhead::worker
