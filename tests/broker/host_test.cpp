#include "broker/host.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/in_run.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr sandbox::User kWorker{64123, 64123};

struct HostTest : testing::Test {
    test::InRun in_run;
    test::TempDir dir;
    Options options;

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root to give directories away";
        options.state = dir / "state";
        options.log_dir = dir / "log";
        options.run_dir = dir / "run";
    }
    std::string refusal() const {
        const auto directories = prepare_directories(options);
        return directories ? "" : directories.error().what;
    }
    static struct stat of(const std::string& path) {
        struct stat info {};
        EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
        return info;
    }
};

TEST_F(HostTest, PlacesAreMadeForThoseWhoUseThem) {
    ASSERT_EQ(refusal(), "");
    EXPECT_EQ(of(dir / "state/broker").st_mode & 07777, 0700U);
    EXPECT_EQ(of(dir / "state/broker").st_uid, 0U);
    EXPECT_EQ(of(dir / "state/workers").st_mode & 07777, 0700U);
    EXPECT_EQ(of(dir / "state/workers").st_uid, 0U);
    ASSERT_TRUE(make_home(options, "main", kWorker));
    EXPECT_EQ(of(dir / "state/workers/main").st_mode & 07777, 0700U);
    EXPECT_EQ(of(dir / "state/workers/main").st_uid, kWorker.uid);
    EXPECT_EQ(of(dir / "log").st_uid, 0U);
}

TEST_F(HostTest, TheStatusSocketIsForRootAndTheAgentsGroup) {
    ASSERT_EQ(refusal(), "");
    ASSERT_TRUE(make_home(options, "main", kWorker));
    EXPECT_TRUE(make_home(options, "main", kWorker)) << "an old socket is replaced";
    const auto socket = of(dir / "run/status/main.sock");
    EXPECT_TRUE(S_ISSOCK(socket.st_mode));
    EXPECT_EQ(socket.st_mode & 07777, 0660U);
    EXPECT_EQ(socket.st_uid, 0U);
    EXPECT_EQ(socket.st_gid, sandbox::find_group("bulkhead").value_or(kWorker.gid));
}

TEST_F(HostTest, NoSocketIsLeftOfABackendThatIsConfiguredNoMore) {
    ASSERT_EQ(refusal(), "");
    ASSERT_TRUE(make_home(options, "gone", kWorker));
    ASSERT_TRUE(remove_files_in(options.run_dir + "/status"));
    EXPECT_NE(::access((dir / "run/status/gone.sock").c_str(), F_OK), 0);
}

TEST_F(HostTest, ASecondStartFindsThemAsTheyAre) {
    ASSERT_EQ(refusal(), "");
    EXPECT_EQ(refusal(), "");
}

TEST_F(HostTest, APlaceThatOthersCouldWriteIsRefused) {
    ASSERT_EQ(refusal(), "");
    for (const auto* name : {"state", "state/broker", "state/workers", "log", "run"}) {
        const auto path = dir / name;
        const auto mode = of(path).st_mode & 07777;
        ::chmod(path.c_str(), mode | 0020);
        EXPECT_THAT(refusal(), HasSubstr("not be writable by group or others")) << name;
        ::chmod(path.c_str(), mode | 0002);
        EXPECT_THAT(refusal(), HasSubstr("not be writable by group or others")) << name;
        ::chmod(path.c_str(), mode);
        EXPECT_EQ(refusal(), "");
    }
}

TEST_F(HostTest, APlaceOfSomebodyElseIsRefused) {
    ASSERT_EQ(refusal(), "");
    for (const auto* name : {"state", "state/broker", "log", "run"}) {
        const auto path = dir / name;
        ASSERT_EQ(::chown(path.c_str(), kWorker.uid, 0), 0);
        EXPECT_THAT(refusal(), HasSubstr("must belong to user 0")) << name;
        ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
    }
    ASSERT_TRUE(make_home(options, "main", kWorker));
    EXPECT_THAT(make_home(options, "main", {64124, 64124}).error().what,
                HasSubstr("must belong to user 64124"));
}

TEST_F(HostTest, APlaceThatIsNoDirectoryOrCannotBeMadeIsRefused) {
    options.state = "/dev/null";
    EXPECT_NE(refusal(), "");
    options.state = dir / "missing/state";
    EXPECT_THAT(refusal(), HasSubstr("No such file or directory"));
    options.run_dir = dir / std::string(120, 'r');
    options.state = dir / "state";
    ASSERT_EQ(refusal(), "");
    EXPECT_THAT(make_home(options, "main", kWorker).error().what,
                HasSubstr("too long for a socket"));
}

TEST_F(HostTest, TheConfigurationMustBeRootsAlone) {
    const auto tree = test::tree({{"agent.yaml", "backend: x\n"}});
    const auto path = tree.path() + "/agent.yaml";
    ::chmod(path.c_str(), 0644);
    EXPECT_TRUE(open_config(path));
    const auto refused = [&] { return !open_config(path); };
    ::chmod(path.c_str(), 0664);
    EXPECT_TRUE(refused());
    ::chmod(path.c_str(), 0646);
    EXPECT_TRUE(refused());
    ::chmod(path.c_str(), 0644);
    ASSERT_EQ(::chown(path.c_str(), 64123, 0), 0);
    EXPECT_TRUE(refused());
    EXPECT_FALSE(open_config("/dev/null"));
    EXPECT_FALSE(open_config(tree.path()));
}

// Whoever ran the command that a message gives would break the host.
TEST_F(HostTest, NoCommandIsAdvisedForADevice) {
    ASSERT_EQ(::symlink("/dev/null", (dir / "agent.yaml").c_str()), 0);
    EXPECT_EQ(open_config(dir / "agent.yaml").error().what,
              "configuration: behind the symlink " + (dir / "agent.yaml") +
                  ": /dev/null: is a device, FIFO or socket, and a regular file belongs there");
    ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
    ASSERT_EQ(::chown((dir / "fifo").c_str(), 64123, 0), 0);
    EXPECT_THAT(open_config(dir / "fifo").error().what, Not(HasSubstr("run:")));
}

TEST_F(HostTest, AMissingConfigurationIsAnErrorWhenItWasAskedFor) {
    EXPECT_EQ(open_config(dir / "agent.yaml").error().code, ENOENT);
    ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
    EXPECT_THAT(open_config(dir / "fifo").error().what, HasSubstr("is a FIFO"));
}

policy::Policy with_broker() {
    policy::Policy policy;
    auto& own = policy.parts["broker"];
    own.source.file = "profiles/broker.profile";
    own.capabilities = sandbox::capability(CAP_SYS_ADMIN) | sandbox::capability(CAP_SETUID);
    own.wished = sandbox::capability(CAP_SYS_PTRACE);
    own.in_force = sandbox::capability(CAP_KILL);
    return policy;
}

TEST(Ceiling, IsWhatRootNeedsAndWhatProfilesName) {
    auto policy = with_broker();
    const auto& own = policy.parts["broker"];
    const auto bare = ceiling_of(policy, sandbox::kAllCapabilities).value();
    EXPECT_EQ(bare, own.capabilities | own.wished | own.in_force);
    policy.profiles["one"].capabilities = sandbox::capability(CAP_SYS_MODULE);
    EXPECT_EQ(ceiling_of(policy, sandbox::kAllCapabilities),
              bare | sandbox::capability(CAP_SYS_MODULE));
}

TEST(Ceiling, AProfileThatWantsWhatIsOutOfReachIsNamed) {
    auto policy = with_broker();
    const auto all = sandbox::kAllCapabilities;
    EXPECT_THAT(ceiling_of(policy, all & ~sandbox::capability(CAP_SETUID)).error().what,
                testing::StartsWith("profiles/broker.profile: needs CAP_SETUID"));
    EXPECT_TRUE(ceiling_of(policy, all & ~sandbox::capability(CAP_SYS_PTRACE)))
        << "only wished for";
    auto& profile = policy.profiles["one"];
    profile.capabilities = sandbox::capability(CAP_SYS_TIME);
    profile.source.file = "profiles/one.profile";
    const auto ceiling = ceiling_of(policy, all & ~sandbox::capability(CAP_SYS_TIME));
    ASSERT_FALSE(ceiling);
    EXPECT_THAT(ceiling.error().what,
                testing::StartsWith("profiles/one.profile: needs CAP_SYS_TIME"));
}

}  // namespace
}  // namespace bulkhead::broker
