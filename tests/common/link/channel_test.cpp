#include "common/link/channel.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/sys/dir.hpp"

namespace bulkhead::link {
namespace {

std::size_t open_descriptors() {
    return sys::Dir::open("/proc/self/fd").value().list().value().size();
}

bool same_file(int a, int b) {
    struct stat first {
    }, second{};
    return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_ino == second.st_ino &&
           first.st_dev == second.st_dev;
}

// What a peer that does not use our send() may put on the wire.
void send_raw(int socket, std::size_t bytes, const std::vector<int>& descriptors) {
    std::vector<char> payload(bytes, 'x');
    iovec part{.iov_base = payload.data(), .iov_len = payload.size()};
    std::vector<char> control(CMSG_SPACE(descriptors.size() * sizeof(int)));
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
        std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
    }
    ASSERT_EQ(::sendmsg(socket, &message, 0), static_cast<ssize_t>(bytes));
}

struct ChannelTest : testing::Test {
    std::pair<Channel, Channel> ends = Channel::pair().value();
    Channel& here = ends.first;
    Channel& there = ends.second;
    sys::Fd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
};

TEST_F(ChannelTest, APacketKeepsItsBordersAndOrder) {
    ASSERT_TRUE(here.send(as_bytes("first")));
    ASSERT_TRUE(here.send(as_bytes("second")));
    EXPECT_EQ(as_text(there.receive()->value().bytes), "first");
    EXPECT_EQ(as_text(there.receive()->value().bytes), "second");
}

TEST_F(ChannelTest, DescriptorsRideAlongInOrderAndCloseOnExec) {
    const sys::Fd zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(here.send(as_bytes("x"), std::array{null.get(), zero.get(), null.get()}));
    const auto packet = there.receive().value().value();
    ASSERT_EQ(packet.descriptors.size(), 3U);
    EXPECT_TRUE(same_file(packet.descriptors[0].get(), null.get()));
    EXPECT_TRUE(same_file(packet.descriptors[1].get(), zero.get()));
    EXPECT_TRUE(same_file(packet.descriptors[2].get(), null.get()));
    for (const auto& fd : packet.descriptors) {
        EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
    }
}

TEST_F(ChannelTest, BothEndsCloseOnExec) {
    EXPECT_EQ(::fcntl(here.fd(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(::fcntl(there.fd(), F_GETFD), FD_CLOEXEC);
}

TEST_F(ChannelTest, WhoSentAPacketIsNoDescriptor) {
    const int on = 1;
    ASSERT_EQ(::setsockopt(there.descriptor().get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
    ASSERT_TRUE(here.send(as_bytes("x"), std::array{null.get()}));
    const auto packet = there.receive().value().value();
    ASSERT_EQ(packet.descriptors.size(), 1U);
    EXPECT_TRUE(same_file(packet.descriptors[0].get(), null.get()));
}

TEST_F(ChannelTest, TheLargestPacketWithTheMostDescriptorsPasses) {
    const std::vector<int> most(kMaxDescriptors, null.get());
    ASSERT_TRUE(here.send(Bytes(kMaxFrame), most));
    const auto packet = there.receive().value().value();
    EXPECT_EQ(packet.bytes.size(), kMaxFrame);
    EXPECT_EQ(packet.descriptors.size(), kMaxDescriptors);
}

TEST_F(ChannelTest, SendRefusesWhatReceiveWouldRefuse) {
    EXPECT_EQ(here.send(Bytes(kMaxFrame + 1)).error().kind, Error::Kind::too_large);
    const std::vector<int> more(kMaxDescriptors + 1, null.get());
    EXPECT_EQ(here.send(as_bytes("x"), more).error().kind, Error::Kind::too_large);
    ASSERT_TRUE(sys::set_nonblocking(there.descriptor(), true));
    EXPECT_EQ(there.receive().error().code, EAGAIN) << "nothing of it was sent";
}

TEST_F(ChannelTest, ATooLongPacketIsAViolationAndKeepsNothing) {
    const auto before = open_descriptors();
    send_raw(here.fd(), kMaxFrame + 1, {null.get(), null.get()});
    EXPECT_EQ(there.receive().error().kind, Error::Kind::malformed);
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ChannelTest, TooManyDescriptorsAreAViolationAndNoneStaysOpen) {
    const auto before = open_descriptors();
    // 253 is the most the kernel passes in one message.
    for (const std::size_t count : {kMaxDescriptors + 1, std::size_t{253}}) {
        send_raw(here.fd(), 20, std::vector<int>(count, null.get()));
        EXPECT_EQ(there.receive().error().kind, Error::Kind::malformed) << count;
        EXPECT_EQ(open_descriptors(), before) << count;
    }
}

TEST_F(ChannelTest, APacketThatIsThrownAwayTakesItsDescriptorsAlong) {
    const auto before = open_descriptors();
    for (int round = 0; round < 100; ++round) {
        ASSERT_TRUE(here.send(as_bytes("x"), std::array{null.get()}));
        ASSERT_TRUE(there.receive().value());
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ChannelTest, AGonePeerIsNothingAndNotAnError) {
    ASSERT_TRUE(here.send(as_bytes("last words")));
    ends.first = Channel(sys::Fd());
    EXPECT_EQ(as_text(there.receive()->value().bytes), "last words");
    EXPECT_FALSE(there.receive().value());
    EXPECT_EQ(there.send(as_bytes("anyone?")).error().code, EPIPE) << "and no SIGPIPE";
}

TEST_F(ChannelTest, APeerThatDiedWithoutReadingIsGoneAsWell) {
    // A Unix socket answers ECONNRESET then.
    ASSERT_TRUE(there.send(as_bytes("never read")));
    ends.first = Channel(sys::Fd());
    EXPECT_FALSE(there.receive().value());
}

TEST_F(ChannelTest, AnEmptyPacketEndsTheConversation) {
    send_raw(here.fd(), 0, {});
    EXPECT_FALSE(there.receive().value());
}

TEST_F(ChannelTest, ADescriptorOnAnEmptyPacketIsNotKept) {
    const auto before = open_descriptors();
    send_raw(here.fd(), 0, {null.get()});
    EXPECT_FALSE(there.receive().value());
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ChannelTest, AFullSocketIsAnErrorAndDoesNotHoldUpTheSender) {
    Result<> sent;
    int packets = 0;
    while ((sent = here.send(Bytes(kMaxFrame)))) ASSERT_LT(++packets, 100'000);
    EXPECT_EQ(sent.error().code, EAGAIN);
    ASSERT_TRUE(there.receive().value());
    EXPECT_TRUE(here.send(as_bytes("x"))) << "what was read makes room";
}

TEST_F(ChannelTest, NothingToReadIsEagainWhenNonblocking) {
    ASSERT_TRUE(sys::set_nonblocking(there.descriptor(), true));
    EXPECT_EQ(there.receive().error().code, EAGAIN);
}

}  // namespace
}  // namespace bulkhead::link
