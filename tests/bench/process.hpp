// What the kernel says of a process: memory, processor time, wake-ups.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bulkhead::bench {

struct Memory {
    std::uint64_t rss = 0;
    std::uint64_t pss = 0;  // a page that n processes map counts 1/n: depends on who else runs
    std::uint64_t private_dirty = 0;
    std::uint64_t private_clean = 0;
};
Memory memory_of(pid_t pid);

// Bytes of the pages these processes map, each page once: their proportional share on a host where
// nobody else maps the same libraries.
std::uint64_t resident_together(std::span<const pid_t> pids);
// Their proportional share on this host, as if `without` did not map anything.
std::uint64_t share_without(std::span<const pid_t> pids, std::span<const pid_t> without);

// Their proportional share on a host where nobody else maps the same files: the C library and its
// loader count as on this host, where every program maps them, every other page once.
std::uint64_t share_alone(std::span<const pid_t> pids);
// Bytes of the pages that they wrote and that are no file's, each page once.
std::uint64_t written_together(std::span<const pid_t> pids);
// How many libraries it may execute code of: files that are mapped executable, but for the program.
std::size_t libraries_of(pid_t pid);

struct Effort {
    double cpu_us = 0;
    double wakeups = 0;  // voluntary context switches

    Effort operator-(const Effort& before) const {
        return {cpu_us - before.cpu_us, wakeups - before.wakeups};
    }
    Effort operator+(const Effort& other) const {
        return {cpu_us + other.cpu_us, wakeups + other.wakeups};
    }
};
// Of all its threads that live.
Effort effort_of(pid_t pid);

// The most it had resident since forget_peak().
std::uint64_t peak_of(pid_t pid);
void forget_peak(pid_t pid);

std::vector<pid_t> children_of(pid_t pid);

}  // namespace bulkhead::bench
