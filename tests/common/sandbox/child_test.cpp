#include "common/sandbox/child.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace bulkhead::sandbox {
namespace {

// The child holds the write end, as a child of the broker holds the lock of the ledger: poll(2)
// tells when the last process that has it is gone.
TEST(Child, DoesNotOutliveItsParent) {
    for (const std::uint64_t flags : {0, CLONE_FILES}) {
        auto pipe = sys::make_pipe().value();
        const pid_t parent = ::fork();
        if (parent == 0) {
            const auto child = Child::start(flags, -1, [&] {
                static_cast<void>(sys::write_all(pipe.write, as_bytes("x")));
                for (;;) ::pause();
            });
            for (;;) ::pause();
        }
        pipe.write.reset();
        char ready = 0;
        ASSERT_EQ(::read(pipe.read.get(), &ready, 1), 1);
        ::kill(parent, SIGKILL);
        ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
        pollfd gone{.fd = pipe.read.get(), .events = POLLIN, .revents = 0};
        ASSERT_EQ(::poll(&gone, 1, 10'000), 1) << "it lives on";
        EXPECT_NE(gone.revents & POLLHUP, 0);
    }
}

}  // namespace
}  // namespace bulkhead::sandbox
