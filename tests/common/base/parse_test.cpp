#include "common/base/parse.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace bulkhead {
namespace {

using testing::ElementsAre;

std::string utc(std::string_view text) {
    const auto time = parse_utc(text);
    return time ? std::to_string(time->time_since_epoch().count()) : time.error().what;
}

std::string base64(std::string_view text) {
    const auto bytes = parse_base64(text);
    return bytes ? std::string(as_text(*bytes)) : bytes.error().what;
}

TEST(Number, TakesTheWholeTextOrNothing) {
    EXPECT_EQ(parse_number<int>("0"), 0);
    EXPECT_EQ(parse_number<int>("-12"), -12);
    EXPECT_EQ(parse_number<unsigned>("007"), 7U);
    for (const auto* text : {"", " 1", "1 ", "+1", "0x10", "1e3", "1.0", "one", "1\n", "--1"}) {
        EXPECT_FALSE(parse_number<int>(text)) << text;
    }
    EXPECT_FALSE(parse_number<int>(std::string_view("1\0", 2)));
}

TEST(Number, RefusesWhatDoesNotFitAndSigns) {
    EXPECT_EQ(parse_number<std::uint8_t>("255"), 255);
    EXPECT_EQ(parse_number<std::uint8_t>("256").error().what, "number out of range");
    EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"),
              std::numeric_limits<std::uint64_t>::max());
    EXPECT_FALSE(parse_number<std::uint64_t>("18446744073709551616"));
    EXPECT_FALSE(parse_number<unsigned>("-1"));
}

TEST(Hex, IsLowerCasePairs) {
    EXPECT_EQ(to_hex(as_bytes(std::string_view("\x00\x7f\xff", 3))), "007fff");
    EXPECT_EQ(as_text(*parse_hex("626f61740a")), "boat\n");
    EXPECT_TRUE(parse_hex("")->empty());
    for (const auto* text : {"0", "0g", "AB", "0x", " 0", "é"}) {
        EXPECT_FALSE(parse_hex(text)) << text;
    }
}

TEST(Base64, AgreesWithTheVectorsOfRfc4648) {
    const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                     {"f", "Zg=="},
                                                                     {"fo", "Zm8="},
                                                                     {"foo", "Zm9v"},
                                                                     {"foob", "Zm9vYg=="},
                                                                     {"fooba", "Zm9vYmE="},
                                                                     {"foobar", "Zm9vYmFy"},
                                                                     {"\xfb\xff", "+/8="}};
    for (const auto& [plain, coded] : vectors) {
        EXPECT_EQ(to_base64(as_bytes(plain)), coded);
        EXPECT_EQ(base64(coded), plain);
    }
}

TEST(Base64, HasOneSpellingForEachValue) {
    const std::string stray = "base64: stray bits in the last group";
    EXPECT_EQ(base64("Zh=="), stray);
    EXPECT_EQ(base64("Zg8="), "f\xf") << "the low bits of this group are used";
    EXPECT_EQ(base64("Zm9="), stray);
    EXPECT_EQ(base64("Z///"), "g\xff\xff");
}

TEST(Base64, RefusesOddCharactersAndPlaces) {
    for (const auto* text : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zg==Zg==", "Zm8=Zm8=",
                             "Zm9v\n", "Zm 9", "Zm-_", "Z=9v", "Zg=v", "Zm9v===="}) {
        EXPECT_FALSE(parse_base64(text)) << text;
    }
}

TEST(Base64, ReadsBackEveryLength) {
    Bytes bytes;
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(parse_base64(to_base64(bytes)), bytes);
        bytes.push_back(static_cast<std::byte>(i * 37));
    }
}

TEST(Duration, NamesItsUnit) {
    using namespace std::chrono_literals;
    EXPECT_EQ(parse_duration("1500ms"), 1500ms);
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("1h"), 1h);
    EXPECT_EQ(parse_duration("7d"), 168h);
    EXPECT_EQ(parse_duration("0s"), 0s);
    EXPECT_EQ(parse_duration("4294967295d"), 4294967295 * 24h) << "no unit overflows";
    for (const auto* text :
         {"", "30", "s", "ms", "-1s", "+1s", "1.5s", "30 s", "30S", "1w", "4294967296s", "1h30m"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Time, IsSecondsOfTheEpoch) {
    EXPECT_EQ(utc("1970-01-01T00:00:00Z"), "0");
    EXPECT_EQ(utc("2026-08-22T01:02:03Z"), "1787360523");
    EXPECT_EQ(utc("2000-02-29T23:59:59Z"), "951868799");
    EXPECT_EQ(utc("9998-12-31T23:59:59Z"), "253370764799");
}

TEST(Time, KnowsWhichDaysThereAre) {
    const std::string no_day = "no such day";
    EXPECT_EQ(utc("2023-02-29T00:00:00Z"), no_day);
    EXPECT_EQ(utc("2100-02-29T00:00:00Z"), no_day) << "no leap year in most centuries";
    EXPECT_NE(utc("2024-02-29T00:00:00Z"), no_day);
    EXPECT_EQ(utc("2024-04-31T00:00:00Z"), no_day);
    EXPECT_EQ(utc("2024-13-01T00:00:00Z"), no_day);
    EXPECT_EQ(utc("2024-00-01T00:00:00Z"), no_day);
    EXPECT_EQ(utc("2024-01-00T00:00:00Z"), no_day);
}

TEST(Time, HasNoLeapSecondAndNoTwentyFourthHour) {
    EXPECT_EQ(utc("2016-12-31T23:59:60Z"), "no such time of day");
    EXPECT_EQ(utc("2016-12-31T24:00:00Z"), "no such time of day");
    EXPECT_EQ(utc("2016-12-31T23:60:00Z"), "no such time of day");
}

TEST(Time, EndsBeforeTheYearThatNobodyMeans) {
    EXPECT_EQ(utc("9999-01-01T00:00:00Z"), "year outside 1970..9998");
    EXPECT_EQ(utc("1969-12-31T23:59:59Z"), "year outside 1970..9998");
    EXPECT_EQ(utc("0000-01-01T00:00:00Z"), "year outside 1970..9998");
}

TEST(Time, HasOneShape) {
    for (const auto* text :
         {"", "2026-08-22", "2026-08-22T00:00:00", "2026-08-22t00:00:00z", "2026-08-22 00:00:00Z",
          "2026-08-22T00:00:00+00:00", "2026-08-22T00:00:00.0Z", "26-08-22T00:00:00Z",
          "+026-08-22T00:00:00Z", "2026-8-022T00:00:00Z", "2026-08-22T00:00:00Z\n",
          "2026-08-22T 0:00:00Z", "2026-08-22T-1:00:00Z"}) {
        EXPECT_EQ(utc(text), "not a time; write 2026-08-22T00:00:00Z") << text;
    }
}

TEST(Time, IsWrittenAsItIsRead) {
    for (const auto* text : {"1970-01-01T00:00:00Z", "2024-02-29T12:34:56Z", "9998-12-31T23:59:59Z",
                             "2026-11-01T09:08:07Z"}) {
        EXPECT_EQ(format_utc(parse_utc(text).value()), text);
    }
}

TEST(Split, KeepsEmptyParts) {
    EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
    EXPECT_THAT(split("", ','), ElementsAre(""));
    EXPECT_THAT(split(",", ','), ElementsAre("", ""));
    EXPECT_THAT(split("a\n", '\n'), ElementsAre("a", ""));
}

TEST(Words, AreWhatBlanksAndTabsLeave) {
    EXPECT_THAT(words(" \ta  b\tc "), ElementsAre("a", "b", "c"));
    EXPECT_THAT(words(" \t "), testing::IsEmpty());
    EXPECT_THAT(words("a\nb"), ElementsAre("a\nb")) << "a line end is no blank";
    EXPECT_EQ(trimmed(" \t a b \t"), "a b");
    EXPECT_EQ(trimmed(" \t"), "");
}

TEST(ColonTable, FindsAKeyAtTheStartOfALine) {
    const ColonTable table(
        "MemTotal\nMemTotal:       16 kB\nName:\tx: y\nNot MemTotal: 5 kB\nEmpty:\nLast: 1");
    EXPECT_EQ(table.value("MemTotal"), "16 kB");
    EXPECT_EQ(table.value("Name"), "x: y");
    EXPECT_EQ(table.value("Empty"), "");
    EXPECT_EQ(table.value("Last"), "1");
    EXPECT_EQ(table.value("Mem").error().what, "Mem: missing") << "a prefix is another key";
    EXPECT_FALSE(table.value("Total"));
    EXPECT_FALSE(ColonTable("").value("Any"));
}

TEST(ColonTable, WantsTheUnitItKnows) {
    const ColonTable table("A: 16 kB\nB: 16\nC: 16 MB\nD: x kB\nE: -1 kB\nF: 16 kB extra");
    EXPECT_EQ(table.kibibytes("A"), 16384U);
    for (const auto* key : {"B", "C", "F"}) {
        EXPECT_EQ(table.kibibytes(key).error().what, std::string(key) + ": expected kB");
    }
    EXPECT_EQ(table.kibibytes("D").error().what, "D: not a number");
    EXPECT_FALSE(table.kibibytes("E"));
    EXPECT_EQ(table.kibibytes("G").error().what, "G: missing");
}

TEST(ColonTable, RefusesMoreBytesThanANumberHolds) {
    const ColonTable table("A: 18014398509481983 kB\nB: 18014398509481984 kB");
    EXPECT_EQ(table.kibibytes("A"), 18014398509481983U * 1024);
    EXPECT_FALSE(table.kibibytes("B"));
}

}  // namespace
}  // namespace bulkhead
