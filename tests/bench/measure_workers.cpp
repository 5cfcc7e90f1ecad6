// What a further backend costs: a worker of its own.
#include <unistd.h>

#include <array>

#include "tests/bench/measure.hpp"
#include "tests/bench/process.hpp"

namespace bulkhead::bench {

namespace {

double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

struct Whole {
    double together = 0;  // of all its processes, each page once
    double dirty = 0;
    std::vector<double> own;  // of each worker: what is no other process's as well
};

Whole measure(Site& site, const Extent& extent, int backends) {
    const auto agent = site.start_agent(backends);
    // So long that each has reported its inventory and looked around.
    if (!site.wait_for_beats(static_cast<std::uint64_t>(extent.beats))) {
        give_up("no beats");
    }
    const auto all = agent.processes();
    Whole whole{.together = mib(resident_together(all))};
    for (const auto pid : all) whole.dirty += mib(memory_of(pid).private_dirty);
    for (const auto pid : agent.workers()) {
        const auto memory = memory_of(pid);
        whole.own.push_back(mib(memory.private_dirty + memory.private_clean));
    }
    return whole;
}

}  // namespace

void measure_workers(Site& site, const Extent& extent, Table& table) {
    const auto one = measure(site, extent, 1);
    const auto three = measure(site, extent, kMostBackends);
    table.add("memory of an agent with one worker", {one.together, "MiB"});
    table.add("with three", {three.together, "MiB"});
    table.add("memory of a further worker", {(three.together - one.together) / 2, "MiB"}, {},
              "<= 3.5 MiB");
    table.add("private memory of one of three workers", {median(three.own), "MiB"}, {},
              "<= 3.5 MiB");
    table.add("private dirty of a further worker", {(three.dirty - one.dirty) / 2, "MiB"});
}

}  // namespace bulkhead::bench
