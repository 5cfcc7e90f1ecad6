// A process in a worker's place that does nothing, and the test in its stead on its end of the
// channel.
#pragma once
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/processes/confined_process.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::test {

inline constexpr sandbox::User kStandIn{64123, 64123};

inline broker::ProcessPlan sleeping_plan() {
    static const sys::Fd sleep(::open("/bin/sleep", O_RDONLY | O_CLOEXEC));
    broker::ProcessPlan plan;
    plan.name = "stand-in";
    plan.program = sleep.get();
    plan.arguments = {"sleep", "600"};
    plan.user = kStandIn;
    plan.limits.open_files = 256;
    plan.limits.pids = 128;
    return plan;
}

// Waits until the process is past its exec: only then is its end of the channel in its place.
inline void wait_for_exec(pid_t pid) {
    for (;;) {
        const auto comm =
            sys::Dir::open("/proc/" + std::to_string(pid)).value().read_file("comm", 64);
        if (!comm || *comm == "sleep\n") return;
        ::usleep(1000);
    }
}

// The worker's own end, as a copy (pidfd_getfd(2), Linux 5.6).
inline link::Channel worker_end(const broker::ConfinedProcess& worker) {
    wait_for_exec(worker.pid());
    return link::Channel(
        sys::Fd(static_cast<int>(::syscall(SYS_pidfd_getfd, worker.pidfd().get(), 3, 0))));
}

}  // namespace bulkhead::test
