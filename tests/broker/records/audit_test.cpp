#include "broker/records/audit.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/broker/records/audit_samples.hpp"
#include "tests/broker/records/faults.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Audit, ALineIsJsonAndCarriesTheHashOfTheLineBefore) {
    test::TempDir dir;
    auto audit = opened(dir.open());
    EXPECT_EQ(audit.head(), Head{});
    ASSERT_TRUE(audit.event("start", {{"version", "0.1.0"}}));
    const std::vector<std::string> signers{"alice", "bob"};
    ASSERT_TRUE(audit.event("verdict", {{"admitted", true},
                                        {"job", std::uint64_t{7}},
                                        {"signers", signers},
                                        {"nobody", std::span<const std::string>{}},
                                        {"exit", -1}}));
    const auto lines = lines_of(dir.open());
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], R"({"seq":1,"time":"2026-11-22T12:00:00Z","prev":")" +
                            std::string(64, '0') + R"(","event":"start","version":"0.1.0"})");
    const auto second = json::parse(lines[1]);
    EXPECT_EQ(second["seq"], 2);
    EXPECT_EQ(second["prev"], crypto::hex(crypto::sha256(as_bytes(lines[0]))));
    EXPECT_EQ(second["admitted"], true);
    EXPECT_EQ(second["job"], 7);
    EXPECT_EQ(second["signers"], json::array({"alice", "bob"}));
    EXPECT_EQ(second["nobody"], json::array());
    EXPECT_EQ(second["exit"], -1);
    EXPECT_EQ(audit.head().lines, 2U);
    EXPECT_EQ(audit.head().hash, crypto::sha256(as_bytes(lines[1])));
}

TEST(Audit, TheFileIsNotForOthers) {
    test::TempDir dir;
    const auto audit = opened(dir.open());
    struct stat info {};
    ASSERT_EQ(::stat((dir / "audit.log").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0137U, 0U);
    EXPECT_EQ(info.st_mode & 0600U, 0600U);
}

TEST(Audit, TheSystemClockIsTakenUnlessAnotherIsGiven) {
    test::TempDir dir;
    auto audit = Audit::open(dir.open());
    ASSERT_TRUE(audit->event("start", {}));
    const auto time = parse_utc(json::parse(lines_of(dir.open())[0])["time"].get<std::string>());
    const auto now = std::chrono::system_clock::now();
    EXPECT_LT(now - *time, std::chrono::minutes(1));
    EXPECT_GE(now, *time);
}

TEST(Audit, BytesFromOutsideAreEscapedAndStayInTheirField) {
    test::TempDir dir;
    auto audit = opened(dir.open());
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    const std::vector<std::string> list{all, "\",\"event\":\"verdict\",\"admitted\":true,\"x\":\""};
    ASSERT_TRUE(audit.event("verdict", {{"reason", all}, {"list", list}}));
    const auto lines = lines_of(dir.open());
    ASSERT_EQ(lines.size(), 1U);
    for (const char c : lines[0]) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
    const auto event = json::parse(lines[0]);
    EXPECT_EQ(event["event"], "verdict");
    EXPECT_FALSE(event.contains("admitted"));
    EXPECT_EQ(event.size(), 6U);
    EXPECT_THAT(event["reason"].get<std::string>(), HasSubstr("\\x00\\x01"));
    EXPECT_EQ(verdict(dir.open(), audit.head()), "good");
}

TEST(Audit, ValuesAndLinesAreBoundedAndACutIsMarked) {
    test::TempDir dir;
    auto audit = opened(dir.open());
    const std::string plain(100'000, 'a');
    const std::string nasty(100'000, '\xff');
    ASSERT_TRUE(audit.event("plain", {{"value", plain}, {"after", 1}}));
    ASSERT_TRUE(audit.event("nasty", {{"value", nasty}, {"after", 1}}));
    ASSERT_TRUE(
        audit.event("list", {{"value", std::vector<std::string>(1000, "alice")}, {"after", 1}}));
    ASSERT_TRUE(
        audit.event("big list", {{"value", std::vector<std::string>(9, plain)}, {"after", 1}}));
    ASSERT_TRUE(audit.event("many", {{"1", plain},
                                     {"2", plain},
                                     {"3", nasty},
                                     {"4", plain},
                                     {"5", plain},
                                     {"6", plain},
                                     {"7", plain},
                                     {"8", plain},
                                     {"9", plain}}));
    const auto lines = lines_of(dir.open());
    ASSERT_EQ(lines.size(), 5U);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto event = json::parse(lines[i]);
        EXPECT_LT(lines[i].size(), kMaxLine);
        if (i == 4) break;
        EXPECT_LT(lines[i].size(), 2200U) << event["event"];
        EXPECT_EQ(event["after"], 1);
        const auto last = event["value"].is_array() ? event["value"].back() : event["value"];
        EXPECT_THAT(last.get<std::string>(), ::testing::EndsWith("..."));
    }
    const auto many = json::parse(lines[4]);
    EXPECT_TRUE(many.contains("1"));
    EXPECT_FALSE(many.contains("9"));
    EXPECT_EQ(many["cut"], true);
    EXPECT_EQ(verdict(dir.open(), audit.head()), "good");
}

TEST(Audit, EachLineIsOneWriteAndForcedToDiskUnlessItMayWait) {
    test::TempDir dir;
    auto audit = opened(dir.open());
    {
        const test::Armed watch;
        ASSERT_TRUE(audit.event("verdict", {}));
        EXPECT_EQ(watch.effects(), "wsp");
    }
    {
        const test::Armed watch;
        ASSERT_TRUE(audit.event("worker-restart", {}, Durable::later));
        EXPECT_EQ(watch.effects(), "w");
    }
    const test::Armed watch;
    ASSERT_TRUE(audit.sync());
    ASSERT_TRUE(audit.sync());
    EXPECT_EQ(watch.effects(), "sp") << "the second has nothing to do";
}

// --- from one run to the next

TEST(Audit, TheChainGoesOnInTheNextRun) {
    test::TempDir dir;
    const auto first = [&] {
        auto audit = opened(dir.open());
        EXPECT_TRUE(audit.event("start", {}));
        EXPECT_TRUE(audit.event("later", {}, Durable::later));
        return audit.head();
    }();
    auto audit = opened(dir.open());
    EXPECT_EQ(audit.head(), first);
    ASSERT_TRUE(audit.event("start", {}));
    EXPECT_THAT(events_of(dir.open()), ElementsAre("start", "later", "start"));
    EXPECT_EQ(verdict(dir.open(), audit.head()), "good");
    EXPECT_EQ(read_audit_head(dir.open()), audit.head());
}

TEST(Audit, ALineTornAtAnyByteIsCutOffAndTold) {
    const test::NoSync quick;
    test::TempDir first;
    {
        auto audit = opened(first.open());
        ASSERT_TRUE(audit.event("start", {}));
        ASSERT_TRUE(audit.event("verdict", {{"reason", "ok"}}, Durable::later));
    }
    const auto whole = first.open().read_file("audit.log", 1_MiB).value();
    const auto head = first.open().read_file("audit.head", 1_MiB).value();
    const auto second = whole.find('\n') + 1;
    for (auto length = second + 1; length < whole.size(); ++length) {
        test::Tree tree({{"audit.log", whole.substr(0, length)}, {"audit.head", head}});
        auto audit = opened(tree);
        EXPECT_THAT(events_of(tree), ElementsAre("start", "audit-recovered"));
        const auto told = json::parse(lines_of(tree).back());
        EXPECT_EQ(told["torn_bytes"], length - second);
        EXPECT_EQ(verdict(tree, audit.head()), "good");
    }
}

TEST(Audit, ATornFirstLineIsCutOffToo) {
    test::Tree tree({{"audit.log", "{\"seq\":1,\"ti"}});
    auto audit = opened(tree);
    EXPECT_THAT(events_of(tree), ElementsAre("audit-recovered"));
    EXPECT_EQ(audit.head().lines, 1U);
    EXPECT_EQ(verdict(tree, audit.head()), "good");
}

struct Gap : ::testing::Test {
    Gap() {
        auto audit = opened(dir.open());
        for (const auto* name : {"start", "verdict", "job-start"})
            EXPECT_TRUE(audit.event(name, {}));
        before = audit.head();
    }
    // What the next run says of it.
    json told() {
        auto audit = opened(dir.open());
        return json::parse(lines_of(dir.open()).back());
    }
    std::string log() { return dir.open().read_file("audit.log", 1_MiB).value(); }
    void write(const std::string& text) {
        EXPECT_TRUE(dir.open().write_atomic("audit.log", text, 0640));
    }
    test::TempDir dir;
    Head before;
};

TEST_F(Gap, ALogRemovedBetweenRunsIsTold) {
    fs::remove(dir / "audit.log");
    const auto event = told();
    EXPECT_EQ(event["event"], "audit-gap");
    EXPECT_EQ(event["seq"], 4);
    EXPECT_EQ(event["expected_line"], 3);
    EXPECT_EQ(event["expected_hash"], crypto::hex(before.hash));
    EXPECT_EQ(event["found_line"], 0);
}

TEST_F(Gap, ALogCutShortBetweenRunsIsToldAndStaysVisible) {
    auto text = log();
    text.erase(text.rfind('\n', text.size() - 2) + 1);
    write(text);
    const auto event = told();
    EXPECT_EQ(event["event"], "audit-gap");
    EXPECT_EQ(event["found_line"], 2);
    EXPECT_EQ(verdict(dir.open()), "line 3: lines are missing before it");
}

TEST_F(Gap, ALogWhoseLastLineWasChangedBetweenRunsIsToldAndStaysVisible) {
    auto text = log();
    text.replace(text.rfind("job-start"), 9, "job-never");
    write(text);
    EXPECT_EQ(told()["event"], "audit-gap");
    EXPECT_EQ(verdict(dir.open()), "line 4: it or the line before it was changed");
}

TEST_F(Gap, AForeignLastLineIsToldAndKept) {
    for (const auto& foreign : {std::string("hello\n"), std::string(100'000, 'x')}) {
        write(log() + foreign);
        const auto event = told();
        EXPECT_EQ(event["event"], "audit-gap");
        EXPECT_EQ(event["foreign_content"], true);
        EXPECT_THAT(dir.open().read_file("audit.log.1", 1_MiB).value(),
                    ::testing::EndsWith(foreign));
        auto audit = opened(dir.open());
        EXPECT_THAT(events_of(dir.open()), ElementsAre("audit-gap"));
    }
}

TEST_F(Gap, ALogRotatedBetweenRunsIsNone) {
    fs::rename(dir / "audit.log", dir / "audit.log.1");
    auto audit = opened(dir.open());
    EXPECT_EQ(audit.head(), before);
    ASSERT_TRUE(audit.event("start", {}));
    EXPECT_EQ(verdict(dir.open(), audit.head()), "good");
}

TEST_F(Gap, LinesThatTheHeadDoesNotKnowYetAreNone) {
    const auto old = dir.open().read_file("audit.head", 1_MiB).value();
    {
        auto audit = opened(dir.open());
        ASSERT_TRUE(audit.event("job-end", {}));
    }
    ASSERT_TRUE(dir.open().write_atomic("audit.head", old, 0600));
    auto audit = opened(dir.open());
    EXPECT_EQ(audit.head().lines, 4U);
    EXPECT_THAT(events_of(dir.open()), ElementsAre("start", "verdict", "job-start", "job-end"));
}

TEST_F(Gap, AHeadThatIsNotOursIsNotBelieved) {
    for (const auto* text : {"", "x", "00000000000000000009 zz\n"}) {
        ASSERT_TRUE(dir.open().write_atomic("audit.head", text, 0600));
        EXPECT_FALSE(read_audit_head(dir.open()));
        const auto audit = opened(dir.open());
        EXPECT_EQ(audit.head(), before);
        EXPECT_EQ(read_audit_head(dir.open()), before);
    }
}

TEST_F(Gap, AHeadTornAnywhereIsNotBelieved) {
    const auto whole = dir.open().read_file("audit.head", 1_MiB).value();
    ASSERT_EQ(read_audit_head(dir.open()), before);
    std::vector<std::string> damaged{whole.substr(1), "3" + whole.substr(20)};
    for (std::size_t size = 0; size < whole.size(); ++size) {
        damaged.push_back(whole.substr(0, size));
        damaged.push_back(whole);
        damaged.back()[size] = '#';
    }
    auto later = whole;
    later[19] = '4';  // the count was written, the hash and the second count were not
    damaged.push_back(later);
    for (const auto& text : damaged) {
        ASSERT_TRUE(dir.open().write_atomic("audit.head", text, 0600));
        EXPECT_FALSE(read_audit_head(dir.open())) << text;
    }
    // The ledger's line follows: however much of it is there, this one stands.
    for (std::size_t size = 0; size < whole.size(); ++size) {
        ASSERT_TRUE(dir.open().write_atomic("audit.head", whole + whole.substr(0, size), 0600));
        EXPECT_EQ(read_audit_head(dir.open()), before) << size;
        EXPECT_FALSE(read_marked_ledger(dir.open())) << size;
    }
    ASSERT_TRUE(dir.open().write_atomic("audit.head", whole + whole, 0600));
    EXPECT_EQ(read_marked_ledger(dir.open()), before);
}

TEST(Audit, ForeignContentIsToldOfInTheFirstRunToo) {
    test::TempDir dir;
    ASSERT_TRUE(dir.open().write_atomic("audit.log", "hello\n", 0640));
    const auto audit = opened(dir.open());
    EXPECT_THAT(events_of(dir.open()), ElementsAre("audit-gap"));
    EXPECT_EQ(dir.open().read_file("audit.log.1", 1_MiB), "hello\n");
}

// --- rotation

}  // namespace
}  // namespace bulkhead::records
