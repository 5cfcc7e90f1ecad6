// Memory, processor time, wake-ups and system calls of an agent that has nothing to do but beat.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <thread>

#include "tests/bench/measure.hpp"
#include "tests/bench/process.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/strace.hpp"

namespace bulkhead::bench {

namespace {

using namespace std::chrono_literals;

#ifdef BULKHEAD_LEAN_CURL
constexpr const char* kPssGoal = "<= 10 MiB";
#else
constexpr const char* kPssGoal = "<= 14 MiB";
#endif

double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

std::uint64_t floor_beats(Site& site) {
    return site.backend().read([](const reference::State& state) {
        return static_cast<std::uint64_t>(
            std::ranges::count(state.requests, "/floor", &reference::RequestRecord::path));
    });
}

void memory_rows(const Agent& agent, pid_t floor, Table& table) {
    const auto broker = agent.broker();
    const auto worker = agent.worker();
    const auto every = agent.processes();
    const auto of_broker = memory_of(broker);
    const auto of_worker = memory_of(worker);
    const auto of_floor = memory_of(floor);
    const std::array both{broker, worker};
    const Figure floor_rss{mib(of_floor.rss), "MiB"};
    const Figure floor_dirty{mib(of_floor.private_dirty), "MiB"};
    const std::array bench{::getpid(), floor};
    const std::array floor_only{floor};
    const std::array without_floor{::getpid(), broker, worker};
    table.add("PSS of all processes, alone on the host", {mib(share_alone(every)), "MiB"},
              Figure{mib(share_alone(floor_only)), "MiB"}, kPssGoal);
    table.add("PSS of both, as if the bench were not there",
              {mib(share_without(both, bench)), "MiB"},
              Figure{mib(share_without(floor_only, without_floor)), "MiB"});
    table.add("memory of both, nothing shared with anybody", {mib(resident_together(both)), "MiB"},
              floor_rss);
    table.add("RSS of broker", {mib(of_broker.rss), "MiB"});
    table.add("RSS of worker", {mib(of_worker.rss), "MiB"}, floor_rss);
    const std::array broker_only{broker};
    table.add("PSS of broker, alone on the host", {mib(share_alone(broker_only)), "MiB"}, {},
              "<= 2.5 MiB");
    table.add("PSS of broker", {mib(share_without(broker_only, bench)), "MiB"});
    table.add("private dirty, both",
              {mib(of_broker.private_dirty + of_worker.private_dirty), "MiB"}, floor_dirty,
              "<= 2.2 MiB");
    table.add("written by all processes, each page once", {mib(written_together(every)), "MiB"},
              Figure{mib(written_together(floor_only)), "MiB"});
    table.add("private dirty of broker", {mib(of_broker.private_dirty), "MiB"});
    table.add("libraries of the worker", {static_cast<double>(libraries_of(worker)), ""},
              Figure{static_cast<double>(libraries_of(floor)), ""});
}

// From one beat to `beats` later. Counting begins and ends a third of an interval after a beat,
// when what belongs to it is over and the next is not due: that is what the two waits are for.
test::Calls trace(const Site& site, const std::vector<pid_t>& pids, int beats,
                  std::uint64_t& counted) {
    const auto file = std::filesystem::temp_directory_path() / "bulkhead-bench.trace";
    if (!site.wait_for_beats(1)) give_up("no beats");
    std::this_thread::sleep_for(kBeat / 3);
    {
        auto tracer = Child::start(test::words_of_strace(pids, file), "/dev/null");
        if (!test::eventually([&] { return std::ranges::all_of(pids, test::is_traced); }, 10s)) {
            give_up("strace does not attach");
        }
        const auto before = site.beats();
        site.wait_for_beats(static_cast<std::uint64_t>(beats));
        std::this_thread::sleep_for(kBeat / 3);
        counted = site.beats() - before;
        tracer.signal(SIGINT);
    }
    auto calls = test::calls_in(file);
    std::filesystem::remove(file);
    return calls;
}

void print_calls(const std::string& who, const test::Calls& calls, std::uint64_t beats) {
    std::cout << "system calls of the " << who << " in " << beats << " beats:";
    for (const auto& [name, count] : calls) std::cout << "  " << name << " " << count;
    std::cout << "\n";
}

void call_rows(const Site& site, pid_t broker, pid_t worker, pid_t floor, int beats, Table& table) {
    if (test::strace_program().empty()) {
        return table.skip("system calls a beat", "strace is not installed");
    }
    std::uint64_t counted = 0;
    const auto a_beat = [&](const test::Calls& calls) {
        return static_cast<double>(test::total_of(calls)) / static_cast<double>(counted);
    };
    const auto of_broker = trace(site, {broker}, beats, counted);
    print_calls("broker", of_broker, counted);
    const double broker_share = a_beat(of_broker);
    const auto of_worker = trace(site, {worker}, beats, counted);
    print_calls("worker", of_worker, counted);
    const double worker_share = a_beat(of_worker);
    const auto of_floor = trace(site, {floor}, beats, counted);
    print_calls("floor", of_floor, counted);
    table.add("system calls a beat, both", {broker_share + worker_share, ""},
              Figure{a_beat(of_floor), ""}, "<= 24");
    table.add("system calls a beat, broker", {broker_share, ""});
}

}  // namespace

void measure_beats(Site& site, const Extent& extent, Table& table) {
    const auto agent = site.start_agent();
    const Child floor = Child::start(
        {site.programs().floor_agent, "beat", std::to_string(site.backend().port()),
         site.backend().ca_file(), std::to_string(std::chrono::milliseconds(kBeat).count())});
    const auto wait = [&](int beats) {
        if (!site.wait_for_beats(static_cast<std::uint64_t>(beats))) give_up("no beats");
    };
    wait(extent.beats - extent.counted_beats);
    const std::array before{effort_of(agent.broker()), effort_of(agent.worker()),
                            effort_of(floor.pid())};
    const auto beats_before = site.beats();
    const auto floor_before = floor_beats(site);
    wait(extent.counted_beats);
    const auto of_broker = effort_of(agent.broker()) - before[0];
    const auto of_worker = effort_of(agent.worker()) - before[1];
    const auto of_floor = effort_of(floor.pid()) - before[2];
    const auto beats = static_cast<double>(site.beats() - beats_before);
    const auto least = static_cast<double>(floor_beats(site) - floor_before);

    memory_rows(agent, floor.pid(), table);
    table.add("processor time a beat, both", {(of_broker + of_worker).cpu_us / beats, "us"},
              Figure{of_floor.cpu_us / least, "us"}, "<= 500 us");
    table.add("processor time a beat, broker", {of_broker.cpu_us / beats, "us"});
    table.add("wake-ups a beat, both", {(of_broker + of_worker).wakeups / beats, ""},
              Figure{of_floor.wakeups / least, ""}, "<= 4");
    table.add("wake-ups a beat, broker", {of_broker.wakeups / beats, ""});
    call_rows(site, agent.broker(), agent.worker(), floor.pid(), extent.traced_beats, table);
}

void measure_start(Site& site, const Extent& extent, Table& table) {
    std::vector<double> whole;
    std::vector<double> least;
    const auto milliseconds = [](auto since) {
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since)
            .count();
    };
    for (int i = 0; i < extent.starts; ++i) {
        auto began = std::chrono::steady_clock::now();
        {
            const auto agent = site.start_agent();
            whole.push_back(milliseconds(began));
        }
        const auto before = floor_beats(site);
        began = std::chrono::steady_clock::now();
        const Child floor =
            Child::start({site.programs().floor_agent, "beat",
                          std::to_string(site.backend().port()), site.backend().ca_file(), "1000"});
        site.backend().wait_for(
            [&](const reference::State& state) {
                return std::ranges::count(state.requests, "/floor",
                                          &reference::RequestRecord::path) >
                       static_cast<std::ptrdiff_t>(before);
            },
            10s);
        least.push_back(milliseconds(began));
    }
    table.add("start -> first beat accepted", {median(whole), "ms"}, Figure{median(least), "ms"},
              "<= 60 ms");
    table.add("the same, 9 of 10", {p90(whole), "ms"}, Figure{p90(least), "ms"});
}

}  // namespace bulkhead::bench
