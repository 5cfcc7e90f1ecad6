#include "common/approval/odd_text.hpp"

#include <gmock/gmock.h>

#include "tests/support/ok.hpp"

namespace bulkhead::approval {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> odd(std::string_view text) {
    std::vector<std::string> list;
    for (const auto& one : find_odd_text(text).first) list.push_back(in_words(one));
    return list;
}

std::string utf8(char32_t point) {
    std::string out;
    const auto put = [&](char32_t bits) { out += static_cast<char>(bits); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xc0 | (point >> 6)), put(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        put(0xe0 | (point >> 12)), put(0x80 | ((point >> 6) & 0x3f)), put(0x80 | (point & 0x3f));
    } else {
        put(0xf0 | (point >> 18)), put(0x80 | ((point >> 12) & 0x3f));
        put(0x80 | ((point >> 6) & 0x3f)), put(0x80 | (point & 0x3f));
    }
    return out;
}

TEST(OddText, IsNotWhatPeopleWrite) {
    for (const std::string text : {
             "",
             "#!/bin/bash\n\nset -eu\n\tprintf '%s\\n' \"$x\" # tab\n",
             "# Räumt auf, für alle: Größe, naïve, Žižek, œuvre, İstanbul, ñ, „Anführung“ – –\n",
             "# Готово: удаляет старые файлы. SSH-ключ, IP-адрес, кВт·ч, 5с\n",
             "printf '\\nОшибка %s\\n\\tА вот\\n'; echo -e \"\\e[31mОшибка\\e[0m\"\n",
             "# Καθαρισμός: Δt, μs, kΩ, 3σ, λx\n",
             "# 古いキャッシュを削除する。　デフォルトのtmp、ＡＢＣ（全角）\n",
             "# 清理缓存 rm -rf 안녕하세요 שלום مرحبا สวัสดี नमस्ते\n",
             "echo \"😀 🚀 ✔ ⚠ → ✓ € 20°C 1⁄2 №5 Linux™ ½ x²\"\n",
             "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa flag\n",
         }) {
        EXPECT_THAT(odd(text), ElementsAre()) << text;
    }
}

TEST(OddText, IsNamedWithItsPlaceCodePointAndEffect) {
    EXPECT_THAT(
        odd("#!/bin/bash\n# \xc3\xa4\xe2\x80\xae x\necho \x1b[1A\x1b[2K\r\n"),
        ElementsAre(
            "line 2, column 4: U+202E: a bidi control, which shows text in another order than it "
            "has",
            "line 3, column 6: U+001B: begins a sequence that a terminal obeys and does not show",
            "line 3, column 10: U+001B: begins a sequence that a terminal obeys and does not show",
            "line 3, column 14: U+000D: a carriage return: a terminal shows what follows over the "
            "line"));
}

TEST(OddText, HoldsEveryControlCharacterButLineFeedAndTab) {
    for (char32_t point = 0; point < 0xa0; ++point) {
        const bool control = point < 0x20 || point >= 0x7f;
        const bool good = !control || point == '\n' || point == '\t';
        EXPECT_EQ(find_odd_text("a" + utf8(point) + "b\n").count, good ? 0U : 1U)
            << unsigned(point);
    }
}

// Each range of Default_Ignorable_Code_Point, of the bidi controls, and of what is drawn as a
// blank.
TEST(OddText, HoldsWhatIsNotDrawn) {
    const std::pair<char32_t, char32_t> ranges[] = {
        {0xa0, 0xa0},       {0xad, 0xad},      {0x34f, 0x34f},   {0x61c, 0x61c},
        {0x115f, 0x1160},   {0x1680, 0x1680},  {0x17b4, 0x17b5}, {0x180b, 0x180f},
        {0x2000, 0x200f},   {0x2028, 0x202f},  {0x205f, 0x206f}, {0x2800, 0x2800},
        {0x3000, 0x3000},   {0x3164, 0x3164},  {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
        {0xffa0, 0xffa0},   {0xfff0, 0xfffb},  {0xfffe, 0xffff}, {0x1bca0, 0x1bca3},
        {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
    for (const auto& [first, last] : ranges) {
        for (auto point = first; point <= last; ++point) {
            EXPECT_EQ(find_odd_text("rm" + utf8(point) + " x\n").count, 1U) << unsigned(point);
        }
        EXPECT_EQ(find_odd_text(utf8(first)).count, 1U) << "at the begin " << unsigned(first);
    }
}

TEST(OddText, HoldsBytesThatAreNoUtf8) {
    EXPECT_THAT(
        odd("# f\xfcr alle\n"),
        ElementsAre("line 1, column 4: byte 0xFC: not UTF-8, so each program shows it in its "
                    "own way"));
    for (const std::string bad :
         {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x80", "\x80"}) {
        EXPECT_EQ(find_odd_text(bad).count, bad.size()) << "each byte";
    }
}

TEST(OddText, HoldsLettersThatLookLatinInAWordOfLatinLetters) {
    for (const std::string word : {
             "p\xd0\xb0th",         // Cyrillic a
             "\xd1\x80\xd0\xb0th",  // Cyrillic p, a
             "sc\xd1\x80",          // Cyrillic p at the end
             "r\xd0\xbem",          // Cyrillic o
             "\xce\x91lpha",        // Greek Alpha
             "r\xce\xbf"
             "ot",             // Greek o
             "\xef\xbd\x92m",  // fullwidth r
             "\xf0\x9d\x90\xab"
             "m",  // mathematical r
             "\xe2\x84\xaa"
             "ey",           // Kelvin sign
             "\xc9\xa1rep",  // IPA g
             "\xe1\x8e\xaa"
             "dmin",                   // Cherokee A
             "etc\xe2\x88\x95passwd",  // division slash
             "\xc3\xa9t\xd0\xb0t",     // beside an accented letter
             "p\xd0\xb0\xcc\x81th",    // with a combining mark
         }) {
        EXPECT_EQ(find_odd_text("x='" + word + "'\n").count, 1U) << word;
    }
    // A path or name is one word.
    EXPECT_EQ(find_odd_text("rm /tmp/\xd1\x81\xd0\xbe\xd1\x80\xd1\x83\n").count, 1U);
    EXPECT_EQ(find_odd_text("apt-\xd0\xb0\n").count, 1U);
    EXPECT_THAT(odd("cat p\xd0\xb0th \xd1\x85y\n"),
                ElementsAre(HasSubstr("line 1, column 6: U+0430"), HasSubstr("column 10: U+0445")));
}

TEST(OddText, HoldsTextBehindBlanksThatPushItOutOfSight) {
    const std::string good = "echo cleaning; ";
    const auto pushed = [&](const std::string& blanks, const std::string& rest) {
        return odd(good + blanks + rest + "\n");
    };
    const auto at = [](const std::string& column) {
        return ElementsAre("line 1, column " + column +
                           ": U+0020: blanks push text beyond column 200");
    };
    EXPECT_THAT(pushed(std::string(184, ' '), "x"), ElementsAre()) << "column 200";
    EXPECT_THAT(pushed(std::string(185, ' '), "x"), at("201"));
    EXPECT_THAT(pushed(std::string(40, '\t'), "rm -rf /"), at("56"));
    EXPECT_THAT(pushed(std::string(180, ' ') + "; " + std::string(15, ' '), "rm -rf /"), at("213"));
    EXPECT_THAT(pushed(std::string(180, ' '), "; rm -rf / # 200"), at("201"));
    EXPECT_THAT(pushed(std::string(300, ' '), ""), at("316")) << "at the end";
    EXPECT_THAT(pushed(std::string(200, 'a') + std::string(16, ' '), "b"), at("232"));
    EXPECT_THAT(pushed(std::string(200, 'a') + std::string(15, ' '), "b"), ElementsAre());
    std::string words;
    for (int i = 0; i < 100; ++i) words += "word ";
    EXPECT_THAT(pushed("", words + "end"), ElementsAre()) << "long, and all of it is there to see";
    EXPECT_THAT(odd(std::string(250, ' ') + "x\n" + std::string(250, ' ') + "y\n").size(), 2U);
}

TEST(OddText, HoldsTextBeneathAScreenOfNothing) {
    EXPECT_THAT(odd("echo\n" + std::string(49, '\n') + "rm\n"), ElementsAre());
    EXPECT_THAT(
        odd("echo\n" + std::string(25, '\n') + " \n\t\n" + std::string(25, '\n') + "  rm\n"),
        ElementsAre("line 54, column 3: U+000A: stands beneath 50 empty lines or more"));
    EXPECT_THAT(odd("echo\n" + std::string(500, '\n')), ElementsAre()) << "nothing follows";
}

TEST(OddText, IsCountedButNotAllKept) {
    const auto found = find_odd_text(std::string(1 << 20, '\r'));
    EXPECT_EQ(found.first.size(), kMostOdd);
    EXPECT_EQ(found.count, std::size_t{1} << 20);
}

}  // namespace
}  // namespace bulkhead::approval
