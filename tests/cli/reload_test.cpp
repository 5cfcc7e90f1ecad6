// `bulkhead reload` beside what stands in for a broker: its lock, and an answer or none. With the
// real one: tests/pair/rejected_test.cpp.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "common/sys/dir.hpp"
#include "tests/cli/site.hpp"
#include "tests/support/eventually.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ReloadCommand : public ::testing::Test {
  protected:
    ReloadCommand() { fs::create_directories(requests()); }
    std::string state() const { return site_.path("state"); }
    std::string requests() const { return state() + "/broker/requests"; }
    Answer reload() const { return site_.bulkhead({"reload", "--state", state()}); }
    // As long as the result lives, a broker runs.
    sys::Dir lock() const {
        auto dir = sys::Dir::open(state() + "/broker").value();
        EXPECT_EQ(::flock(dir.fd(), LOCK_EX | LOCK_NB), 0);
        return dir;
    }
    // The token of the one request that comes; it is taken.
    std::string take() const {
        std::string token;
        EXPECT_TRUE(eventually(
            [&] {
                for (const auto& one : fs::directory_iterator(requests())) {
                    const auto name = one.path().filename().string();
                    if (name.starts_with("reload.")) token = name.substr(7);
                }
                return !token.empty();
            },
            std::chrono::seconds(20)));
        fs::remove(requests() + "/reload." + token);
        return token;
    }
    // What the command makes of this answer.
    Answer answered(const std::string& text) const {
        const auto running = lock();
        std::thread broker([&] {
            const auto token = take();
            const auto dir = sys::Dir::open(requests()).value();
            EXPECT_TRUE(dir.write_atomic("answer." + token, text, 0600));
        });
        auto answer = reload();
        broker.join();
        EXPECT_TRUE(fs::is_empty(requests())) << "what was answered is taken away";
        return answer;
    }
    Site site_;
};

TEST_F(ReloadCommand, PrintsTheVerdictAndItsExitStatusSaysIt) {
    const auto loaded = answered("loaded\npolicy 00 is in force; workers kept\n");
    EXPECT_EQ(loaded.code, 0);
    EXPECT_EQ(loaded.out, "policy 00 is in force; workers kept\n");
    const auto rejected = answered("rejected\nhost.policy:3: no\nmend it\n");
    EXPECT_EQ(rejected.code, 1);
    EXPECT_EQ(rejected.out, "");
    EXPECT_EQ(rejected.err,
              "bulkhead reload: the policy was rejected: host.policy:3: no\nmend it\n");
}

TEST_F(ReloadCommand, TakesNothingElseForAYes) {
    for (const std::string text : {"", "\n", "load", "loadedd\n", "Loaded\n", "\nloaded\n"}) {
        const auto odd = answered(text);
        EXPECT_EQ(odd.code, 1) << text;
        EXPECT_THAT(odd.err, HasSubstr("no answer of an agent's"));
    }
    const auto shown = answered("rejected\n\x1b[2J\xc3\x9c\n");
    EXPECT_THAT(shown.err, HasSubstr("\\x1b[2J"));
}

TEST_F(ReloadCommand, SaysAtOnceThatNoAgentRuns) {
    const auto none = reload();
    EXPECT_EQ(none.code, 1);
    EXPECT_THAT(none.err, HasSubstr("no agent with the state"));
    EXPECT_THAT(none.err, HasSubstr("systemctl start bulkhead"));
    EXPECT_TRUE(fs::is_empty(requests())) << "nobody finds the request later";
    fs::remove_all(state());
    const auto never = reload();
    EXPECT_EQ(never.code, 2) << "as every command that a directory is named to";
    EXPECT_THAT(never.err, HasSubstr(state()));
}

TEST_F(ReloadCommand, SaysThatTheAgentEndedAfterItTookTheRequest) {
    auto running = std::make_unique<sys::Dir>(lock());
    std::thread broker([&] {
        take();
        running.reset();
    });
    const auto ended = reload();
    broker.join();
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr("has ended before it answered"));
}

TEST_F(ReloadCommand, ADirectoryInPlaceOfTheAnswerIsNamed) {
    const auto running = lock();
    std::thread broker([&] { fs::create_directory(requests() + "/answer." + take()); });
    const auto odd = reload();
    broker.join();
    EXPECT_EQ(odd.code, 1);
    EXPECT_THAT(odd.err, HasSubstr("/requests: answer."));
    EXPECT_THAT(odd.err, HasSubstr("remove it"));
}

TEST_F(ReloadCommand, AFileInPlaceOfTheFolderIsNamed) {
    const auto running = lock();
    fs::remove(requests());
    site_.write("state/broker/requests", "");
    const auto odd = reload();
    EXPECT_EQ(odd.code, 1);
    EXPECT_THAT(odd.err, HasSubstr("requests: Not a directory"));
}

TEST_F(ReloadCommand, AnAnswerThatIsTooLargeIsNone) {
    const auto running = lock();
    std::thread broker([&] {
        const auto token = take();
        site_.write("state/broker/requests/answer." + token, "loaded\n" + std::string(70'000, 'x'));
    });
    const auto odd = reload();
    broker.join();
    EXPECT_EQ(odd.code, 1);
    EXPECT_THAT(odd.err, HasSubstr("the answer cannot be read"));
}

TEST_F(ReloadCommand, OnlyRootMayAsk) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
    fs::permissions(state() + "/broker", fs::perms::owner_all);
    const auto refused = run({.words = {"reload", "--state", state()}, .user = kNobody});
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("only root may"));
    EXPECT_TRUE(fs::is_empty(requests()));
}

TEST_F(ReloadCommand, IsCalledWithoutOperands) {
    for (const auto* word : {"now", "--policy"}) {
        const auto wrong = site_.bulkhead({"reload", word});
        EXPECT_EQ(wrong.code, 2) << word;
        EXPECT_THAT(wrong.err, StartsWith("bulkhead reload: "));
    }
}

}  // namespace
}  // namespace bulkhead::test
