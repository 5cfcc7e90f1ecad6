#include "common/sys/log.hpp"

#include <gmock/gmock.h>

#include <algorithm>
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
    std::string written() {
        pipe.write.reset();
        return read_to_end(pipe.read, 1 << 20).value();
    }
    nlohmann::json line() { return nlohmann::json::parse(written(), nullptr, false); }
};

TEST_F(LogTest, ALineIsJsonForPrograms) {
    Log("broker", pipe.write.get()).info("worker started", {{"pid", "12"}, {"user", "bulkhead"}});
    const auto object = line();
    EXPECT_TRUE(parse_utc(object.at("time").get<std::string>()));
    EXPECT_EQ(object.at("level"), "info");
    EXPECT_EQ(object.at("from"), "broker");
    EXPECT_EQ(object.at("event"), "worker started");
    EXPECT_EQ(object.at("pid"), "12");
    EXPECT_EQ(object.at("user"), "bulkhead");
}

TEST_F(LogTest, HostileTextStaysOneLineOfValidJson) {
    std::string every;
    for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
    const Log log("worker", pipe.write.get());
    log.error("why", {{"text", every}});
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
    Log("worker", pipe.write.get(), false, Level::info)
        .info("refused", {{"job", "\x1b]0;owned\x07\nINFO: all is well"}});
    const auto text = written();
    EXPECT_THAT(text, MatchesRegex("..:..:.. worker info: refused  job=.*\n"));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST_F(LogTest, LessThanTheLeastLevelIsSilent) {
    Log log("worker", pipe.write.get(), true, Level::warning);
    log.debug("a");
    log.info("b");
    EXPECT_TRUE(set_nonblocking(pipe.read, true));
    EXPECT_FALSE(read_to_end(pipe.read, 10)) << "nothing is in the pipe";
    log.set_least(Level::debug);
    log.debug("c");
    EXPECT_EQ(line().at("event"), "c");
}

TEST_F(LogTest, AfterARotationTheLinesGoToTheNewFile) {
    auto other = make_pipe().value();
    Log log("worker", other.write.get());
    log.info("before");
    log.move_to(std::move(pipe.write));
    log.info("after");
    other.write.reset();
    const auto before = nlohmann::json::parse(read_to_end(other.read, 1 << 20).value());
    EXPECT_EQ(before.at("event"), "before");
    { const Log gone = std::move(log); }
    EXPECT_EQ(line().at("event"), "after");
}

TEST_F(LogTest, AClosedReaderIsNoReasonToStop) {
    const Log log("worker", -1);
    log.error("into the void");
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
