#include "worker/host/system/system_info.hpp"

#include <sched.h>
#include <sys/utsname.h>
#include <time.h>

#include <array>
#include <optional>
#include <utility>

#include "common/base/strong.hpp"
#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

// The line "intr" of /proc/stat has a column for each interrupt number (proc(5)), which makes
// hundreds of KiB on large hosts.
constexpr std::uint64_t kStatMax = 4_MiB;
constexpr std::uint64_t kMeminfoMax = 64_KiB;

constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kGoNames = {{
    {"x86_64", "amd64"},
    {"aarch64", "arm64"},
    {"i386", "386"},
    {"i586", "386"},
    {"i686", "386"},
    {"armv6l", "arm"},
    {"armv7l", "arm"},
    {"armv8l", "arm"},
    {"ppc64", "ppc64"},
    {"ppc64le", "ppc64le"},
    {"loongarch64", "loong64"},
}};

// nullopt if the kernel's mask is larger than the 1024 bits of cpu_set_t (EINVAL,
// sched_setaffinity(2)).
std::optional<std::uint32_t> usable_cpus() {
    cpu_set_t mask;
    if (::sched_getaffinity(0, sizeof mask, &mask) != 0) return std::nullopt;
    return static_cast<std::uint32_t>(CPU_COUNT(&mask));
}

}  // namespace

std::string go_architecture(std::string_view machine) {
    for (const auto& [uname, go] : kGoNames) {
        if (machine == uname) return std::string(go);
    }
    return std::string(machine);  // Go uses the same name, as for riscv64 and s390x
}

Result<std::uint32_t> parse_cpu_count(std::string_view stat) {
    std::uint32_t count = 0;
    for (const auto line : split(stat, '\n')) {
        const bool one_cpu =
            line.starts_with("cpu") && line.size() > 3 && line[3] >= '0' && line[3] <= '9';
        count += one_cpu ? 1 : 0;
    }
    if (count == 0) return fail("stat: no processor");
    return count;
}

Result<UnixTime> parse_boot_time(std::string_view stat) {
    for (const auto line : split(stat, '\n')) {
        const auto parts = words(line);
        if (parts.size() != 2 || parts[0] != "btime") continue;
        const auto seconds = TRY(within("stat: btime", parse_number<std::uint32_t>(parts[1])));
        return UnixTime(std::chrono::seconds(seconds));
    }
    return fail("stat: btime: missing");
}

SettableFacts read_settable_facts() {
    utsname kernel{};
    timespec clock{};
    timespec awake{};
    // These calls fail only with invalid pointers or unknown clocks.
    ::uname(&kernel);
    ::clock_gettime(CLOCK_REALTIME, &clock);
    ::clock_gettime(CLOCK_BOOTTIME, &awake);
    return {.hostname = kernel.nodename,
            .boot_time = UnixTime(std::chrono::seconds(clock.tv_sec - awake.tv_sec))};
}

bool was_set(const SettableFacts& before, const SettableFacts& now) {
    return before.hostname != now.hostname ||
           std::chrono::abs(before.boot_time - now.boot_time) >= std::chrono::minutes(1);
}

Result<SystemInfo> read_system_info(const sys::Dir& root, const ProcFiles& proc) {
    utsname kernel{};
    if (::uname(&kernel) != 0) return sys::fail_errno("uname");
    auto os_text = read_release_file(root, "etc/os-release");
    if (os_text.empty()) os_text = read_release_file(root, "usr/lib/os-release");
    auto os = parse_os_release(os_text);
    auto platform = read_platform(root, os);
    std::vector<char> buffer;
    const std::string stat(proc.stat.read(buffer, kStatMax).value_or(""));
    const auto usable = usable_cpus();
    const auto counted = parse_cpu_count(stat);
    if (!counted && !usable) return std::unexpected(counted.error());
    const std::string meminfo(proc.meminfo.read(buffer, kMeminfoMax).value_or(""));
    const auto memory = ColonTable(meminfo).kibibytes("MemTotal");
    return SystemInfo{
        .hostname = is_utf8(kernel.nodename) ? kernel.nodename : quoted(kernel.nodename),
        .os = std::move(os),
        .platform = std::move(platform),
        .kernel_release = kernel.release,
        .machine = kernel.machine,
        .go_architecture = go_architecture(kernel.machine),
        .cpu_count = counted ? *counted : *usable,
        .usable_cpu_count = usable ? *usable : *counted,
        .memory_total_bytes = memory ? std::optional(*memory) : std::nullopt,
        .boot_time = parse_boot_time(stat).value_or(read_settable_facts().boot_time)};
}

}  // namespace bulkhead::worker
