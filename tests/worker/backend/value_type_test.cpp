#include "worker/backend/dialect/value_type.hpp"

#include <gtest/gtest.h>

#include <array>

#include "common/base/strong.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 3> kColours{"red", "green", "blue"};
enum class Colour { red, green, blue };

std::string why_not(const ValueType& type, std::string_view text) {
    const auto checked = check_value(type, text);
    return checked ? "" : checked.error().what;
}

TEST(Duration, TakesUnitsAloneOrInARow) {
    static constexpr auto kType = value::duration(1ms, 48h);
    const auto span = [](std::string_view text) {
        std::chrono::milliseconds into{};
        EXPECT_TRUE(parse_into(kType, text, into)) << text;
        return into;
    };
    EXPECT_EQ(span("30s"), 30s);
    EXPECT_EQ(span("5m"), 5min);
    EXPECT_EQ(span("1h30m"), 90min);
    EXPECT_EQ(span("15m0s"), 15min);
    EXPECT_EQ(span("1500ms"), 1500ms);
    for (const auto* text : {"", "5", "s", "-5s", "5 s", "1.5h", "5s ", "5s6", "h", "1h 30m", "0s",
                             "72h", "5S", "99999999999999999999s"}) {
        EXPECT_FALSE(check_value(kType, text)) << text;
    }
    EXPECT_EQ(why_not(kType, "72h"), "must be 1ms..48h");
}

TEST(Duration, LosesItsFractionWhereWholeSecondsAreKept) {
    std::chrono::seconds into{};
    ASSERT_TRUE(parse_into(value::duration(1s, 1h), "1999ms", into));
    EXPECT_EQ(into, 1s);
}

TEST(Bytes, ArePlainOrPowersOf1024) {
    static constexpr auto kType = value::bytes(1, 1_GiB);
    const auto size = [](std::string_view text) { return parse_quantity(kType, text); };
    EXPECT_EQ(size("4096"), 4096U);
    EXPECT_EQ(size("512KiB"), 512_KiB);
    EXPECT_EQ(size("1GiB"), 1_GiB);
    for (const auto* text : {"", "0", "2GiB", "1GB", "1G", "-1", "1.5MiB", "KiB", "1 MiB",
                             "4294967295GiB", "99999999999999999999"}) {
        EXPECT_FALSE(size(text)) << text;
    }
    EXPECT_EQ(why_not(kType, "2GiB"), "must be 1..1GiB");
}

TEST(Count, IsWithinBothBounds) {
    static constexpr auto kType = value::count(1, 65'535);
    std::uint16_t port = 0;
    ASSERT_TRUE(parse_into(kType, "65535", port));
    EXPECT_EQ(port, 65'535);
    EXPECT_EQ(why_not(kType, "0"), "must be 1..65535");
    EXPECT_EQ(why_not(kType, "65536"), "must be 1..65535");
    EXPECT_EQ(why_not(kType, "22 "), "not a number");
}

TEST(Paths, AreAbsolute) {
    std::vector<std::string> paths;
    ASSERT_TRUE(parse_into(value::paths(), "/a:/b/*.pem", paths));
    EXPECT_EQ(paths, (std::vector<std::string>{"/a", "/b/*.pem"}));
    for (const auto* text : {"", "a", "/a:", "/a:b"}) {
        EXPECT_FALSE(check_value(value::paths(), text)) << text;
    }
}

TEST(Path, MayBeEmptyWhereThatMeansNone) {
    EXPECT_EQ(why_not(value::path(), ""), "must be an absolute path");
    EXPECT_EQ(why_not(value::or_empty(value::path()), ""), "");
    EXPECT_EQ(why_not(value::or_empty(value::path()), "x"), "must be an absolute path, or empty");
    EXPECT_EQ(why_not(value::or_empty(value::url()), ""), "");
}

TEST(Choice, IsItsPlaceAmongTheWords) {
    static constexpr auto kType = value::choice(kColours);
    auto colour = Colour::red;
    ASSERT_TRUE(parse_into(kType, "blue", colour));
    EXPECT_EQ(colour, Colour::blue);
    EXPECT_EQ(why_not(kType, "grey"), "expected red, green or blue");
}

TEST(Boolean, HasTwoWordsAlone) {
    bool into = false;
    ASSERT_TRUE(parse_into(value::boolean(), "true", into));
    EXPECT_TRUE(into);
    for (const auto* text : {"", "yes", "no", "True", "1"}) {
        EXPECT_EQ(why_not(value::boolean(), text), "write true or false") << text;
    }
}

TEST(ValueTypes, AreToldAsWhatToWrite) {
    EXPECT_EQ(in_words(value::duration(100ms, 10min)), "100ms..10m");
    EXPECT_EQ(in_words(value::bytes(1_MiB, 1024_GiB)), "1MiB..1024GiB");
    EXPECT_EQ(in_words(value::count(0, 1'000)), "0..1000");
    EXPECT_EQ(in_words(value::choice(kColours)), "red, green, blue");
    EXPECT_EQ(in_words(value::boolean()), "true, false");
}

TEST(ValueTypes, WhatIsRefusedLeavesTheMemberAsItWas) {
    std::uint32_t count = 7;
    EXPECT_FALSE(parse_into(value::count(1, 5), "6", count));
    EXPECT_EQ(count, 7U);
    std::string text = "before";
    EXPECT_FALSE(parse_into(value::path(), "x", text));
    EXPECT_EQ(text, "before");
}

}  // namespace
}  // namespace bulkhead::worker
