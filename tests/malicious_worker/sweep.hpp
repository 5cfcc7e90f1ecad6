// Asks a loaded seccomp filter about any number of system calls without one of them being carried
// out, so that the answer is the filter's alone and the same on every kernel.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::test {

// The ways into an x86-64 kernel.
enum class Entry { x86_64, x32, i386 };

struct Probe {
    Entry entry = Entry::x86_64;
    std::uint32_t number = 0;
    std::array<std::uint64_t, 5> arguments{};  // the sixth is ours, see sweep.cpp
};

// Zero: allowed; a positive number: refused with this errno; kKilled: it ended the process.
using Outcome = std::int16_t;
inline constexpr Outcome kKilled = -1;

// "allowed", "killed", "EPERM", ...
std::string in_words(Outcome outcome);

// Each probe in a child that has called `confine`. One child asks until a call ends it, then
// another goes on behind that call.
Result<std::vector<Outcome>> sweep(std::span<const Probe> probes,
                                   const std::function<Result<>()>& confine);

// False on a kernel (or a machine) without 32-bit system calls: there is no such door then.
bool has_i386_entry();

}  // namespace bulkhead::test
