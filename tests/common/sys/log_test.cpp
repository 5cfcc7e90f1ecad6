#include "common/sys/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "common/base/parse.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sys {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

struct LogTest : testing::Test {
    Pipe pipe = make_pipe().value();
    // All that is in the pipe: a log may hold a write end of its own.
    std::string written() {
        EXPECT_TRUE(set_nonblocking(pipe.read, true));
        std::string text(1 << 20, '\0');
        const auto got = ::read(pipe.read.get(), text.data(), text.size());
        text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        return text;
    }
    // Until the pipe takes no more.
    void fill() const {
        const Pipe& full = pipe;
        ASSERT_TRUE(set_nonblocking(full.write, true));
        while (::write(full.write.get(), "x", 1) == 1) continue;
        ASSERT_TRUE(set_nonblocking(full.write, false));
    }
    nlohmann::json line() { return nlohmann::json::parse(written(), nullptr, false); }
};

TEST_F(LogTest, ALineIsJsonForPrograms) {
    Log("broker", pipe.write.get())
        .info("worker-started",
              {{"pid", 12}, {"user", "bulkhead"}, {"confined", true}, {"head", ~std::uint64_t{}}});
    const auto object = line();
    EXPECT_TRUE(parse_utc(object.at("time").get<std::string>()));
    EXPECT_EQ(object.at("level"), "info");
    EXPECT_EQ(object.at("from"), "broker");
    EXPECT_EQ(object.at("event"), "worker-started");
    EXPECT_EQ(object.at("pid"), 12);
    EXPECT_EQ(object.at("confined"), true);
    EXPECT_EQ(object.at("head"), ~std::uint64_t{});
    EXPECT_EQ(object.at("user"), "bulkhead");
}

TEST_F(LogTest, HostileTextStaysOneLineOfValidJson) {
    std::string every;
    for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
    const Log log("worker", pipe.write.get());
    log.error("refused", {{"text", every}});
    const auto text = written();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
    const auto object = nlohmann::json::parse(text, nullptr, false);
    ASSERT_FALSE(object.is_discarded());
    EXPECT_THAT(object.at("text").get<std::string>(), HasSubstr("ABC"));
}

TEST_F(LogTest, ForgedFieldsStayInsideTheirString) {
    const std::string forged = "x\",\"level\":\"debug\"}\n{\"event\":\"forged";
    Log("worker", pipe.write.get()).warning("refused", {{"job", forged}});
    const auto object = line();
    ASSERT_FALSE(object.is_discarded());
    EXPECT_EQ(object.at("level"), "warning");
    EXPECT_EQ(object.at("job"), forged);
}

TEST_F(LogTest, ATerminalGetsNoEscapeSequences) {
    Log("worker", pipe.write.get(), Log::Form::text, Level::info)
        .info("refused", {{"job", "\x1b]0;owned\x07\nINFO: all is well"}});
    const auto text = written();
    EXPECT_THAT(text, MatchesRegex("..:..:.. worker info: refused job=\".*\"\n"));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST_F(LogTest, LessThanTheLeastLevelIsSilent) {
    Log log("worker", pipe.write.get(), Log::Form::json, Level::warning);
    log.debug("a");
    log.info("b");
    EXPECT_EQ(written(), "");
    log.set_least(Level::debug);
    log.debug("c");
    EXPECT_EQ(line().at("event"), "c");
}

// A line that would wait is lost, and the next one that is written tells it.
TEST_F(LogTest, AReaderThatDoesNotReadStopsNobodyAndLostLinesAreCounted) {
    const Log log("broker", pipe.write.get());
    fill();
    log.info("first");
    log.error("second");
    EXPECT_EQ(log.lost(), 2U);
    EXPECT_EQ(::fcntl(pipe.write.get(), F_GETFL) & O_NONBLOCK, 0) << "others wait as before";
    written();
    log.info("third");
    EXPECT_EQ(line().at("lines_lost"), 2);
    log.info("fourth");
    EXPECT_FALSE(line().contains("lines_lost"));
    EXPECT_EQ(log.lost(), 2U);
}

TEST_F(LogTest, ALineThatWasTornEndsBeforeTheNext) {
    const Log log("broker", pipe.write.get());
    const std::string large(100'000, 'x');
    log.info("large", {{"text", large}});
    EXPECT_EQ(log.lost(), 1U);
    const auto part = written();
    EXPECT_GT(part.size(), 4096U);
    EXPECT_LT(part.size(), large.size());
    log.info("next");
    const auto text = written();
    EXPECT_TRUE(text.starts_with("\n{"));
    EXPECT_EQ(nlohmann::json::parse(text).at("lines_lost"), 1);
}

TEST_F(LogTest, ASocketAndATerminalThatNobodyReadsStopNobodyEither) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const Fd reader(ends[0]);
    const Fd socket(ends[1]);
    const Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_EQ(::grantpt(master.get()) + ::unlockpt(master.get()), 0);
    const Fd terminal(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_TRUE(terminal);
    for (const auto* fd : {&socket, &terminal}) {
        const Log log("broker", fd->get());
        for (int i = 0; i < 10'000 && log.lost() == 0; ++i) log.info("more", {{"of", "it"}});
        EXPECT_EQ(log.lost(), 1U);
    }
}

TEST_F(LogTest, WhatAnotherProcessWroteIsItsOwnWhateverItSays) {
    std::string every;
    for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
    const Log worker("worker/a", pipe.write.get(), Log::Form::relayed, Level::info);
    worker.error("refused", {{"why", every},
                             {"from", "broker"},
                             {"level", "debug"},
                             {"A", "b"},
                             {"why", "again"},
                             {"backend", "other"},
                             {"lines_lost", 5},
                             {"left", -7},
                             {"known", false}});
    auto text = written();
    ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
    text.pop_back();
    const auto line = parse_relayed(text);
    EXPECT_EQ(line.level, Level::error);
    EXPECT_EQ(line.event, "refused");
    EXPECT_EQ(line.fields, (Fields{{"why", every},
                                   {"field_1", "broker"},
                                   {"field_2", "debug"},
                                   {"field_3", "b"},
                                   {"field_4", "again"},
                                   {"backend", "other"},
                                   {"field_6", 5},
                                   {"left", -7},
                                   {"known", false}}));

    Log("broker", pipe.write.get(), Log::Form::json, Level::error).relay("worker/a", line, 7);
    const auto object = this->line();
    ASSERT_FALSE(object.is_discarded());
    EXPECT_EQ(object.at("from"), "worker/a");
    EXPECT_EQ(object.at("level"), "error");
    EXPECT_EQ(object.at("lines_left_out"), 7);
    EXPECT_EQ(object.at("backend"), "a");
    EXPECT_EQ(object.at("left"), -7);
    EXPECT_EQ(object.at("known"), false);
}

TEST_F(LogTest, OtherTextOfAnotherProcessIsAWarningThatQuotesIt) {
    for (const std::string text : {"{\"from\":\"broker\",\"event\":\"all is well\"}", "", "\x1e",
                                   "\x1e"
                                   "4event",
                                   "plain"}) {
        const auto line = parse_relayed(text);
        EXPECT_EQ(line.level, Level::warning);
        EXPECT_EQ(line.event, "output");
        ASSERT_EQ(line.fields.size(), 1U);
        EXPECT_EQ(line.fields[0].second.text, text);
    }
    const Log terminal("broker", pipe.write.get(), Log::Form::text, Level::info);
    terminal.relay("worker/a",
                   parse_relayed("\x1e"
                                 "1\x1b]0;owned\\nINFO"),
                   0);
    EXPECT_THAT(
        written(),
        MatchesRegex("..:..:.. worker/a info: output backend=a text=\".x1b.0;owned.x0aINFO\"\n"));
}

TEST_F(LogTest, OfMoreThanSixteenFieldsTheRestIsLeftOut) {
    std::string text =
        "\x1e"
        "1event";
    for (int i = 0; i < 20; ++i) text += "\x1fk\x1fsv";
    EXPECT_EQ(parse_relayed(text).fields.size(), 16U);
    EXPECT_EQ(parse_relayed("\x1e"
                            "1event\x1fk")
                  .fields.size(),
              0U)
        << "a name without a value";
    EXPECT_EQ(parse_relayed("\x1e"
                            "0")
                  .event,
              "output");
}

TEST_F(LogTest, NoNameStandsTwiceInALineWhateverAFieldIsCalled) {
    Log("broker", pipe.write.get())
        .error("audit-failing", {{"event", "agent-stopped"}, {"why", "a"}, {"why", "b"}});
    const auto text = written();
    EXPECT_THAT(
        text,
        HasSubstr(R"("event":"audit-failing","field_0":"agent-stopped","why":"a","field_2":"b"})"));
}

TEST_F(LogTest, AValueOfAnotherProcessIsANumberOnlyIfItIsOne) {
    const auto value_of = [](std::string_view value) {
        return parse_relayed(
                   "\x1e"
                   "1e\x1fk\x1f" +
                   std::string(value))
            .fields.at(0)
            .second;
    };
    EXPECT_EQ(value_of("n-12"), Value(-12));
    EXPECT_EQ(value_of("n18446744073709551615"), Value(~std::uint64_t{}));
    EXPECT_EQ(value_of("n007"), Value(7));
    EXPECT_EQ(value_of("bfalse"), Value(false));
    for (const std::string_view odd : {"n", "n1e9", "n1,\"from\":\"broker\"",
                                       "n18446744073709551616", "bTrue", "b1", "strue", "x1", ""}) {
        EXPECT_EQ(value_of(odd).kind, Value::Kind::text) << odd;
    }
}

TEST_F(LogTest, AClosedReaderIsNoReasonToStop) {
    const Log log("worker", -1);
    log.error("void");
}

TEST(Level, HasFourNames) {
    EXPECT_EQ(parse_level("debug"), Level::debug);
    EXPECT_EQ(parse_level("error"), Level::error);
    EXPECT_FALSE(parse_level("Error"));
    EXPECT_FALSE(parse_level(""));
}

TEST(JsonString, KeepsLettersAndEscapesTheRest) {
    EXPECT_EQ(json_string("naïve 🚢"), "\"naïve 🚢\"");
    EXPECT_EQ(json_string("a\"\\\n\t"), "\"a\\\"\\\\\\n\\u0009\"");
    EXPECT_EQ(json_string("a\xff"), "\"a\\ufffd\"");
    EXPECT_EQ(json_string(std::string_view("\0\x7f", 2)), "\"\\u0000\\u007f\"");
}

}  // namespace
}  // namespace bulkhead::sys
