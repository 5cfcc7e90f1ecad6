#include "broker/notify.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/support/service_manager.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using namespace std::chrono_literals;

std::string received(test::NotifySocket& manager) {
    const auto datagram = manager.receive();
    return datagram ? datagram->text : "nothing";
}

struct NotifyTest : testing::Test {
    void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
    void TearDown() override {
        for (const auto* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID",
                                 "LISTEN_FDS", "LISTEN_FDNAMES"})
            ::unsetenv(name);
    }
};

TEST_F(NotifyTest, DatagramsReachTheServiceManager) {
    const test::TempDir dir;
    test::NotifySocket manager(dir / "notify");
    set("NOTIFY_SOCKET", dir / "notify");
    const auto notifier = Notifier::from_environment();
    notifier.send("READY=1\nSTATUS=serving");
    notifier.status("2 jobs running");
    EXPECT_EQ(received(manager), "READY=1\nSTATUS=serving");
    EXPECT_EQ(received(manager), "STATUS=2 jobs running");
}

TEST_F(NotifyTest, ADescriptorGoesAlongAndNothingWaits) {
    const test::TempDir dir;
    test::NotifySocket manager(dir / "notify");
    set("NOTIFY_SOCKET", dir / "notify");
    const auto notifier = Notifier::from_environment();
    const auto pipe = sys::make_pipe().value();
    ASSERT_TRUE(sys::write_all(pipe.write, as_bytes("x")));
    ASSERT_TRUE(notifier.send("FDSTORE=1", &pipe.read));
    const auto datagram = manager.receive();
    ASSERT_TRUE(datagram);
    EXPECT_EQ(datagram->text, "FDSTORE=1");
    char letter = 0;
    EXPECT_EQ(::read(datagram->fd.get(), &letter, 1), 1);

    auto sent = notifier.send("FDSTORE=1", &pipe.read);
    for (int i = 0; sent && i < 100'000; ++i) sent = notifier.send("FDSTORE=1", &pipe.read);
    ASSERT_FALSE(sent);
    EXPECT_TRUE(sent.error().code == EAGAIN || sent.error().code == ETOOMANYREFS)
        << sent.error().what;
}

struct Handed {
    std::string pid, count, names;
    bool stays = false;  // where none is taken: the descriptors are nobody's to close
};

TEST_F(NotifyTest, DescriptorsAreTakenOnlyIfTheyWereHandedToThisProcess) {
    // In a process of its own, because the descriptors are those from 3 on. Its exit status says
    // how many were taken.
    const auto taken = [this](const Handed& handed) {
        const pid_t child = ::fork();
        if (child == 0) {
            const int zero = ::open("/dev/zero", O_RDONLY);
            if (::dup2(zero, 3) != 3 || ::dup2(zero, 4) != 4) ::_exit(101);
            set("LISTEN_PID", handed.pid == "own" ? std::to_string(::getpid()) : handed.pid);
            set("LISTEN_FDS", handed.count);
            set("LISTEN_FDNAMES", handed.names);
            const auto kept = Notifier::from_environment().take_kept();
            if (::getenv("LISTEN_FDS") != nullptr) ::_exit(102);
            // A process of a job would inherit what is left open.
            const bool open = ::fcntl(3, F_GETFD) >= 0 || ::fcntl(4, F_GETFD) >= 0;
            if (kept.empty() && open != handed.stays) ::_exit(104);
            for (const auto& [name, fd] : kept) {
                if ((::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) == 0) ::_exit(103);
            }
            ::_exit(static_cast<int>(kept.size()));
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    };
    EXPECT_EQ(taken({"own", "2", "a:b"}), 2);
    EXPECT_EQ(taken({"1", "2", "a:b", true}), 0) << "of another process";
    EXPECT_EQ(taken({"", "2", "a:b", true}), 0);
    EXPECT_EQ(taken({"own", "3", "a:b"}), 0) << "names and number differ";
    EXPECT_EQ(taken({"own", "2", "a"}), 0) << "they are closed";
    EXPECT_EQ(taken({"own", "2", "a:b:c"}), 0);
    EXPECT_EQ(taken({"own", "2", ""}), 0) << "a service manager that names none";
    EXPECT_EQ(taken({"own", "-1", "", true}), 0);
    EXPECT_EQ(taken({"own", "99999999999999999999", "a", true}), 0);
    EXPECT_EQ(taken({"own", "0", "", true}), 0);
}

TEST_F(NotifyTest, AnAbstractAddressWorksToo) {
    const auto name = "@bulkhead-notify-" + std::to_string(::getpid());
    test::NotifySocket manager(name);
    set("NOTIFY_SOCKET", name);
    Notifier::from_environment().send("READY=1");
    EXPECT_EQ(received(manager), "READY=1");
}

TEST_F(NotifyTest, WithoutAManagerNothingHappens) {
    Notifier::from_environment().send("READY=1");
    set("NOTIFY_SOCKET", std::string(200, 'x'));
    Notifier::from_environment().send("READY=1");
    set("NOTIFY_SOCKET", "/no/such/socket");
    Notifier::from_environment().send("READY=1");
}

TEST_F(NotifyTest, AFullManagerDoesNotHoldUsUp) {
    const test::TempDir dir;
    test::NotifySocket manager(dir / "notify");
    set("NOTIFY_SOCKET", dir / "notify");
    const auto notifier = Notifier::from_environment();
    for (int i = 0; i < 10'000; ++i) notifier.send("WATCHDOG=1");
    EXPECT_EQ(received(manager), "WATCHDOG=1");
}

TEST_F(NotifyTest, TheVariablesAreNotInherited) {
    set("NOTIFY_SOCKET", "/x");
    set("WATCHDOG_USEC", "1000000");
    set("WATCHDOG_PID", "1");
    static_cast<void>(Notifier::from_environment());
    for (const auto* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
        EXPECT_EQ(::getenv(name), nullptr) << name;
}

TEST_F(NotifyTest, TheWatchdogIsFedAtTwiceItsPace) {
    set("WATCHDOG_USEC", "30000000");
    EXPECT_EQ(Notifier::from_environment().watchdog(), 15s);
    set("WATCHDOG_USEC", "30000000");
    set("WATCHDOG_PID", std::to_string(::getpid()));
    EXPECT_EQ(Notifier::from_environment().watchdog(), 15s);
}

TEST_F(NotifyTest, AWatchdogOfAnotherProcessOrOfNonsenseIsNone) {
    set("WATCHDOG_USEC", "30000000");
    set("WATCHDOG_PID", std::to_string(::getpid() + 1));
    EXPECT_FALSE(Notifier::from_environment().watchdog());
    for (const auto* value : {"", "0", "-5", "soon", "30s", "99999999999999999999"}) {
        set("WATCHDOG_USEC", value);
        EXPECT_FALSE(Notifier::from_environment().watchdog()) << value;
    }
}

}  // namespace
}  // namespace bulkhead::broker
