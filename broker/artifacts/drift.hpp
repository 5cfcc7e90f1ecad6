// Drift: whether the programs, links and maps of an artifact are still those that were loaded, and
// attached where they were.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "broker/artifacts/bpf.hpp"
#include "common/protocol/artifacts.hpp"

namespace bulkhead::broker {

// Descriptors of an artifact that is loaded, in the order of its manifest.
struct HeldProgram {
    sys::Fd program;
    std::optional<sys::Fd> link;  // absent for a filter that was attached by name
};
struct Held {
    std::vector<HeldProgram> programs;
    std::vector<sys::Fd> maps;
};

// What the kernel says of them, in the same order. Names are those in the object file.
struct ProgramFacts {
    protocol::Name name;
    bpf::ProgramInfo program;
    std::optional<bpf::LinkInfo> link;
    std::optional<protocol::NamedFilter> filter;  // in place of a link
    static constexpr auto fields = std::tuple{protocol::field("name", &ProgramFacts::name),
                                              protocol::field("program", &ProgramFacts::program),
                                              protocol::field("link", &ProgramFacts::link),
                                              protocol::field("filter", &ProgramFacts::filter)};
};
struct MapFacts {
    protocol::Name name;
    bpf::MapInfo map;
    static constexpr auto fields = std::tuple{protocol::field("name", &MapFacts::name),
                                              protocol::field("map", &MapFacts::map)};
};
struct Facts {
    protocol::Bounded<ProgramFacts, approval::kMaxPrograms> programs;
    protocol::Bounded<MapFacts, protocol::kMaxMaps> maps;
    static constexpr auto fields = std::tuple{protocol::field("programs", &Facts::programs),
                                              protocol::field("maps", &Facts::maps)};
};

// The facts of `held` now; names and filters are taken from `named`, which has as many of each. An
// error names what could not be asked, or is of another kind.
Result<Facts> look(const Held& held, const Facts& named);

// In words, the first thing in which `now` differs from `loaded`; empty if nothing does. Compared
// are: each program's type, id, tag and name; whether its link is attached, and to which program,
// interface, cgroup, hook or function; each map's type, id, sizes and name. Run time is not.
// Whether a filter that was attached by name is still there is not seen: no descriptor tells.
std::string drift(const Facts& loaded, const Facts& now);

// The run time of all programs, for Guard; and their runs. Sums beyond 2^64-1 are 2^64-1.
std::uint64_t run_time_ns(const Facts& facts);
std::uint64_t run_count(const Facts& facts);

}  // namespace bulkhead::broker
