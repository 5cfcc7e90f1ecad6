// The measurements, each into its rows of the table.
#pragma once
#include "tests/bench/site.hpp"
#include "tests/bench/table.hpp"

namespace bulkhead::bench {

// Counts and repetitions; a quick run is for whoever changes the bench itself.
struct Extent {
    int beats = 100;
    int counted_beats = 60;  // the last of them, for processor time and wake-ups
    int traced_beats = 20;
    int starts = 10;
    int jobs = 50;
    std::uint64_t stream_bytes = 1ULL << 30;
};

void measure_start(Site& site, const Extent& extent, Table& table);
void measure_beats(Site& site, const Extent& extent, Table& table);
void measure_workers(Site& site, const Extent& extent, Table& table);
void measure_jobs(Site& site, const Extent& extent, Table& table);
void measure_profiles(const Site& site, const Extent& extent, Table& table);
void measure_stream(Site& site, const Extent& extent, Table& table);
void measure_gate(Table& table);
void measure_artifacts(const Extent& extent, Table& table);
void measure_telemetry(Table& table);
void measure_inventory(Table& table);
void measure_frames(const Site& site, Table& table);

// Registered with measure_jobs and measure_stream; before the agent starts.
void approve_bench_jobs(Site& site, const Extent& extent);

}  // namespace bulkhead::bench
