#include "broker/processes/closer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>

#include "common/sandbox/privileges.hpp"
#include "common/sys/dir.hpp"
#include "tests/support/lingering.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::broker {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 40s;

bool is_readable(int fd, std::chrono::milliseconds patience) {
    pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&wait, 1, static_cast<int>(patience.count())) == 1;
}

struct CloserTest : testing::Test {
    link::Channel ours{sys::Fd()};
    link::Channel theirs{sys::Fd()};
    std::optional<Closer> closer;

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "it keeps root's user id";
        std::tie(ours, theirs) = link::Channel::pair().value();
        ASSERT_OK(sys::set_nonblocking(ours.descriptor(), true));
        closer.emplace(Closer::start(ours).value());
    }
    Result<std::optional<link::Packet>> fetched() {
        EXPECT_OK(closer->fetch());
        EXPECT_TRUE(is_readable(closer->answers(), kPatience));
        return closer->receive();
    }
    bool ends() { return is_readable(closer->pidfd().get(), kPatience); }
};

TEST_F(CloserTest, HandsOnSealedMemoryAndNothingElse) {
    const auto script = sys::sealed_memfd("script", as_bytes("#!/bin/sh\n")).value();
    const sys::Fd file(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    const sys::Fd path(::open("/etc/passwd", O_PATH | O_CLOEXEC));
    const int all[] = {file.get(), script.get(), path.get()};
    ASSERT_OK(theirs.send(as_bytes("a frame"), all));
    EXPECT_TRUE(ours.next_has_descriptors());
    const auto packet = fetched();
    ASSERT_TRUE(packet && *packet);
    EXPECT_EQ(as_text((*packet)->bytes), "a frame");
    ASSERT_EQ((*packet)->descriptors.size(), 3U);
    EXPECT_OK(sys::require_sealed((*packet)->descriptors[1], 1024));
    for (const auto i : {0U, 2U}) {
        struct stat info {};
        ASSERT_EQ(::fstat((*packet)->descriptors[i].get(), &info), 0);
        EXPECT_TRUE(S_ISCHR(info.st_mode)) << "/dev/null";
    }
    EXPECT_FALSE(ours.next_has_descriptors());
}

TEST_F(CloserTest, AnswersForTheNextPacketWhenWhatCameBeforeIsClosed) {
    const test::Lingering slow;
    const int fd = slow.fd();
    ASSERT_OK(theirs.send(as_bytes("slow"), std::span(&fd, 1)));
    ASSERT_TRUE(fetched());
    slow.forget();
    ASSERT_OK(closer->release());
    const auto quick = sys::sealed_memfd("quick", as_bytes("x")).value();
    const int other = quick.get();
    ASSERT_OK(theirs.send(as_bytes("quick"), std::span(&other, 1)));
    ASSERT_OK(closer->fetch());
    EXPECT_FALSE(is_readable(closer->answers(), 300ms)) << "nothing was slow to close";
    slow.end();
    ASSERT_TRUE(is_readable(closer->answers(), kPatience));
    EXPECT_EQ(as_text(closer->receive().value().value().bytes), "quick");
}

TEST_F(CloserTest, ClosesWhatNobodyHasReadWithoutRoot) {
    const test::Lingering slow;
    const int fd = slow.fd();
    ASSERT_OK(theirs.send(as_bytes("unread"), std::span(&fd, 1)));
    slow.forget();
    const auto began = std::chrono::steady_clock::now();
    theirs = link::Channel(sys::Fd());
    ours = link::Channel(sys::Fd());
    closer->finish();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
    EXPECT_FALSE(is_readable(closer->pidfd().get(), 300ms)) << "nothing was slow to close";
    slow.end();
    EXPECT_TRUE(ends());
    closer->reap();
}

TEST_F(CloserTest, APacketThatIsTooLongIsAnErrorAndNoneOfItIsHandedOn) {
    std::vector<int> many(link::kMaxDescriptors + 1, STDERR_FILENO);
    alignas(cmsghdr) std::array<char, CMSG_SPACE((link::kMaxDescriptors + 1) * sizeof(int))> room{};
    char byte = 'x';
    iovec part{.iov_base = &byte, .iov_len = 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    auto* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(many.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), many.data(), many.size() * sizeof(int));
    ASSERT_EQ(::sendmsg(theirs.fd(), &message, 0), 1);
    const auto packet = fetched();
    ASSERT_FALSE(packet);
    EXPECT_EQ(packet.error().what, "packet too long");
    EXPECT_EQ(packet.error().kind, Error::Kind::malformed);
    theirs = link::Channel(sys::Fd());
    EXPECT_EQ(fetched().error().code, EPIPE);
}

TEST_F(CloserTest, HasNoRightAndNoDescriptorOfOurs) {
    const sys::Fd open_on_purpose(::open("/etc/passwd", O_RDONLY));
    ASSERT_TRUE(closer->fetch());
    ASSERT_TRUE(is_readable(closer->answers(), kPatience)) << "it is past its beginning";
    const auto pid = closer->pid();
    const auto seen = sandbox::read_proc_status(pid).value();
    EXPECT_OK(sandbox::require_ids(seen, {.user = {}, .groups = {}, .capabilities = 0}));
    const auto proc = sys::Dir::open("/proc/" + std::to_string(pid)).value();
    EXPECT_EQ(proc.open_dir("fd").value().list().value().size(), 5U);
    EXPECT_EQ(proc.read_file("comm", 64).value(), "closer\n");
    ::kill(pid, SIGTERM);
    closer->finish();
    ASSERT_TRUE(ends());
    EXPECT_TRUE(WIFEXITED(closer->reap())) << "a signal for the broker has ended it";
}

}  // namespace
}  // namespace bulkhead::broker
