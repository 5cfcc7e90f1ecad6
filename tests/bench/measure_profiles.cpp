// What confinement adds to the start of a process: the broker's own steps, without backend, verdict
// and records.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "broker/jobs/job_process.hpp"
#include "broker/processes/ready_policy.hpp"
#include "common/sandbox/landlock.hpp"
#include "tests/bench/measure.hpp"

namespace bulkhead::bench {

namespace {

using Clock = std::chrono::steady_clock;

struct Times {
    std::vector<double> first, reaped;  // milliseconds
};

double since(Clock::time_point began) {
    return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

void await_line(const sys::Fd& pipe) {
    char byte = 0;
    if (::read(pipe.get(), &byte, 1) != 1) give_up("no output of bash");
}

void start_bare(Times& times) {
    const auto began = Clock::now();
    auto out = sys::make_pipe().value();
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(out.write.get(), STDOUT_FILENO);
        ::execl("/bin/bash", "bash", "-c", "echo x", nullptr);
        ::_exit(127);
    }
    await_line(out.read);
    times.first.push_back(since(began));
    ::waitpid(pid, nullptr, 0);
    times.reaped.push_back(since(began));
}

void start_confined(const broker::CgroupTree& tree, const policy::Profile& profile,
                    const broker::JobPlan& plan, JobNumber number, Times& times) {
    const auto began = Clock::now();
    {
        const auto cgroup = tree.make(number, profile.limits).value();
        auto out = sys::make_pipe().value();
        auto err = sys::make_pipe().value();
        const std::string script = "/run/bulkhead-bench-script-" + std::to_string(::getpid());
        auto process = broker::JobProcess::spawn(plan, cgroup, std::move(out.write),
                                                 std::move(err.write), script);
        if (!process) give_up(process.error().what);
        process->let_go();
        await_line(out.read);
        times.first.push_back(since(began));
        const auto status = process->reap();  // waits
        if (!status || !status->failed_step.empty()) give_up("a job failed to start");
        ::unlink(script.c_str());  // of a job without a view
    }
    times.reaped.push_back(since(began));  // and its cgroup is gone
}

}  // namespace

void measure_profiles(const Site& site, const Extent& extent, Table& table) {
    const auto loaded = broker::ReadyPolicy::load(site.policy());
    if (!loaded) give_up(loaded.error().what);
    const auto tree = broker::CgroupTree::create("bench-" + std::to_string(::getpid()));
    if (!tree) give_up(tree.error().what);
    constexpr std::array<const char*, 4> kProfiles{"inspect", "diagnose", "maintain", "admin"};
    std::array<Times, kProfiles.size()> confined;
    Times bare;
    JobNumber number;
    for (int i = 0; i < 4 * extent.jobs; ++i) {
        start_bare(bare);
        for (std::size_t each = 0; each < kProfiles.size(); ++each) {
            const auto& profile = (*loaded)->policy.profiles.find(kProfiles[each])->second;
            auto plan = broker::make_plan(profile, (*loaded)->filter(profile.seccomp),
                                          sandbox::landlock_abi());
            if (!plan) give_up(plan.error().what);
            plan->interpreter = "/bin/bash";
            plan->script = sys::sealed_memfd("job", as_bytes("echo x\n")).value();
            plan->script_name = "bench";
            plan->mount_points = site.policy() + "/../roots/" + profile.name;
            plan->environment = {"PATH=/usr/bin:/bin"};
            ++number.value;
            start_confined(*tree, profile, *plan, number, confined[each]);
        }
    }
    for (std::size_t each = 0; each < kProfiles.size(); ++each) {
        const auto name = std::string(", ") + kProfiles[each];
        table.add("start of the process -> first line" + name, {median(confined[each].first), "ms"},
                  Figure{median(bare.first), "ms"});
        table.add("start of the process -> nothing left" + name,
                  {median(confined[each].reaped), "ms"}, Figure{median(bare.reaped), "ms"});
    }
}

}  // namespace bulkhead::bench
