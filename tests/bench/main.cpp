// agent_bench: what the agent costs on this machine. Prints a table; judges nothing.
//
//     agent_bench [--quick] [PART ...]
// Parts: gate, artifacts, telemetry, inventory, frames, start, profiles, jobs, stream, beats,
// workers; all of them unless named.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "tests/bench/measure.hpp"

namespace {

using namespace bulkhead::bench;

Extent quick() {
    return {.beats = 15,
            .counted_beats = 10,
            .traced_beats = 5,
            .starts = 3,
            .jobs = 10,
            .stream_bytes = 256ULL << 20};
}

}  // namespace

int main(int count, char** words) {
    std::vector<std::string> wanted(words + 1, words + count);
    const Extent extent = std::erase(wanted, "--quick") > 0 ? quick() : Extent{};
    const auto asked = [&](const char* name) {
        return wanted.empty() || std::count(wanted.begin(), wanted.end(), name) > 0;
    };
    if (::geteuid() != 0)
        give_up("run as root: the broker is root, and starts processes as others");
    ::sync();  // text that the linker has only just written counts as private and dirty
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    Table table;
    if (asked("gate")) measure_gate(table);
    if (asked("artifacts")) measure_artifacts(extent, table);
    if (asked("telemetry")) measure_telemetry(table);
    if (asked("inventory")) measure_inventory(table);
    Site site({.broker = BULKHEAD_BROKER,
               .floor_agent = BULKHEAD_FLOOR_AGENT,
               .policy = BULKHEAD_POLICY});
    approve_bench_jobs(site, extent);
    if (asked("frames")) measure_frames(site, table);
    if (asked("start")) measure_start(site, extent, table);
    if (asked("profiles")) measure_profiles(site, extent, table);
    if (asked("jobs")) measure_jobs(site, extent, table);
    if (asked("stream")) measure_stream(site, extent, table);
    if (asked("beats")) measure_beats(site, extent, table);
    if (asked("workers")) measure_workers(site, extent, table);
    std::puts("");
    table.print();
}
