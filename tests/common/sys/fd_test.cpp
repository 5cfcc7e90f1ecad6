#include "common/sys/fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "tests/support/tree.hpp"

namespace bulkhead::sys {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
bool closes_on_exec(const Fd& fd) { return (::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0; }

std::string refusal(const Fd& fd, std::uint64_t max = 100) {
    const auto size = require_sealed(fd, max);
    return size ? "" : size.error().what;
}

Fd memfd(int seals, std::string_view content = "text") {
    Fd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EXPECT_TRUE(write_all(fd, as_bytes(content)));
    EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, seals), 0);
    return fd;
}

TEST(Fd, ClosesWhatItOwnsOnce) {
    int number = -1;
    {
        const Fd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        number = fd.get();
        EXPECT_TRUE(is_open(number));
    }
    EXPECT_FALSE(is_open(number));
}

TEST(Fd, MovingHandsItOnAndClosesWhatWasThere) {
    Fd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    Fd second(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    const int null = first.get();
    const int zero = second.get();
    second = std::move(first);
    EXPECT_EQ(second.get(), null);
    EXPECT_FALSE(first);  // NOLINT: moved from is empty, by its own promise
    EXPECT_FALSE(is_open(zero));
    EXPECT_TRUE(is_open(null));
    second = std::move(*&second);
    EXPECT_TRUE(is_open(null)) << "moving to itself changes nothing";
    const int released = second.release();
    EXPECT_TRUE(is_open(released));
    ::close(released);
}

TEST(Fd, ADuplicateIsAnotherThatClosesOnExec) {
    const Fd fd(::open("/dev/null", O_RDONLY));
    const auto copy = fd.duplicate();
    ASSERT_TRUE(copy);
    EXPECT_NE(copy->get(), fd.get());
    EXPECT_TRUE(closes_on_exec(*copy));
    EXPECT_EQ(Fd().duplicate().error().code, EBADF);
}

TEST(Pipe, EndsCloseOnExecAndCarryBytes) {
    auto pipe = make_pipe(1 << 16);
    ASSERT_TRUE(pipe);
    EXPECT_TRUE(closes_on_exec(pipe->read));
    EXPECT_TRUE(closes_on_exec(pipe->write));
    ASSERT_TRUE(write_all(pipe->write, as_bytes("through")));
    pipe->write.reset();
    EXPECT_EQ(read_to_end(pipe->read, 100), "through");
}

TEST(Pipe, HoldsWhatWasAskedFor) {
    EXPECT_EQ(::fcntl(make_pipe(1 << 18)->write.get(), F_GETPIPE_SZ), 1 << 18);
}

TEST(Pipe, AbsurdCapacityIsNoError) { EXPECT_TRUE(make_pipe(1 << 30)); }

TEST(SealedMemfd, HoldsItsContentFromTheStart) {
    const auto fd = sealed_memfd("job", as_bytes("#!/bin/sh\n"));
    ASSERT_TRUE(fd);
    EXPECT_TRUE(closes_on_exec(*fd));
    EXPECT_EQ(require_sealed(*fd, 10), 10U);
    EXPECT_EQ(read_to_end(*fd, 100), "#!/bin/sh\n");
    EXPECT_EQ(read_from_start(*fd, 100), "#!/bin/sh\n");
}

TEST(SealedMemfd, CannotBeChangedByAnyRoad) {
    const auto fd = sealed_memfd("job", as_bytes("text"));
    ASSERT_TRUE(fd);
    EXPECT_EQ(::pwrite(fd->get(), "x", 1, 0), -1);
    EXPECT_EQ(errno, EPERM);
    EXPECT_EQ(::ftruncate(fd->get(), 1), -1);
    EXPECT_EQ(::ftruncate(fd->get(), 100), -1);
    EXPECT_EQ(::mmap(nullptr, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd->get(), 0), MAP_FAILED);
    EXPECT_EQ(::fallocate(fd->get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4), -1);
    EXPECT_EQ(::fcntl(fd->get(), F_ADD_SEALS, F_SEAL_SHRINK), -1) << "no further seals";
    // A new open file description of the same file is bound by the same seals.
    const auto path = "/proc/self/fd/" + std::to_string(fd->get());
    const Fd again(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(again);
    EXPECT_EQ(::pwrite(again.get(), "x", 1, 0), -1);
    EXPECT_EQ(read_from_start(*fd, 100), "text");
}

TEST(RequireSealed, RefusesUnsealedAndHalfSealed) {
    const std::string refused = "descriptor is not a sealed memfd";
    constexpr int kAll = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    EXPECT_EQ(refusal(memfd(kAll)), "");
    EXPECT_EQ(refusal(memfd(0)), refused);
    for (const int missing : {F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE}) {
        EXPECT_EQ(refusal(memfd(kAll & ~missing)), refused) << missing;
    }
}

TEST(RequireSealed, RefusesWhatIsNoMemfd) {
    const std::string refused = "descriptor is not a sealed memfd";
    const test::TempDir dir;
    const auto fifo = dir / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    const Fd first(ends[0]), second(ends[1]);
    EXPECT_EQ(refusal(Fd(::open(fifo.c_str(), O_RDWR))), refused);
    EXPECT_EQ(refusal(first), refused);
    EXPECT_EQ(refusal(make_pipe()->read), refused);
    EXPECT_EQ(refusal(Fd(::open("/etc/passwd", O_RDONLY))), refused);
    EXPECT_EQ(refusal(Fd(::open("/", O_RDONLY))), refused);
    EXPECT_EQ(refusal(Fd(::open("/dev/zero", O_RDONLY))), refused);
    EXPECT_EQ(refusal(Fd()), refused);
}

TEST(RequireSealed, RefusesMoreBytesThanAllowed) {
    const auto fd = sealed_memfd("job", as_bytes("12345"));
    ASSERT_TRUE(fd);
    EXPECT_EQ(require_sealed(*fd, 5), 5U);
    const auto refused = require_sealed(*fd, 4);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what, "5 bytes, limit 4");
    EXPECT_EQ(refused.error().kind, Error::Kind::too_large);
}

TEST(Read, MoreThanTheLimitIsAnErrorNotACut) {
    const auto fd = sealed_memfd("job", as_bytes(std::string(40'000, 'x')));
    ASSERT_TRUE(fd);
    EXPECT_EQ(read_to_end(*fd, 39'999).error().kind, Error::Kind::too_large);
    EXPECT_EQ(read_from_start(*fd, 39'999).error().kind, Error::Kind::too_large);
    EXPECT_EQ(read_from_start(*fd, 40'000)->size(), 40'000U);
}

TEST(Read, FromTheStartLeavesThePositionAlone) {
    const auto fd = sealed_memfd("job", as_bytes("abc"));
    ASSERT_EQ(::lseek(fd->get(), 2, SEEK_SET), 2);
    EXPECT_EQ(read_from_start(*fd, 10), "abc");
    EXPECT_EQ(::lseek(fd->get(), 0, SEEK_CUR), 2);
    EXPECT_EQ(read_to_end(*fd, 10), "c");
}

TEST(Read, AnOldInterruptionIsNoneOfThisRead) {
    const Fd fd = sealed_memfd("test", as_bytes("text")).value();
    errno = EINTR;
    EXPECT_EQ(read_to_end(fd, 10), "text");
}

TEST(Read, ErrorsSayWhatFailed) {
    const Fd closed;
    EXPECT_EQ(read_to_end(closed, 10).error().what, "read: Bad file descriptor");
    EXPECT_EQ(write_all(closed, as_bytes("x")).error().code, EBADF);
}

TEST(Nonblocking, IsSwitchedOnAndOff) {
    const auto pipe = make_pipe();
    ASSERT_TRUE(set_nonblocking(pipe->read, true));
    EXPECT_EQ(read_to_end(pipe->read, 10).error().code, EAGAIN);
    ASSERT_TRUE(set_nonblocking(pipe->read, false));
    EXPECT_EQ(::fcntl(pipe->read.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_FALSE(set_nonblocking(Fd(), true));
}

}  // namespace
}  // namespace bulkhead::sys
