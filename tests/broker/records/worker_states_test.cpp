// Takes over the state of 0.1, stopped at every change of the disk and whatever a taken-over worker
// left there. The calls that change it are defined here, where the linker finds them before libc's.
#include "broker/records/worker_states.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/broker/records/old_state.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace {

long steps_left = -1;  // none: all happen
bool step_after = false;

template <class Call>
int step(Call call) {
    const bool last = steps_left == 0;
    if (steps_left > 0) --steps_left;
    if (last && !step_after) ::raise(SIGKILL);
    const long done = call();
    if (last) ::raise(SIGKILL);
    return static_cast<int>(done);
}

}  // namespace

extern "C" {

int fchownat(int dir, const char* path, uid_t uid, gid_t gid, int flags) noexcept {
    return step([&] { return ::syscall(SYS_fchownat, dir, path, uid, gid, flags); });
}
int chmod(const char* path, mode_t mode) noexcept {
    return step([&] { return ::syscall(SYS_chmod, path, mode); });
}
int mkdirat(int dir, const char* path, mode_t mode) noexcept {
    return step([&] { return ::syscall(SYS_mkdirat, dir, path, mode); });
}
int renameat2(int from, const char* old, int to, const char* name, unsigned flags) noexcept {
    return step([&] { return ::syscall(SYS_renameat2, from, old, to, name, flags); });
}
int unlinkat(int dir, const char* path, int flags) noexcept {
    return step([&] { return ::syscall(SYS_unlinkat, dir, path, flags); });
}

}  // extern "C"

namespace bulkhead::records {
namespace {

namespace fs = std::filesystem;
using test::Snapshot;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct WorkerStates : testing::Test {
    test::TempDir place;
    std::string top = place.path();
    std::string state;

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root: files of several users";
        ASSERT_EQ(::chmod(top.c_str(), 0755), 0);
        state = top + "/state";
        ASSERT_EQ(test::write_old_state(state), "");
    }

    std::string in_old(const std::string& name) const { return state + "/worker/" + name; }
    std::string in_new(const std::string& name) const { return state + "/workers/" + name; }
    void write_as_worker(const std::string& name, const std::string& text = "x") const {
        std::ofstream(in_old(name)) << text;
        ASSERT_EQ(::lchown(in_old(name).c_str(), test::kOldAccount, test::kOldAccount), 0);
    }

    // With no capability but CAP_CHOWN, killed at the step, if that comes; else what it says.
    std::string run(const std::function<Result<std::vector<std::string>>(const sys::Dir&)>& act,
                    long killed_at = -1, bool after = false) const {
        return test::forked([&]() -> std::string {
            const auto chown = sandbox::capability(CAP_CHOWN);
            if (const auto low = sandbox::lower_to(chown, chown); !low) return low.error().what;
            const auto dir = sys::Dir::open(state);
            if (!dir) return dir.error().what;
            steps_left = killed_at;
            step_after = after;
            const auto done = act(*dir);
            steps_left = -1;
            if (!done) return done.error().what;
            std::string text;
            for (const auto& line : *done) text += line + "\n";
            return text;
        });
    }
    std::string take_over(long killed_at = -1, bool after = false) const {
        return run([](const sys::Dir& dir) { return prepare_worker_states(dir, test::heirs()); },
                   killed_at, after);
    }
    std::string give_back(long killed_at = -1, bool after = false) const {
        return run(
            [](const sys::Dir& dir) {
                return give_back_states(dir, test::heirs(), {test::kOldAccount, test::kOldAccount});
            },
            killed_at, after);
    }
    // Afresh from what was copied away.
    void restore(const std::string& copy) const {
        fs::remove_all(state);
        ASSERT_EQ(std::system(("cp -a " + copy + " " + state).c_str()), 0);
    }
    std::string keep(const std::string& name) const {
        EXPECT_EQ(std::system(("cp -a " + state + " " + top + "/" + name).c_str()), 0);
        return top + "/" + name;
    }
    // Kills `act` before and after each step it takes, each time from `copy` on; then `mend`.
    int at_every_step(const std::string& copy, const std::function<std::string(long, bool)>& act,
                      const std::function<void()>& mend) const {
        int kills = 0;
        for (long n = 0;; ++n) {
            for (const bool after : {false, true}) {
                restore(copy);
                const auto told = act(n, after);
                if (told.empty()) return kills;
                EXPECT_EQ(told, "signal 9") << n;
                ++kills;
                mend();
                if (HasFailure()) return kills;
            }
        }
    }
};

TEST_F(WorkerStates, EachBackendFindsAllOfItsOwn) {
    EXPECT_EQ(take_over(), "");
    for (const auto& heir : test::heirs()) {
        struct stat info {};
        ASSERT_EQ(::stat(in_new(heir.backend).c_str(), &info), 0);
        EXPECT_EQ(info.st_uid, heir.user.uid);
        EXPECT_EQ(info.st_gid, heir.user.gid);
        EXPECT_EQ(info.st_mode & 07777, 0700U);
        if (heir.backend == "new") continue;
        EXPECT_EQ(test::what_is_lost(in_new(heir.backend), heir), "") << heir.backend;
        for (const auto& [path, what] : test::snapshot(in_new(heir.backend))) {
            EXPECT_THAT(what, testing::StartsWith(std::to_string(heir.user.uid) + ":")) << path;
        }
    }
    EXPECT_FALSE(fs::exists(state + "/worker"));
}

TEST_F(WorkerStates, NoWorkerReachesAnothers) {
    ASSERT_EQ(take_over(), "");
    const auto heirs = test::heirs();
    EXPECT_THAT(test::what_is_lost(in_new("fleet"), heirs[0]), HasSubstr("Permission denied"));
}

TEST_F(WorkerStates, AChildOfOneCapabilityDoesItForTheBroker) {
    std::ofstream(in_old("more"));
    const auto told = settle_worker_states(state, test::heirs());
    ASSERT_OK(told);
    EXPECT_THAT(*told, ElementsAre(HasSubstr("such as more;")));
    for (const auto& heir : test::heirs()) {
        if (heir.backend != "new") {
            EXPECT_EQ(test::what_is_lost(in_new(heir.backend), heir), "");
        }
    }
    const auto nowhere = settle_worker_states(state + "/no", test::heirs());
    ASSERT_FALSE(nowhere);
    EXPECT_THAT(nowhere.error().what, HasSubstr("No such file or directory"));
}

TEST_F(WorkerStates, ASecondStartChangesNothing) {
    ASSERT_EQ(take_over(), "");
    const auto before = test::snapshot(state);
    EXPECT_EQ(take_over(1), "") << "no step but the first, mkdir(2) of what is there";
    EXPECT_EQ(test::snapshot(state), before);
}

TEST_F(WorkerStates, KilledAtAnyStepItLosesNothing) {
    const auto old = keep("old");
    ASSERT_EQ(take_over(), "");
    const auto whole = test::snapshot(state);
    const auto kills = at_every_step(
        old, [&](long n, bool after) { return take_over(n, after); },
        [&] {
            EXPECT_EQ(take_over(), "");
            EXPECT_EQ(test::snapshot(state), whole);
        });
    EXPECT_GT(kills, 200);
}

TEST_F(WorkerStates, TheWayBackLeadsWhereItCameFrom) {
    const auto before = test::snapshot(state);
    ASSERT_EQ(take_over(), "");
    EXPECT_EQ(give_back(), "");
    fs::remove(state + "/workers");
    EXPECT_EQ(test::snapshot(state), before);
}

TEST_F(WorkerStates, TheWayBackKilledAtAnyStepLosesNothing) {
    const auto before = test::snapshot(state);
    ASSERT_EQ(take_over(), "");
    const auto taken = keep("taken");
    at_every_step(
        taken, [&](long n, bool after) { return give_back(n, after); },
        [&] {
            EXPECT_EQ(give_back(), "");
            fs::remove(state + "/workers");
            EXPECT_EQ(test::snapshot(state), before);
        });
}

TEST_F(WorkerStates, KilledAtAnyStepItCanBeUndone) {
    const auto before = test::snapshot(state);
    const auto old = keep("old");
    at_every_step(
        old, [&](long n, bool after) { return take_over(n, after); },
        [&] {
            EXPECT_EQ(give_back(), "");
            fs::remove(state + "/workers");
            EXPECT_EQ(test::snapshot(state), before);
        });
}

TEST_F(WorkerStates, WhatIsOfNoBackendStaysAndIsTold) {
    write_as_worker("credentials/gone.credential", "secret");
    write_as_worker("refusals/" + std::string(64, 'a'), R"({"backend":"gone","delivery":"d"})");
    const auto told = take_over();
    EXPECT_THAT(told, HasSubstr("worker keeps what is of no backend that is configured"));
    EXPECT_THAT(told, HasSubstr("credentials/gone.credential"));
    EXPECT_THAT(told, HasSubstr("refusals/aaaa"));
    EXPECT_TRUE(fs::exists(in_old("credentials/gone.credential")));
    for (const auto& heir : test::heirs()) {
        if (heir.backend != "new") {
            EXPECT_EQ(test::what_is_lost(in_new(heir.backend), heir), "");
        }
    }
    // And on the way back it is the old account's as before.
    EXPECT_EQ(give_back(), "");
    for (const auto& [path, what] : test::snapshot(state + "/worker")) {
        EXPECT_THAT(what, testing::StartsWith(std::to_string(test::kOldAccount) + ":")) << path;
    }
}

TEST_F(WorkerStates, ABackendThatIsConfiguredLaterFindsItsOwnToo) {
    const auto all = test::heirs();
    const std::vector<Heir> first{all[0]};
    EXPECT_THAT(run([&](const sys::Dir& dir) { return prepare_worker_states(dir, first); }),
                HasSubstr("credentials/fleet.credential"));
    EXPECT_EQ(test::what_is_lost(in_new("main"), all[0]), "");
    EXPECT_EQ(take_over(), "");
    EXPECT_EQ(test::what_is_lost(in_new("main"), all[0]), "");
    EXPECT_EQ(test::what_is_lost(in_new("fleet"), all[1]), "");
}

TEST_F(WorkerStates, NothingOddIsFollowedMovedOrFatal) {
    const auto secret = top + "/secret";
    std::ofstream(secret) << "of root's";
    fs::remove(in_old("credentials/main.key"));
    fs::create_symlink(secret, in_old("credentials/main.key"));
    fs::remove(in_old("credentials/main.uuid"));
    fs::create_hard_link(secret, in_old("credentials/main.uuid"));
    fs::remove_all(in_old("inventory"));
    fs::create_directory_symlink(top, in_old("inventory"));
    fs::remove_all(in_old("refusals"));
    ASSERT_EQ(::mkfifo(in_old("refusals").c_str(), 0666), 0);
    fs::remove(in_old("spool/3/stdout"));
    ASSERT_EQ(::mkfifo(in_old("spool/3/stdout").c_str(), 0666), 0);
    fs::remove_all(in_old("spool/4"));
    fs::create_symlink(top, in_old("spool/4"));
    ASSERT_EQ(::chmod(in_old("spool/5/meta").c_str(), 0), 0);
    write_as_worker("spool/5/more");
    write_as_worker("a\n\x1b[31mb");
    fs::create_directories(in_old("credentials/fleet.key.d"));
    ASSERT_EQ(::chmod(in_old("credentials").c_str(), 0), 0);
    const auto root = test::snapshot(top);
    ASSERT_EQ(root.at("secret"), test::snapshot(top).at("secret"));

    const auto told = take_over();
    EXPECT_THAT(told, HasSubstr("worker keeps what is"));
    EXPECT_THAT(told, testing::Not(HasSubstr("\x1b")));
    struct stat info {};
    ASSERT_EQ(::stat(secret.c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 0U);
    EXPECT_EQ(info.st_mode & 07777, 0644U);
    EXPECT_TRUE(fs::exists(in_new("main/credentials/main.credential")));
    EXPECT_FALSE(fs::exists(fs::symlink_status(in_new("main/credentials/main.key"))));
    EXPECT_FALSE(fs::exists(in_new("main/credentials/main.uuid")));
    EXPECT_FALSE(fs::exists(in_new("main/spool/3/stdout")));
    EXPECT_FALSE(fs::exists(in_new("fleet/spool/4/stdout")));
    EXPECT_TRUE(fs::exists(in_new("main/spool/5/meta")));
    EXPECT_FALSE(fs::exists(in_new("main/spool/5/more")));
    EXPECT_TRUE(fs::exists(in_new("fleet/credentials/fleet.key")));
}

TEST_F(WorkerStates, DepthAndNumberAreNoMatter) {
    // 3,000 levels, a step at a time: no path is so long.
    int at = ::open(in_old("spool").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 3'000; ++i) {
        ASSERT_EQ(::mkdirat(at, "d", 0700), 0);
        const int below = ::openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ::close(at);
        at = below;
    }
    ::close(at);
    for (int i = 0; i < 6'000; ++i) {
        std::ofstream(in_old("refusals/" + std::to_string(i))) << "{}";
    }
    EXPECT_THAT(take_over(), HasSubstr("spool/d"));
    EXPECT_TRUE(fs::exists(in_new("main/credentials/main.credential")));
    EXPECT_TRUE(fs::exists(in_new("main/spool/3/stdout")));
    ASSERT_EQ(std::system(("rm -rf " + in_old("spool")).c_str()), 0);
}

TEST_F(WorkerStates, WhatAWorkerPutInThePlaceOfItsOwnIsItsOwnLoss) {
    const auto elsewhere = top + "/elsewhere";
    fs::create_directories(elsewhere);
    fs::create_directories(in_new("main"));
    ASSERT_EQ(::chown(in_new("main").c_str(), test::kFirstSlot, test::kFirstSlot), 0);
    fs::create_directory_symlink(elsewhere, in_new("main/spool"));
    std::ofstream(in_new("main/credentials")) << "no directory";
    EXPECT_THAT(take_over(), HasSubstr("credentials/main.credential"));
    EXPECT_TRUE(fs::is_empty(elsewhere));
    EXPECT_EQ(test::what_is_lost(in_new("fleet"), test::heirs()[1]), "");
}

// Whatever fs.protected_hardlinks says.
TEST_F(WorkerStates, ARefusalWithAnotherNameIsNotTouched) {
    const auto secret = top + "/secret";
    std::ofstream(secret) << "of root's";
    ASSERT_EQ(::chmod(secret.c_str(), 0644), 0);
    fs::create_hard_link(secret, in_old("refusals/odd"));
    EXPECT_THAT(take_over(), HasSubstr("refusals/odd"));
    struct stat info {};
    ASSERT_EQ(::stat(secret.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0644U);
}

TEST_F(WorkerStates, AFileThatStandsOnBothSidesKeepsItsOwners) {
    const auto copy = keep("copy");
    ASSERT_EQ(take_over(), "");
    fs::remove_all(state + "/worker");
    ASSERT_EQ(std::system(("cp -a " + copy + "/worker " + state + "/worker").c_str()), 0);
    EXPECT_THAT(take_over(), HasSubstr("credentials/main."));
    struct stat old {
    }, now{};
    ASSERT_EQ(::stat(in_old("credentials/main.key").c_str(), &old), 0);
    ASSERT_EQ(::stat(in_new("main/credentials/main.key").c_str(), &now), 0);
    EXPECT_EQ(old.st_uid, test::kOldAccount);
    EXPECT_EQ(now.st_uid, 64'200U);
}

TEST_F(WorkerStates, WhatStandsInThePlaceOfAFolderIsTold) {
    fs::remove_all(in_old("inventory"));
    fs::create_directory_symlink(top, in_old("inventory"));
    EXPECT_THAT(take_over(), HasSubstr("such as inventory;"));
}

TEST_F(WorkerStates, TheWayBackTellsOfAStateThatNobodyHasALineFor) {
    ASSERT_EQ(take_over(), "");
    fs::create_directories(in_new("forgotten"));
    EXPECT_THAT(give_back(), HasSubstr("workers/forgotten stays where it is"));
}

TEST_F(WorkerStates, ADirectoryOfAnotherAccountIsAnError) {
    fs::create_directories(in_new("main"));
    ASSERT_EQ(::chown(in_new("main").c_str(), 64'999, 64'999), 0);
    EXPECT_THAT(take_over(), HasSubstr("workers/main belongs to user 64999, and its worker's "
                                       "account is 64200; chown it"));
}

TEST_F(WorkerStates, ANewInstallationGetsItsDirectories) {
    fs::remove_all(state + "/worker");
    EXPECT_EQ(take_over(), "");
    EXPECT_THAT(test::snapshot(state), testing::SizeIs(4));
    EXPECT_EQ(test::snapshot(state).at("workers/new"), "64202:64202 16832");
}

}  // namespace
}  // namespace bulkhead::records
