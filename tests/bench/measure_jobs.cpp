// From a job that becomes available at the backend to its first line there, and to its result; and
// what a job with a lot of output costs.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "tests/bench/measure.hpp"
#include "tests/bench/process.hpp"

namespace bulkhead::bench {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const std::string kShort = "echo x\n";

const std::array<const char*, 3> kProfiles{"inspect", "maintain", "admin"};

// Its first line cannot ride on its end.
std::string longer_in(const std::string& profile) {
    return "echo x; sleep 0.2  # " + profile + "\n";
}

std::string stream_script(const Extent& extent) {
    return "head -c " + std::to_string(extent.stream_bytes) + " /dev/zero\n";
}

double milliseconds(Clock::duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

struct Times {
    double first_output = 0;
    double result = 0;
};

Times run_job(Site& site, const std::string& script) {
    // So that the worker's question is back at the backend, waiting, and the broker has prepared
    // what it prepares in idle time.
    std::this_thread::sleep_for(250ms);
    const auto began = Clock::now();
    const auto id = site.backend().queue_job({.script = script});
    if (!id) give_up(id.error());
    Times times;
    const auto has_output = [&](const reference::State& state) {
        const auto* job = state.find_job(*id);
        return job->out->next_offset() > 0 || !job->result.is_null();
    };
    if (!site.backend().wait_for(has_output, 60s)) give_up("no output");
    times.first_output = milliseconds(Clock::now() - began);
    if (!site.backend().wait_for_result(*id, 600s)) give_up("no result");
    times.result = milliseconds(Clock::now() - began);
    const auto job = site.backend().job(*id);
    if (job->result["outcome"] != "finished") give_up("job: " + job->result.dump());
    return times;
}

// The least of any job runner: a pipe, the shell, its line. By posix_spawn(3), which copies nothing
// of this large process.
Times run_bare_shell() {
    const auto began = Clock::now();
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) give_up("pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
    std::array<std::string, 3> words{"bash", "-c", "echo x"};
    const std::array<char*, 4> arguments{words[0].data(), words[1].data(), words[2].data(),
                                         nullptr};
    pid_t pid = 0;
    if (::posix_spawn(&pid, "/bin/bash", &actions, nullptr, arguments.data(), environ) != 0) {
        give_up("bash");
    }
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(pipe[1]);
    char byte = 0;
    Times times;
    if (::read(pipe[0], &byte, 1) != 1) give_up("no output of bash");
    times.first_output = milliseconds(Clock::now() - began);
    ::waitpid(pid, nullptr, 0);
    times.result = milliseconds(Clock::now() - began);
    ::close(pipe[0]);
    return times;
}

// Seconds for the same bytes when the reader of the pipe does nothing with them.
double read_plainly(const std::string& script, std::uint64_t bytes) {
    const auto began = Clock::now();
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) give_up("pipe");
    ::fcntl(pipe[1], F_SETPIPE_SZ, 1 << 20);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(pipe[1], STDOUT_FILENO);
        ::execl("/bin/bash", "bash", "-c", script.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(pipe[1]);
    std::vector<char> buffer(64 << 10);
    std::uint64_t got = 0;
    for (ssize_t size = 1; size > 0;) {
        size = ::read(pipe[0], buffer.data(), buffer.size());
        got += size > 0 ? static_cast<std::uint64_t>(size) : 0;
    }
    ::waitpid(pid, nullptr, 0);
    ::close(pipe[0]);
    if (got != bytes) give_up("the plain reader lost bytes");
    return milliseconds(Clock::now() - began) / 1000;
}

// Seconds for the same bytes from a pipe to the same backend over TLS, digested, with no disk.
double send_plainly(Site& site, const std::string& script) {
    const auto began = Clock::now();
    const auto command =
        script.substr(0, script.size() - 1) + " | '" + site.programs().floor_agent + "' stream " +
        std::to_string(site.backend().port()) + " '" + site.backend().ca_file() + "'";
    auto shell = Child::start({"bash", "-o", "pipefail", "-c", command});
    if (shell.wait() != 0) give_up("the plain sender failed");
    return milliseconds(Clock::now() - began) / 1000;
}

}  // namespace

void approve_bench_jobs(Site& site, const Extent& extent) {
    site.approve("bench-short", kShort, 1 << 20);
    for (const std::string profile : kProfiles) {
        site.approve("bench-longer-" + profile, longer_in(profile), 1 << 20, profile);
    }
    site.approve("bench-stream", stream_script(extent), extent.stream_bytes);
}

void measure_jobs(Site& site, const Extent& extent, Table& table) {
    const auto agent = site.start_agent();
    std::array<std::vector<double>, kProfiles.size()> first;
    std::vector<double> known;
    std::vector<double> least_first;
    std::vector<double> least_known;
    run_job(site, kShort);  // what is loaded once is loaded now
    for (int i = 0; i < extent.jobs; ++i) {
        for (std::size_t each = 0; each < kProfiles.size(); ++each) {
            first[each].push_back(run_job(site, longer_in(kProfiles[each])).first_output);
        }
        known.push_back(run_job(site, kShort).result);
        const auto least = run_bare_shell();
        least_first.push_back(least.first_output);
        least_known.push_back(least.result);
    }
    for (std::size_t each = 0; each < kProfiles.size(); ++each) {
        table.add(std::string("job available -> first line, ") + kProfiles[each],
                  {median(first[each]), "ms"}, Figure{median(least_first), "ms"}, "<= 4 ms");
        table.add("the same, 9 of 10", {p90(first[each]), "ms"}, Figure{p90(least_first), "ms"});
    }
    table.add("job available -> result at the backend", {median(known), "ms"},
              Figure{median(least_known), "ms"}, "<= 6 ms");
    table.add("the same, 9 of 10", {p90(known), "ms"}, Figure{p90(least_known), "ms"});
}

void measure_stream(Site& site, const Extent& extent, Table& table) {
    const auto agent = site.start_agent();
    const auto script = stream_script(extent);
    const auto megabytes = static_cast<double>(extent.stream_bytes) / 1e6;
    run_job(site, kShort);
    const auto rss_before = memory_of(agent.worker()).rss;
    const auto broker_before = memory_of(agent.broker()).rss;
    forget_peak(agent.worker());
    const auto worker = effort_of(agent.worker());
    const auto broker = effort_of(agent.broker());
    const auto seconds = run_job(site, script).result / 1000;
    const auto worker_seconds = (effort_of(agent.worker()) - worker).cpu_us / 1e6;
    const auto broker_seconds = (effort_of(agent.broker()) - broker).cpu_us / 1e6;
    const auto growth = static_cast<double>(peak_of(agent.worker()) - rss_before) / (1 << 20);
    const auto broker_growth =
        static_cast<double>(memory_of(agent.broker()).rss) - static_cast<double>(broker_before);

    const auto rate = Figure{megabytes / seconds, "MB/s"};
    table.add("output, pipe to backend, beside a plain reader", rate,
              Figure{megabytes / read_plainly(script, extent.stream_bytes), "MB/s"});
    table.add("output, pipe to backend, beside a plain sender", rate,
              Figure{megabytes / send_plainly(site, script), "MB/s"}, "ratio >= 0.5");
    table.add("processor time of the worker", {worker_seconds / megabytes * 1000, "s/GB"});
    table.add("processor time of the broker", {broker_seconds / megabytes * 1000, "s/GB"});
    table.add("growth of the worker meanwhile", {growth, "MiB"}, {}, "<= 1 MiB");
    table.add("growth of the broker meanwhile", {broker_growth / (1 << 20), "MiB"}, {}, "0");
}

}  // namespace bulkhead::bench
