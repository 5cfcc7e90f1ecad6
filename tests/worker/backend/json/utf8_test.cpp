#include "worker/backend/json/utf8.hpp"

#include <gtest/gtest.h>

#include "common/base/text.hpp"

namespace bulkhead::worker {
namespace {

const std::string kReplacement = "\xef\xbf\xbd";

TEST(LossyUtf8, KeepsWhatIsUtf8) {
    EXPECT_EQ(lossy_utf8(""), "");
    EXPECT_EQ(lossy_utf8("plain\n"), "plain\n");
    EXPECT_EQ(lossy_utf8("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
              "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST(LossyUtf8, ReplacesOnlyTheBytesThatAreNot) {
    EXPECT_EQ(lossy_utf8("\xc3\xa4\xff\xc3\xa4"), "\xc3\xa4" + kReplacement + "\xc3\xa4");
    EXPECT_EQ(lossy_utf8("a\xe2\x82"), "a" + kReplacement + kReplacement);
    EXPECT_EQ(lossy_utf8(std::string("a\0b", 3)), "a" + kReplacement + "b");
    EXPECT_EQ(lossy_utf8("\xed\xa0\x80").find("\xed"), std::string::npos) << "a surrogate";
}

TEST(LossyUtf8, AnyOctetsBecomeText) {
    std::string octets;
    for (int i = 0; i < 256; ++i) {
        for (int k = 0; k < 256; k += 5) octets += {static_cast<char>(i), static_cast<char>(k)};
    }
    const auto text = lossy_utf8(octets);
    EXPECT_TRUE(is_utf8(text));
    EXPECT_EQ(text.find('\0'), text.npos);
}

TEST(WholeCharacters, StopsBeforeOneThatMayGoOn) {
    EXPECT_EQ(whole_characters(""), 0U);
    EXPECT_EQ(whole_characters("abc"), 3U);
    EXPECT_EQ(whole_characters("ab\xc3"), 2U);
    EXPECT_EQ(whole_characters("ab\xc3\xa4"), 4U);
    EXPECT_EQ(whole_characters("ab\xe2\x82"), 2U);
    EXPECT_EQ(whole_characters("ab\xf0\x9f\x98"), 2U);
    EXPECT_EQ(whole_characters("ab\xf0\x9f\x98\x80"), 6U);
}

TEST(WholeCharacters, DoesNotWaitForWhatCannotBecomeOne) {
    EXPECT_EQ(whole_characters("ab\xff"), 3U);
    EXPECT_EQ(whole_characters("\x80\x80\x80\x80"), 4U);
    EXPECT_EQ(whole_characters("a\xc3\xa4\x80"), 4U);
}

}  // namespace
}  // namespace bulkhead::worker
