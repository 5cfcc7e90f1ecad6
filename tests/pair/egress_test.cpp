// Where the worker of a running agent may connect to.
#include <arpa/inet.h>
#include <sys/socket.h>

#include "tests/pair/pair.hpp"
#include "tests/support/kernel.hpp"
#include "tests/support/scratch_cgroup.hpp"

namespace bulkhead::test {
namespace {

class RunningEgress : public Pair {
  protected:
    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped()) return;
        if (const auto why = kernel_filters_sockets(); !why.empty()) GTEST_SKIP() << why;
    }
    // From the worker's cgroup, with a datagram socket: nothing is sent.
    std::string connecting(const std::string& to, int port) const {
        const auto worker = audit("worker-started").back()["pid"].get<int>();
        const sys::Fd cgroup(::open(cgroup_of(std::to_string(worker)).c_str(), O_DIRECTORY));
        const int error = errno_in(cgroup.get(), [&]() -> long {
            sockaddr_in at{.sin_family = AF_INET,
                           .sin_port = htons(static_cast<std::uint16_t>(port))};
            ::inet_pton(AF_INET, to.c_str(), &at.sin_addr);
            const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
            return ::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at);
        });
        return error == 0 ? "done" : ::strerrorname_np(error);
    }
};

// As a container has its resolv.conf: a file of elsewhere, mounted, and written in place.
TEST_F(RunningEgress, FollowsTheNameServers) {
    place().write("resolv.conf", "nameserver 127.0.0.11\n");
    start_under(
        {"/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c",
         "mount --bind " + place() / "resolv.conf" + " /etc/resolv.conf && exec \"$0\" \"$@\""});
    ASSERT_TRUE(wait_for_audit("worker-confined"));
    EXPECT_EQ(connecting("127.0.0.11", 53), "done");
    EXPECT_EQ(connecting("127.0.0.12", 53), "EPERM");
    place().write("resolv.conf", "nameserver 127.0.0.12\n");
    ASSERT_TRUE(wait_for_log("name-servers-followed"));
    EXPECT_EQ(connecting("127.0.0.12", 53), "done");
    EXPECT_EQ(connecting("127.0.0.11", 53), "EPERM");
    EXPECT_EQ(connecting("127.0.0.12", 443), "EPERM");
    EXPECT_EQ(stop(), 0);
}

}  // namespace
}  // namespace bulkhead::test
