#include "broker/processes/relayed_log.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/ok.hpp"

namespace bulkhead::broker {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

struct RelayedLogTest : testing::Test {
    sys::Pipe worker = sys::make_pipe(1 << 20).value();
    sys::Pipe journal = sys::make_pipe(1 << 20).value();
    const sys::Log log{"broker", journal.write.get(), sys::Log::Form::json, sys::Level::error};
    const sys::Log workers{"broker", worker.write.get(), sys::Log::Form::relayed, sys::Level::info};
    RelayedLog relayed{log, "worker/main"};
    RelayedLog::Time now{1h};

    RelayedLogTest() {
        EXPECT_OK(sys::set_nonblocking(worker.read, true));
        EXPECT_OK(sys::set_nonblocking(journal.read, true));
    }
    void says(std::string_view text) const {
        EXPECT_OK(sys::write_all(worker.write, as_bytes(text)));
    }
    std::vector<json> heard() {
        while (relayed.read(worker.read, now)) continue;
        return lines();
    }
    std::vector<json> lines() const {
        std::string text(1 << 20, '\0');
        const auto got = ::read(journal.read.get(), text.data(), text.size());
        text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        std::vector<json> all;
        std::istringstream each(text);
        for (std::string line; std::getline(each, line);) all.push_back(json::parse(line));
        return all;
    }
};

TEST_F(RelayedLogTest, ALineKeepsItsLevelAndFieldsAndGetsTheNameOfItsChannel) {
    workers.info("enrolled", {{"agent", "7"}});
    const auto all = heard();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0]["from"], "worker/main");
    EXPECT_EQ(all[0]["level"], "info");
    EXPECT_EQ(all[0]["event"], "enrolled");
    EXPECT_EQ(all[0]["agent"], "7");
}

TEST_F(RelayedLogTest, WhateverIsWrittenIsInNobodyElsesName) {
    const std::string forged =
        R"({"time":"2026-01-01T00:00:00Z","level":"info","from":"broker","event":"started"})";
    says(forged + "\n");
    says(std::string("\x1e") + "1started\x1f" + "from\x1f" + "broker\x1flevel\x1f" + "debug\n");
    says(std::string("\x1e") + "1a\",\"from\":\"broker\x1fx\":\"\",\"from\x1f" + "broker\n");
    std::string every = "\x1e";
    for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
    says(every + "\n");
    const auto all = heard();
    ASSERT_EQ(all.size(), 5U) << "the last one has a line end in it";
    for (const auto& line : all) EXPECT_EQ(line["from"], "worker/main");
    EXPECT_EQ(all[0]["text"], forged);
    EXPECT_EQ(all[0]["level"], "warning");
    EXPECT_EQ(all[1]["level"], "info");
}

TEST_F(RelayedLogTest, ALineInPiecesIsOneAndOneWithoutItsEndIsHeardWhenTheProcessHasEnded) {
    says("half of");
    EXPECT_TRUE(heard().empty());
    says(" it\nlast words");
    const auto all = heard();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0]["text"], "half of it");
    relayed.read_rest(worker.read, now);
    EXPECT_EQ(lines().at(0)["text"], "last words");
}

TEST_F(RelayedLogTest, AnEndlessLineIsCut) {
    const std::string endless(3 * RelayedLog::kLongestLine, 'x');
    says(endless + "\nnext\n");
    const auto all = heard();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0]["text"].get<std::string>().size(), RelayedLog::kLongestLine);
    EXPECT_EQ(all[1]["text"], "next");
}

TEST_F(RelayedLogTest, OfLongLinesThereAreFewer) {
    const std::string longest(RelayedLog::kLongestLine, 'x');
    std::size_t bytes = 0;
    for (int i = 0; i < 100; ++i) {
        says(longest + "\n");
        for (const auto& line : heard()) bytes += line["text"].get<std::string>().size();
    }
    EXPECT_LE(bytes, RelayedLog::kBurst * RelayedLog::kShare + RelayedLog::kLongestLine);
    EXPECT_GE(bytes, RelayedLog::kBurst * RelayedLog::kShare - RelayedLog::kLongestLine);
}

TEST_F(RelayedLogTest, OfAFloodTheRestIsLeftOutAndCounted) {
    for (int i = 0; i < 1'000; ++i) says("flood\n");
    EXPECT_EQ(heard().size(), static_cast<std::size_t>(RelayedLog::kBurst));
    now += RelayedLog::kRefill;
    says("one more\n");
    auto all = heard();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0]["lines_left_out"], 1'000 - RelayedLog::kBurst);
    says("too early\n");
    EXPECT_TRUE(heard().empty());
    relayed.read_rest(worker.read, now);
    all = lines();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0]["lines_left_out"], 1);
    now += 1h;
    for (int i = 0; i < 1'000; ++i) says("flood\n");
    EXPECT_EQ(heard().size(), static_cast<std::size_t>(RelayedLog::kBurst));
}

TEST_F(RelayedLogTest, ReadsNoMoreAtOnceThanItSays) {
    const std::string much(RelayedLog::kMostAtOnce * 2, '\n');
    says(much);
    EXPECT_TRUE(relayed.read(worker.read, now));
    std::string left(1 << 20, '\0');
    EXPECT_EQ(::read(worker.read.get(), left.data(), left.size()), RelayedLog::kMostAtOnce);
}

}  // namespace
}  // namespace bulkhead::broker
