#include "common/sys/journal.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>

#include "common/sys/log.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::sys {
namespace {

using testing::HasSubstr;

// A socket that takes entries as systemd-journald does.
class JournalTest : public testing::Test {
  protected:
    using Entry = std::multimap<std::string, std::string>;

    void listen() {
        socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path().data(), path().size());
        const auto* generic = reinterpret_cast<const sockaddr*>(&address);
        ASSERT_EQ(::bind(socket_.get(), generic, sizeof address), 0);
    }
    void stop_listening() {
        socket_.reset();
        std::filesystem::remove(path());
    }
    std::string path() const { return directory_ / "socket"; }
    Log log() { return {"broker", pipe_.write.get(), Log::Form::journal, Level::info, path()}; }

    // The next entry, read as the protocol's page says; none if there is none.
    Entry next() {
        std::string text(1 << 20, '\0');
        const auto got = ::recv(socket_.get(), text.data(), text.size(), 0);
        text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        Entry entry;
        for (std::size_t at = 0; at < text.size();) {
            const auto end = text.find_first_of("=\n", at);
            const auto name = text.substr(at, end - at);
            EXPECT_EQ(text.at(end), '\n') << "each value has its length";
            std::uint64_t size = 0;
            std::memcpy(&size, text.data() + end + 1, sizeof size);
            entry.emplace(name, text.substr(end + 9, size));
            at = end + 9 + size;
            EXPECT_EQ(text.at(at++), '\n');
        }
        return entry;
    }
    static std::string only(const Entry& entry, const std::string& name) {
        return entry.count(name) == 1 ? entry.find(name)->second : "(not once)";
    }
    std::string on_stdout() {
        EXPECT_TRUE(set_nonblocking(pipe_.read, true));
        std::string text(1 << 20, '\0');
        const auto got = ::read(pipe_.read.get(), text.data(), text.size());
        return text.substr(0, got < 0 ? 0 : static_cast<std::size_t>(got));
    }

    test::TempDir directory_;
    Pipe pipe_ = make_pipe().value();
    Fd socket_;
};

TEST_F(JournalTest, AnEntryHasALevelASpeakerASentenceAndItsFields) {
    listen();
    log().warning("job-refused",
                  {{"number", 12}, {"job", "clean up"}, {"why", "not approved: a \"b\""}});
    const auto entry = next();
    EXPECT_EQ(only(entry, "PRIORITY"), "4");
    EXPECT_EQ(only(entry, "SYSLOG_IDENTIFIER"), "bulkhead-broker");
    EXPECT_EQ(only(entry, "MESSAGE"),
              "job-refused number=12 job=\"clean up\": not approved: a \"b\"");
    EXPECT_EQ(only(entry, "BULKHEAD_EVENT"), "job-refused");
    EXPECT_EQ(only(entry, "BULKHEAD_NUMBER"), "12");
    EXPECT_EQ(only(entry, "BULKHEAD_JOB"), "clean up");
    EXPECT_EQ(only(entry, "BULKHEAD_WHY"), "not approved: a \"b\"");
    EXPECT_EQ(entry.size(), 7U);
    EXPECT_EQ(on_stdout(), "") << "nothing goes two ways";
}

TEST_F(JournalTest, EveryLevelIsAPriority) {
    listen();
    Log all = log();
    all.set_least(Level::debug);
    all.debug("a");
    all.info("b");
    all.error("c");
    EXPECT_EQ(only(next(), "PRIORITY"), "7");
    EXPECT_EQ(only(next(), "PRIORITY"), "6");
    EXPECT_EQ(only(next(), "PRIORITY"), "3");
}

// Names, values and the event as they come, and bytes that would begin a field of their own if the
// length did not stand before them.
TEST_F(JournalTest, WhatAWorkerSaysSetsNoFieldButItsOwn) {
    listen();
    const std::string forged =
        "x\nSYSLOG_IDENTIFIER=bulkhead-broker\n_PID=1\nPRIORITY=0\nBULKHEAD_EVENT=forged\n";
    RelayedLine line{
        .level = Level::info, .event = forged, .fields = {{"job", forged}, {"backend", "other"}}};
    log().relay("worker/main", line, 3);
    std::string text =
        "\x1e"
        "1a";
    for (const auto* name :
         {"_PID", "event", "from", "\nMESSAGE=", "lines_lost", "a=b", "job", "job"}) {
        text += std::string("\x1f") + name + "\x1fs" + "value";
    }
    log().relay("worker/main", parse_relayed(text), 0);
    const auto first = next();
    EXPECT_EQ(only(first, "SYSLOG_IDENTIFIER"), "bulkhead-worker");
    EXPECT_EQ(only(first, "BULKHEAD_BACKEND"), "main");
    EXPECT_EQ(only(first, "PRIORITY"), "6");
    EXPECT_EQ(only(first, "BULKHEAD_LINES_LEFT_OUT"), "3");
    EXPECT_THAT(only(first, "BULKHEAD_JOB"),
                HasSubstr(R"(x\x0aSYSLOG_IDENTIFIER=bulkhead-broker)"));
    const auto second = next();
    for (const auto& [name, value] : second) {
        EXPECT_TRUE(name == "MESSAGE" || name == "PRIORITY" || name == "SYSLOG_IDENTIFIER" ||
                    name == "BULKHEAD_EVENT" || name == "BULKHEAD_BACKEND" ||
                    name == "BULKHEAD_JOB" || name.starts_with("BULKHEAD_FIELD_"))
            << name;
        EXPECT_EQ(second.count(name), 1U) << name;
    }
    EXPECT_EQ(only(second, "BULKHEAD_BACKEND"), "main");
}

TEST_F(JournalTest, WithoutAJournalLinesGoToStandardOutputWithTheirLevel) {
    const auto gone = log();
    gone.error("policy-rejected", {{"why", "a\nb"}});
    EXPECT_THAT(on_stdout(), testing::MatchesRegex(
                                 R"(<3>\{"time":.*"event":"policy-rejected","why":"a\\nb"\}.)"));
    listen();
    gone.info("b");
    EXPECT_EQ(only(next(), "BULKHEAD_EVENT"), "b") << "one that is back is used again";
    stop_listening();
    gone.info("c");
    EXPECT_THAT(on_stdout(), HasSubstr("<6>{"));
    EXPECT_EQ(gone.lost(), 0U);
}

TEST_F(JournalTest, AJournalThatDoesNotReadStopsNobodyAndNoLineIsLostUntold) {
    listen();
    const auto log = this->log();
    std::size_t sent = 0;
    for (; log.lost() == 0 && sent < 100'000; ++sent) log.info("more", {{"count", sent}});
    ASSERT_EQ(log.lost(), 1U);
    std::size_t taken = 0;
    while (!next().empty()) ++taken;
    auto rest = on_stdout();
    taken += static_cast<std::size_t>(std::ranges::count(rest, '\n'));
    EXPECT_EQ(taken, sent - 1);
    log.info("last");
    EXPECT_EQ(only(next(), "BULKHEAD_LINES_LOST"), "1");
}

TEST_F(JournalTest, AnEntryIsNeverTooLargeForADatagramUnlessItHasManyLargeValues) {
    listen();
    const std::string large(1 << 20, '\n');
    log().info("large", {{"a", large}, {"why", large}});
    const auto entry = next();
    EXPECT_EQ(only(entry, "BULKHEAD_A").size(), 4 * 16U * 1024 + 3);
    log().info("many", {{"a", large}, {"b", large}, {"c", large}, {"d", large}});
    EXPECT_TRUE(!next().empty() || on_stdout().starts_with("<6>{"));
}

TEST_F(JournalTest, IsKnownByDeviceAndInode) {
    struct stat info {};
    ASSERT_EQ(::fstat(pipe_.write.get(), &info), 0);
    const auto stream = std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
    ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
    EXPECT_TRUE(is_journal(pipe_.write.get()));
    ::setenv("JOURNAL_STREAM", (stream + "0").c_str(), 1);
    EXPECT_FALSE(is_journal(pipe_.write.get()));
    ::setenv("JOURNAL_STREAM", "", 1);
    EXPECT_FALSE(is_journal(pipe_.write.get()));
    ::unsetenv("JOURNAL_STREAM");
    EXPECT_FALSE(is_journal(pipe_.write.get()));
    EXPECT_FALSE(is_journal(-1));
}

}  // namespace
}  // namespace bulkhead::sys
