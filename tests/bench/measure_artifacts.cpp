// From the start of a loader to an attached program, and the memory that it takes.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <sstream>

#include "tests/bench/measure.hpp"
#include "tests/loader/site.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/own_network.hpp"

namespace bulkhead::bench {

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point began) {
    return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

struct Once {
    double attached_ms = 0;
    double peak_mib = 0;
};

std::optional<Once> load() {
    static const auto elf = test::example("count_packets");
    const auto began = Clock::now();
    test::Loader loader;
    loader.send_load(elf, {{"count", approval::ProgramType::xdp, ""}});
    const auto answer = loader.answer();
    const auto took = milliseconds_since(began);
    if (!answer.loaded) return std::nullopt;
    return Once{took, static_cast<double>(answer.peak_kib) / 1024};
}

std::optional<Once> load_barely() {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return std::nullopt;
    const auto began = Clock::now();
    const pid_t pid = ::vfork();
    if (pid == 0) {
        ::dup2(pipe[1], STDOUT_FILENO);
        ::execl(BULKHEAD_FLOOR_LOADER, "floor-loader", BULKHEAD_EXAMPLES "/count_packets.o", "1",
                nullptr);
        ::_exit(127);
    }
    ::close(pipe[1]);
    char byte = 0;
    const bool attached = ::read(pipe[0], &byte, 1) == 1;
    const auto took = milliseconds_since(began);
    ::close(pipe[0]);
    rusage usage{};
    int status = 0;
    ::wait4(pid, &status, 0, &usage);
    if (!attached) return std::nullopt;
    return Once{took, static_cast<double>(usage.ru_maxrss) / 1024};
}

// Four medians, or a sentence: in a child, as the network namespace stays with the process.
std::string measure_in_own_network(int times) {
    if (const auto own = test::enter_own_network(); !own) return own.error().what;
    std::array<std::vector<double>, 4> all;
    for (int i = 0; i <= times; ++i) {
        const auto ours = load();
        const auto floor = load_barely();
        if (!ours || !floor) return "nothing was attached";
        if (i == 0) continue;  // what is loaded once is loaded now
        all[0].push_back(ours->attached_ms);
        all[1].push_back(floor->attached_ms);
        all[2].push_back(ours->peak_mib);
        all[3].push_back(floor->peak_mib);
    }
    std::string figures;
    for (const auto& one : all) figures += std::to_string(median(one)) + " ";
    return figures;
}

}  // namespace

void measure_artifacts(const Extent& extent, Table& table) {
    const auto said = test::forked([&] { return measure_in_own_network(extent.jobs); });
    std::istringstream figures(said);
    std::array<double, 4> all{};
    for (auto& one : all) figures >> one;
    if (!figures) return table.skip("artifact: start of the loader -> attached", said);
    table.add("artifact: start of the loader -> answer, it has ended", {all[0], "ms"},
              Figure{all[1], "ms"}, "<= 60 ms");
    table.add("memory of the loader at its highest (RSS)", {all[2], "MiB"}, Figure{all[3], "MiB"},
              "<= 3 MiB");
}

}  // namespace bulkhead::bench
