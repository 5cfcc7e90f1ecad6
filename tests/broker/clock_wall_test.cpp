// The broker asks the kernel whether its clock is synchronised, and nothing of ours can set it.
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>

#include "broker/host.hpp"
#include "common/policy/load.hpp"
#include "common/sandbox/seccomp.hpp"
#include "common/sys/time_sync.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::broker {
namespace {

TEST(Ceiling, NoProfileGetsTheClock) {
    auto policy = policy::load(BULKHEAD_POLICY, policy::Trust::caller);
    ASSERT_OK(policy);
    EXPECT_TRUE(ceiling_of(*policy, sandbox::kAllCapabilities));
    policy->profiles["one"].capabilities = sandbox::capability(CAP_SYS_TIME);
    const auto ceiling = ceiling_of(*policy, sandbox::kAllCapabilities);
    ASSERT_FALSE(ceiling) << "although the unit gives it";
    EXPECT_THAT(ceiling.error().what, testing::HasSubstr("needs CAP_SYS_TIME"));
}

std::string said(const char* what, long answer) {
    return std::string(what) + (answer < 0 ? (errno == EPERM ? " EPERM\n" : " odd\n") : " ok\n");
}

// With all that root has but CAP_SYS_TIME. What is tried would change nothing if it were let
// through: the frequency and the zone that the kernel has.
std::string try_the_clock(const policy::SeccompList& ceiling) {
    timex now{};
    if (::syscall(SYS_adjtimex, &now) < 0) return "skip";
    now.modes = ADJ_FREQUENCY;
    struct timezone zone {};
    ::syscall(SYS_gettimeofday, nullptr, &zone);
    const auto filter = sandbox::compile(ceiling);
    if (!filter) return filter.error().what;
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct data[2]{};
    if (::geteuid() != 0 || ::syscall(SYS_capget, &header, data) != 0) return "skip";
    for (auto* set : {&data[0].effective, &data[0].permitted, &data[0].inheritable}) {
        *set &= ~(1U << CAP_SYS_TIME);
    }
    if (::syscall(SYS_capset, &header, data) != 0) return "skip";
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (const auto done = sandbox::install(*filter); !done) return done.error().what;
    return std::string(sys::kernel_says_synchronised() ? "read ok\n" : "read denied\n") +
           said("set", ::syscall(SYS_adjtimex, &now)) +
           said("clock_adjtime", ::syscall(SYS_clock_adjtime, CLOCK_REALTIME, &now)) +
           said("settimeofday", ::syscall(SYS_settimeofday, nullptr, &zone)) +
           said("clock_settime", ::syscall(SYS_clock_settime, CLOCK_REALTIME, nullptr));
}

TEST(Ceiling, LetsTheClockBeReadAndNotSet) {
    const auto policy = policy::load(BULKHEAD_POLICY, policy::Trust::caller);
    ASSERT_OK(policy);
    const auto answers = test::forked([&] { return try_the_clock(policy->ceiling()); });
    if (answers == "skip") GTEST_SKIP() << "needs root, and a kernel that lets the clock be read";
    EXPECT_EQ(answers,
              "read ok\nset EPERM\nclock_adjtime EPERM\nsettimeofday EPERM\nclock_settime EPERM\n");
}

}  // namespace
}  // namespace bulkhead::broker
