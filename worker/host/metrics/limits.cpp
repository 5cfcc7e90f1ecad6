#include "worker/host/metrics/limits.hpp"

#include <string>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint64_t kMax = 4_KiB;

// LONG_MAX in whole pages of 64 KiB, the largest ones: page_counter.h has PAGE_COUNTER_MAX for
// none.
constexpr std::uint64_t kNone = (std::uint64_t{1} << 63) - 64_KiB;

std::string line_of(const KeptFile& file, std::vector<char>& buffer) {
    const auto text = file.read(buffer, kMax);
    return text ? std::string(text->substr(0, text->find('\n'))) : "";
}

}  // namespace

Result<std::optional<std::uint64_t>> parse_memory_limit(std::string_view text) {
    if (text == "max") return std::nullopt;
    const auto bytes = TRY(parse_number<std::uint64_t>(text));
    return bytes >= kNone ? std::nullopt : std::optional(bytes);
}

Result<std::optional<double>> parse_cpu_limit(std::string_view text) {
    const auto parts = words(text);
    if (parts.size() != 2) return fail("expected a quota and a period");
    const auto period = TRY(parse_number<std::uint64_t>(parts[1]));
    if (period == 0) return fail("the period is zero");
    if (parts[0] == "max" || parts[0] == "-1") return std::nullopt;
    const auto quota = TRY(parse_number<std::uint64_t>(parts[0]));
    return static_cast<double>(quota) / static_cast<double>(period);
}

Limits read_limits(const ProcFiles& proc, std::vector<char>& buffer) {
    const auto& files = proc.cgroup;
    auto memory = line_of(files.memory_max, buffer);
    if (memory.empty()) memory = line_of(files.memory_limit, buffer);
    auto cpu = line_of(files.cpu_max, buffer);
    if (cpu.empty()) {
        cpu = line_of(files.cpu_quota, buffer) + " " + line_of(files.cpu_period, buffer);
    }
    return {.memory_bytes = parse_memory_limit(memory).value_or(std::nullopt),
            .cpus = parse_cpu_limit(cpu).value_or(std::nullopt)};
}

}  // namespace bulkhead::worker
