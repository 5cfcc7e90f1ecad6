// A loader that is killed at any of its system calls leaves nothing.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gmock/gmock.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "loader/bpf/program_types.hpp"
#include "tests/loader/site.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/kernel.hpp"
#include "tests/support/scratch_cgroup.hpp"

namespace bulkhead::test {
namespace {

using Killed = LoaderTest;
using approval::ProgramType;

// Counts what is attached to loopback and to the cgroup, asking the kernel by bpf(2).
std::string attached_to(int cgroup) {
    std::string all;
    const auto add = [&](int target, bpf_attach_type type) {
        std::uint32_t count = 0;
        const int asked = ::bpf_prog_query(target, type, 0, nullptr, nullptr, &count);
        all += " " + (asked == 0 ? std::to_string(count) : "-");
    };
    std::uint32_t xdp = 0;
    ::bpf_xdp_query_id(kLoopback, 0, &xdp);
    all += xdp == 0 ? "0" : "1";
    add(kLoopback, loader::kTcxIngress);
    add(kLoopback, loader::kTcxEgress);
    if (cgroup >= 0) add(cgroup, BPF_CGROUP_INET_INGRESS);
    return all;
}

// Follows the loader from its exec on and kills it at the stop with this number: a system call has
// a stop when it begins and one when it ends. False if it ended before.
bool kill_at(pid_t loader, unsigned stop) {
    int status = 0;
    if (::waitpid(loader, &status, __WALL) != loader || !WIFSTOPPED(status)) return false;
    ::ptrace(PTRACE_SETOPTIONS, loader, nullptr, PTRACE_O_TRACESYSGOOD);
    for (unsigned seen = 0; seen < stop;) {
        if (::ptrace(PTRACE_SYSCALL, loader, nullptr, nullptr) != 0) return false;
        siginfo_t ended{};
        // The end itself is left to Loader::answer().
        if (::waitid(P_PID, static_cast<id_t>(loader), &ended,
                     WEXITED | WSTOPPED | WNOWAIT | __WALL) != 0)
            return false;
        if (ended.si_code != CLD_TRAPPED && ended.si_code != CLD_STOPPED) return false;
        if (::waitpid(loader, &status, __WALL) != loader) return false;
        if (WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80)) ++seen;
    }
    ::kill(loader, SIGKILL);
    return true;
}

TEST_F(Killed, AtEachOfItsSystemCallsItLeavesNothing) {
    const std::string elf = object("two");
    const std::vector<Plan> plans{{"count_in", ProgramType::tc_ingress, ""},
                                  {"run", ProgramType::xdp, ""}};
    const auto before = attached_now();
    const auto none = attached_to(-1);
    bool named = false;  // before Linux 6.6 a filter is no link: the broker removes it by its name
    {
        const auto answer = Loader().load(elf, plans);
        ASSERT_TRUE(answer.loaded) << answer.words();
        ASSERT_NE(attached_to(-1), none);  // so that what stays would be seen
        for (const auto& program : answer.loaded->programs.items) {
            if (program.filter) {
                named = true;
                EXPECT_TRUE(Loader().remove({*program.filter}).probed);
            }
        }
    }
    ASSERT_EQ(attached_to(-1), none);
    unsigned stop = 1;
    unsigned loaded = 0;
    for (bool killed = true; killed; ++stop) {
        ASSERT_LT(stop, 5000U);
        {
            // What it sent and nobody took goes with its channel.
            Loader loader(BULKHEAD_LOADER, {},
                          [] { ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); });
            loader.send_load(elf, plans);
            loader.reply_beforehand();
            killed = kill_at(loader.pid(), stop);
            const auto answer = loader.answer();
            loaded += answer.loaded.has_value() ? 1 : 0;
            if (!killed) {
                EXPECT_TRUE(answer.loaded) << answer.words();
            }
        }
        // The kernel lets go of descriptors that were under way in a socket in its own time.
        const auto gone = [&] { return attached_to(-1) == none; };
        if (eventually(gone, std::chrono::seconds(named ? 0 : 20))) continue;
        ASSERT_TRUE(named) << "at stop " << stop << ": " << attached_to(-1);
        const auto removed = Loader().remove({{.interface = kLoopback,
                                               .egress = false,
                                               .handle = 1,
                                               .priority = protocol::kFilterPriority}});
        EXPECT_TRUE(removed.probed) << removed.words();
        ASSERT_TRUE(eventually(gone, std::chrono::seconds(20)))
            << "at stop " << stop << ": " << attached_to(-1);
    }
    std::printf("killed at each of %u stops, %u times after its answer\n", stop - 2, loaded);
    EXPECT_GT(stop, 100U);
    EXPECT_EQ(attached_now(), before);
}

}  // namespace
}  // namespace bulkhead::test
