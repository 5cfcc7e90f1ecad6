#include "common/base/text.hpp"

#include <gtest/gtest.h>

namespace bulkhead {
namespace {

using Eight = BoundaryText<8>;

TEST(Utf8, TakesTheBordersOfEachLength) {
    for (const auto* text :
         {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
          "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "naïve 漢字 🚢"}) {
        EXPECT_TRUE(is_utf8(text)) << text;
    }
    EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
}

TEST(Utf8, RefusesOverlongSurrogateTooLargeAndTorn) {
    const std::pair<const char*, std::string_view> bad[] = {
        {"a lone continuation", "\x80"},
        {"two continuations", "a\x80\xbf"},
        {"overlong slash, two bytes", "\xc0\xaf"},
        {"overlong NUL", "\xc0\x80"},
        {"overlong, two bytes, last", "\xc1\xbf"},
        {"overlong, three bytes", "\xe0\x80\xaf"},
        {"overlong, three bytes, last", "\xe0\x9f\xbf"},
        {"overlong, four bytes", "\xf0\x80\x80\xaf"},
        {"overlong, four bytes, last", "\xf0\x8f\xbf\xbf"},
        {"first surrogate", "\xed\xa0\x80"},
        {"last surrogate", "\xed\xbf\xbf"},
        {"beyond the last point", "\xf4\x90\x80\x80"},
        {"lead of five", "\xf8\x88\x80\x80\x80"},
        {"lead of F5", "\xf5\x80\x80\x80"},
        {"continuation as a lead", "\x82\x80"},
        {"lead of five before three", "\xf8\x90\x80\x80"},
        {"FE", "\xfe"},
        {"FF", "\xff"},
        {"torn, two", "\xc2"},
        {"torn, three", "\xe2\x82"},
        {"torn, four", "\xf0\x9f\x9a"},
        {"lead and letter", "\xc2z"},
        {"torn in the middle", "\xe2\x82z\x82"},
        {"Latin 1", "na\xefve"},
    };
    for (const auto& [name, text] : bad) EXPECT_FALSE(is_utf8(text)) << name;
}

TEST(BoundaryText, CountsBytesNotLetters) {
    EXPECT_EQ(Eight::create("12345678")->str(), "12345678");
    EXPECT_EQ(Eight::create("123456789").error().what, "text longer than 8 bytes");
    EXPECT_TRUE(Eight::create("éééé"));
    EXPECT_FALSE(Eight::create("ééééa"));
}

TEST(BoundaryText, RefusesNulAndBadUtf8) {
    EXPECT_EQ(Eight::create(std::string_view("a\0b", 3)).error().what, "text holds a NUL");
    EXPECT_EQ(Eight::create("a\xff").error().what, "text is not UTF-8");
    EXPECT_TRUE(Eight::create("")->empty());
}

TEST(BoundaryText, ClipsAtACharacterBorder) {
    EXPECT_EQ(Eight::clipped("123456789").str(), "12345678");
    EXPECT_EQ(Eight::clipped("1234567é").str(), "1234567") << "no half letter";
    EXPECT_EQ(Eight::clipped("12345🚢🚢").str(), "12345");
    EXPECT_EQ(Eight::clipped("1234🚢🚢").str(), "1234🚢");
    EXPECT_EQ(Eight::clipped(std::string_view("ab\0cd", 5)).str(), "ab");
    EXPECT_EQ(Eight::clipped("whole").str(), "whole");
}

TEST(BoundaryText, ClippedIsNeverWrongWhateverComes) {
    for (const std::string_view text : {"\xff", "\x80\x80\x80\x80\x80\x80\x80\x80\x80", "ab\xff",
                                        "", "\xf0\x9f\x9a", "a\xff\x62zzzzzzzzz"}) {
        EXPECT_TRUE(Eight::create(Eight::clipped(text).str()));
    }
}

TEST(Quoted, LeavesNothingThatATerminalObeys) {
    EXPECT_EQ(quoted("plain words, 100 %"), "plain words, 100 %");
    EXPECT_EQ(quoted("a\nb\x1b[31m\x7f\x1f"), "a\\x0ab\\x1b[31m\\x7f\\x1f");
    EXPECT_EQ(quoted("say \"hi\" \\"), "say \\x22hi\\x22 \\x5c");
    EXPECT_EQ(quoted("é"), "\\xc3\\xa9");
    EXPECT_EQ(quoted(std::string_view("\0", 1)), "\\x00");
}

TEST(Quoted, SaysThatItCut) {
    EXPECT_EQ(quoted("abcdef", 3), "abc...");
    EXPECT_EQ(quoted("abc", 3), "abc");
    const std::string feeds(10'000, '\n');
    EXPECT_EQ(quoted(std::string_view(feeds)).size(), 256 * 4 + 3U);
}

}  // namespace
}  // namespace bulkhead
