// What another local user gets of the agent and of its jobs, and what the kernel says of the
// broker.
#include <fcntl.h>
#include <grp.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/sandbox/sandbox.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/layers.hpp"

namespace bulkhead::test {
namespace {

using sandbox_test::answer;

constexpr uid_t kNeighbour = 4243;  // no account, no file, no job has this number

struct Neighbours : Sandbox {
    // As an unprivileged user outside of every sandbox.
    static std::string as_neighbour(const std::function<std::string()>& act) {
        return forked([&]() -> std::string {
            if (::setgroups(0, nullptr) != 0 ||
                ::setresgid(kNeighbour, kNeighbour, kNeighbour) != 0 ||
                ::setresuid(kNeighbour, kNeighbour, kNeighbour) != 0) {
                return "cannot become another user";
            }
            return act();
        });
    }
    static std::string open_as_neighbour(const std::string& path, int flags) {
        return as_neighbour([&] { return answer(::open(path.c_str(), flags | O_CLOEXEC)); });
    }
    static void expect(const std::string& tried, const std::string& said,
                       const std::string& wanted) {
        EXPECT_EQ(said, wanted) << tried;
        record_layer("uid", "another local user", tried, said);
    }
};

TEST_F(Neighbours, GetNothingOfItsProcesses) {
    const std::string script = "echo on; sleep 300\n";
    pin({.name = "waits", .script = script, .profile = "inspect", .timeout = 300s});
    start_enrolled();
    const auto id = queue({.script = script});
    ASSERT_TRUE(wait_for_output(id, "on\n"));
    const auto of_job = place().job_processes();
    ASSERT_FALSE(of_job.empty());
    const std::map<std::string, int> processes{
        {"broker", broker().pid()}, {"worker", worker_pid()}, {"job", of_job.back()}};
    for (const auto& [name, pid] : processes) {
        const auto proc = "/proc/" + std::to_string(pid);
        expect("signal " + name, as_neighbour([pid = pid] { return answer(::kill(pid, 0)); }),
               "EPERM");
        expect("ptrace " + name, as_neighbour([pid = pid] {
                   return answer(::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr));
               }),
               "EPERM");
        for (const auto* file : {"mem", "environ", "fd", "root", "cwd"}) {
            const bool directory = file != std::string("mem") && file != std::string("environ");
            expect(
                std::string("read ") + file + " of " + name,
                open_as_neighbour(proc + "/" + file, directory ? O_RDONLY | O_DIRECTORY : O_RDONLY),
                "EACCES");
        }
        expect("move " + name + " to another cgroup",
               open_as_neighbour(place().cgroup() + "/agent/cgroup.procs", O_WRONLY), "EACCES");
    }
    ASSERT_TRUE(backend().cancel_job(id));
    EXPECT_EQ(ended(id)["outcome"], "cancelled");
}

TEST_F(Neighbours, GetNothingOfItsFiles) {
    start_enrolled();
    for (const auto* directory : {"state/broker", "state/workers/bulkhead"}) {
        expect(std::string("list ") + directory, open_as_neighbour(place() / directory, O_RDONLY),
               "EACCES");
    }
    expect("read log/audit.log", open_as_neighbour(place() / "log/audit.log", O_RDONLY), "EACCES");
    for (const auto* file : {"agent.yaml", "policy/approval.policy", "policy/host.policy"}) {
        expect(std::string("write ") + file, open_as_neighbour(place() / file, O_WRONLY), "EACCES");
    }
    expect("add to policy/approved", as_neighbour([this] {
               const auto name = place() / "policy/approved/mine.manifest";
               return answer(::open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
           }),
           "EACCES");
    expect(
        "connect to run/status/bulkhead.sock", as_neighbour([this] {
            const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            const auto name = place() / "run/status/bulkhead.sock";
            std::memcpy(address.sun_path, name.data(), name.size());
            return answer(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address));
        }),
        "EACCES");
}

}  // namespace
}  // namespace bulkhead::test
