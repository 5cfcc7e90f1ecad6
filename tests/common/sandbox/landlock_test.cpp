// Rulesets for every version of Landlock that this kernel can play, entered by a child and tried.
#include "common/sandbox/landlock.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "tests/support/forked.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::sandbox {
namespace {

using policy::Access;
using policy::PathRule;

std::string outcome(bool done) {
    return done ? "yes" : errno == EACCES ? "no" : std::to_string(errno);
}

// Each try answers "yes", "no" for EACCES, or another errno.
std::string reads(const std::string& path) {
    return outcome(static_cast<bool>(sys::Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC))));
}
std::string writes(const std::string& path) {
    return outcome(static_cast<bool>(sys::Fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC))));
}
std::string truncates(const std::string& path) { return outcome(::truncate(path.c_str(), 0) == 0); }
std::string creates(const std::string& path) {
    return outcome(
        static_cast<bool>(sys::Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600))));
}
std::string removes(const std::string& path) { return outcome(::unlink(path.c_str()) == 0); }
std::string executes(const std::string& path) {
    const sys::Fd file(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    const int status = [&] {
        const pid_t child = ::fork();
        if (child == 0) {
            ::execl(path.c_str(), path.c_str(), nullptr);
            ::_exit(errno == EACCES ? 13 : 14);
        }
        int ended = 0;
        ::waitpid(child, &ended, 0);
        return WEXITSTATUS(ended);
    }();
    return status == 0 ? "yes" : status == 13 ? "no" : "failed";
}

sys::Fd listener(std::uint16_t& port) {
    sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(socket.get(), generic, length), 0);
    EXPECT_EQ(::listen(socket.get(), 4), 0);
    EXPECT_EQ(::getsockname(socket.get(), generic, &length), 0);
    port = ntohs(address.sin_port);
    return socket;
}

std::string connects(std::uint16_t port) {
    const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address{.sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr = {htonl(INADDR_LOOPBACK)},
                              .sin_zero = {}};
    return outcome(
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

// A file system to be judged: what is named after an access gets it, the rest nothing.
struct LandlockTest : testing::TestWithParam<int> {
    void SetUp() override {
        if (landlock_abi() == 0) GTEST_SKIP() << "this kernel has no Landlock";
        if (GetParam() > landlock_abi()) {
            GTEST_SKIP() << "this kernel's Landlock is version " << landlock_abi();
        }
        tree.write("execute/tool", "#!/bin/sh\nexit 0\n");
        tree.write("read/tool", "#!/bin/sh\nexit 0\n");
        ::chmod((tree.path() + "/execute/tool").c_str(), 0755);
        ::chmod((tree.path() + "/read/tool").c_str(), 0755);
    }

    test::Tree tree = test::tree({{"read/file", "text"},
                                  {"write/file", "text"},
                                  {"held/file", "text"},
                                  {"none/file", "text"},
                                  {"single", "text"}});

    std::string at(std::string_view name) const { return tree.path() + "/" + std::string(name); }
    PathRule rule(Access access, const std::string& path, bool if_present = false) const {
        return {.access = access,
                .path = path,
                .if_present = if_present,
                .source = {"worker.landlock", 3, "test"}};
    }
    std::vector<PathRule> rules() const {
        std::vector<PathRule> list{
            rule(Access::read, at("read")), rule(Access::execute, at("execute")),
            rule(Access::write, at("write")), rule(Access::write, at("single")),
            rule(Access::read, at("absent"), true)};
        // The interpreter of the tools.
        for (const char* path : {"/usr", "/bin", "/lib", "/lib64"})
            list.push_back(rule(Access::execute, path, true));
        return list;
    }
    // What `act` says under a ruleset of these rules and this version.
    std::string under(const LandlockRules& list, const std::function<std::string()>& act) const {
        const auto ruleset = make_ruleset(list, GetParam());
        if (!ruleset || !*ruleset) return ruleset ? "no ruleset" : ruleset.error().what;
        return test::forked([&]() -> std::string {
            ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            const auto done = restrict_self((*ruleset)->get());
            return done ? act() : done.error().what;
        });
    }
    std::string under(const std::function<std::string()>& act) const {
        const auto paths = rules();
        return under({.paths = paths, .writable = {}, .tcp_connect = std::nullopt}, act);
    }
};

TEST_P(LandlockTest, ReadingIsWhereARuleAllowsItAndNowhereElse) {
    EXPECT_EQ(under([&] { return reads(at("read/file")); }), "yes");
    EXPECT_EQ(under([&] { return reads(at("execute/tool")); }), "yes");
    EXPECT_EQ(under([&] { return reads(at("write/file")); }), "yes");
    EXPECT_EQ(under([&] { return reads(at("single")); }), "yes");
    EXPECT_EQ(under([&] { return reads(at("none/file")); }), "no");
    EXPECT_EQ(under([&] { return reads("/etc/passwd"); }), "no");
    EXPECT_EQ(under([&] { return reads(at("read/../none/file")); }), "no");
}

TEST_P(LandlockTest, WritingTakesAWriteRule) {
    EXPECT_EQ(under([&] { return writes(at("read/file")); }), "no");
    EXPECT_EQ(under([&] { return creates(at("read/new")); }), "no");
    EXPECT_EQ(under([&] { return removes(at("read/file")); }), "no");
    EXPECT_EQ(under([&] { return writes(at("write/file")); }), "yes");
    EXPECT_EQ(under([&] { return creates(at("write/new")); }), "yes");
    EXPECT_EQ(under([&] { return removes(at("write/new")); }), "yes");
    EXPECT_EQ(under([&] { return writes(at("single")); }), "yes");
}

TEST_P(LandlockTest, TruncationIsHeldFromTheThirdVersionOn) {
    EXPECT_EQ(under([&] { return truncates(at("read/file")); }), GetParam() >= 3 ? "no" : "yes");
    EXPECT_EQ(under([&] { return truncates(at("write/file")); }), "yes");
}

TEST_P(LandlockTest, RunningTakesAnExecuteRule) {
    EXPECT_EQ(under([&] { return executes(at("execute/tool")); }), "yes");
    EXPECT_EQ(under([&] { return executes(at("read/tool")); }), "no");
}

TEST_P(LandlockTest, AHeldDirectoryIsWritableWithoutARule) {
    const auto held = tree.open().open_dir("held").value();
    const int fd = held.fd();
    EXPECT_EQ(under({.paths = {}, .writable = {&fd, 1}, .tcp_connect = std::nullopt},
                    [&] {
                        return writes(at("held/file")) + creates(at("held/new")) +
                               reads(at("read/file"));
                    }),
              "yesyesno");
}

TEST_P(LandlockTest, MovingAFileOutOfItsDirectoryTakesTheSecondVersion) {
    EXPECT_EQ(under([&] {
                  return std::string(
                      ::rename(at("write/file").c_str(), at("none/file").c_str()) == 0 ? "moved"
                                                                                       : "held");
              }),
              "held");
}

TEST_P(LandlockTest, PortsAreHeldFromTheFourthVersionOn) {
    std::uint16_t open = 0, closed = 0;
    const auto first = listener(open);
    const auto second = listener(closed);
    const LandlockRules only_open{.paths = {}, .writable = {}, .tcp_connect = std::span(&open, 1)};
    EXPECT_EQ(under(only_open, [&] { return connects(open); }), "yes");
    EXPECT_EQ(under(only_open, [&] { return connects(closed); }), GetParam() >= 4 ? "no" : "yes");
    const LandlockRules unsaid{.paths = {}, .writable = {}, .tcp_connect = std::nullopt};
    EXPECT_EQ(under(unsaid, [&] { return connects(closed); }), "yes") << "absent is unrestricted";
    const LandlockRules none{
        .paths = {}, .writable = {}, .tcp_connect = std::span<const std::uint16_t>{}};
    EXPECT_EQ(under(none, [&] { return connects(open); }), GetParam() >= 4 ? "no" : "yes");
}

TEST_P(LandlockTest, BindingATcpPortIsNeverAllowedOnceConnectsAreNamed) {
    const LandlockRules none{
        .paths = {}, .writable = {}, .tcp_connect = std::span<const std::uint16_t>{}};
    EXPECT_EQ(
        under(none,
              [] {
                  const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
                  const sockaddr_in address{.sin_family = AF_INET,
                                            .sin_port = 0,
                                            .sin_addr = {htonl(INADDR_LOOPBACK)},
                                            .sin_zero = {}};
                  return outcome(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                                        sizeof address) == 0);
              }),
        GetParam() >= 4 ? "no" : "yes");
}

// A daemon outside, by a socket in the file system.
TEST_P(LandlockTest, SocketsByPathAreHeldFromTheNinthVersionOn) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const auto connects_to = [&](const char* row) {
        at(std::string(row) + "/socket").copy(address.sun_path, sizeof address.sun_path - 1);
        ::unlink(address.sun_path);
        const sys::Fd daemon(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto* name = reinterpret_cast<const sockaddr*>(&address);
        if (::bind(daemon.get(), name, sizeof address) != 0) return std::string("not bound");
        ::listen(daemon.get(), 1);
        const auto paths = rules();
        return under({.paths = paths,
                      .writable = {},
                      .tcp_connect = std::nullopt,
                      .ask_daemons = row == std::string("execute")},
                     [&] {
                         const sys::Fd asks(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
                         return outcome(::connect(asks.get(), name, sizeof address) == 0);
                     });
    };
    EXPECT_EQ(connects_to("read"), GetParam() >= 9 ? "no" : "yes");
    EXPECT_EQ(connects_to("write"), "yes");
    EXPECT_EQ(connects_to("execute"), "yes") << "who may ask daemons may so beneath every row";
}

std::string sends(const sys::Fd& socket, std::uint16_t port) {
    const sockaddr_in address{.sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr = {htonl(INADDR_LOOPBACK)},
                              .sin_zero = {}};
    return outcome(::sendto(socket.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&address),
                            sizeof address) == 1);
}

TEST_P(LandlockTest, DatagramsAreHeldFromTheTenthVersionOn) {
    std::uint16_t open = 0, closed = 0;
    const auto first = listener(open);  // nobody else has this port
    const auto second = listener(closed);
    const LandlockRules only_open{.paths = {}, .writable = {}, .tcp_connect = std::span(&open, 1)};
    const auto asks = [&](std::uint16_t port) {
        return under(only_open, [&] {
            return sends(sys::Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), port);
        });
    };
    EXPECT_EQ(asks(open), "yes") << "from a port that the kernel chooses";
    EXPECT_EQ(asks(53), "yes");
    EXPECT_EQ(asks(closed), GetParam() >= 10 ? "no" : "yes");
    EXPECT_EQ(under(only_open,
                    [&] {
                        const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
                        const sockaddr_in own{.sin_family = AF_INET,
                                              .sin_port = htons(closed),
                                              .sin_addr = {htonl(INADDR_LOOPBACK)},
                                              .sin_zero = {}};
                        return outcome(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&own),
                                              sizeof own) == 0);
                    }),
              GetParam() >= 10 ? "no" : "yes");
}

TEST_P(LandlockTest, SignalsStayInsideFromTheSixthVersionOn) {
    const pid_t parent = ::getpid();
    EXPECT_EQ(under([&] { return std::string(::kill(parent, 0) == 0 ? "reached" : "held"); }),
              GetParam() >= 6 ? "held" : "reached");
}

TEST_P(LandlockTest, AnAbsentPathIsAnErrorWithItsPlaceUnlessSaid) {
    const std::vector<PathRule> paths{rule(Access::read, at("absent"))};
    const auto ruleset =
        make_ruleset({.paths = paths, .writable = {}, .tcp_connect = std::nullopt}, GetParam());
    ASSERT_FALSE(ruleset);
    EXPECT_EQ(ruleset.error().what,
              "worker.landlock:3: " + at("absent") + ": No such file or directory");
}

INSTANTIATE_TEST_SUITE_P(Versions, LandlockTest, testing::Range(1, 11));

TEST(Landlock, WithoutAKernelForItThereIsNoRuleset) {
    const auto ruleset = make_ruleset({}, 0);
    ASSERT_TRUE(ruleset);
    EXPECT_FALSE(*ruleset);
}

TEST(Landlock, AVersionBeyondWhatWeKnowIsCapped) {
    if (landlock_abi() < 10) GTEST_SKIP() << "this kernel's Landlock is version " << landlock_abi();
    EXPECT_TRUE(make_ruleset({}, 99));
}

}  // namespace
}  // namespace bulkhead::sandbox
