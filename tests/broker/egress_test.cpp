// Whom a worker may ask for names, while resolv.conf changes.
#include "broker/egress.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <filesystem>

#include "tests/support/kernel.hpp"
#include "tests/support/scratch_cgroup.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using namespace std::chrono_literals;

TEST(TryEgress, ACgroupThatIsNoneIsNotTakenForALie) {
    const auto tried = try_egress(-1);
    ASSERT_FALSE(tried);
    EXPECT_EQ(tried.error().kind, Error::Kind::none);
}

class FollowedEgress : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "only root attaches programs to a cgroup";
        if (!test::cgroup2_is_mounted()) GTEST_SKIP() << "no cgroup2 file system is mounted";
        if (const auto why = test::kernel_filters_sockets(); !why.empty()) GTEST_SKIP() << why;
        cgroup_.emplace();
        egress_.emplace(servers_, sys::Fd(::dup(cgroup_->fd())));
        servers_.follow([this] {
            EXPECT_TRUE(egress_->follow());
            followed_ = true;
        });
        ASSERT_TRUE(egress_->raise({}));
    }
    void wait() {
        const auto end = sys::Clock::now() + 10s;
        while (!followed_ && sys::Clock::now() < end) EXPECT_TRUE(loop_.step(1s));
        EXPECT_TRUE(std::exchange(followed_, false));
    }
    // May it be asked? Nothing is sent.
    bool asks(const std::string& server) const {
        return cgroup_->in_it([&]() -> long {
            sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(53)};
            ::inet_pton(AF_INET, server.c_str(), &to.sin_addr);
            const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
            return ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
        }) == 0;
    }

    test::Tree tree_{{"resolv.conf", "nameserver 127.0.0.11\n"}};
    sys::Loop loop_ = sys::Loop::create().value();
    sys::Log log_{"broker", STDERR_FILENO};
    NameServers servers_{loop_, log_, tree_.path() + "/resolv.conf"};
    std::optional<test::ScratchCgroup> cgroup_;
    std::optional<Egress> egress_;
    bool followed_ = false;
};

TEST_F(FollowedEgress, IsOfTheNameServersThatStandThereNow) {
    EXPECT_TRUE(asks("127.0.0.11"));
    EXPECT_FALSE(asks("127.0.0.12"));
    tree_.write("resolv.conf", "nameserver 127.0.0.12\n");
    wait();
    EXPECT_TRUE(asks("127.0.0.12"));
    EXPECT_FALSE(asks("127.0.0.11"));
}

// Which a worker whose view holds the old file goes on asking.
TEST_F(FollowedEgress, KeepsThoseOfAFileThatWasReplacedUntilTheNextWorker) {
    tree_.write("new", "nameserver 127.0.0.12\n");
    std::filesystem::rename(tree_.path() + "/new", tree_.path() + "/resolv.conf");
    wait();
    EXPECT_TRUE(asks("127.0.0.12"));
    EXPECT_TRUE(asks("127.0.0.11"));
    ASSERT_TRUE(egress_->raise({}));
    EXPECT_TRUE(asks("127.0.0.12"));
    EXPECT_FALSE(asks("127.0.0.11"));
}

}  // namespace
}  // namespace bulkhead::broker
