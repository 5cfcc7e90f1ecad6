#include "common/approval/param.hpp"

#include <gmock/gmock.h>

#include "tests/support/ok.hpp"

namespace bulkhead::approval {
namespace {

std::string check(std::string_view rule, std::string_view value, unsigned format = 1) {
    const auto param = parse_param_rule("p", rule, format);
    if (!param) return "no rule: " + param.error().what;
    const auto checked = check_param(*param, value);
    return checked ? "ok" : checked.error().what;
}

// As a manifest of format v2 has it.
std::string check2(std::string_view rule, std::string_view value) { return check(rule, value, 2); }

std::string error2(std::string_view rule) {
    const auto param = parse_param_rule("p", rule, 2);
    return param ? "none" : param.error().what;
}

TEST(Param, ANumberIsTakenInItsOnlySpellingAndRange) {
    EXPECT_EQ(check("int:-5..90", "90"), "ok");
    EXPECT_EQ(check("int:-5..90", "-5"), "ok");
    EXPECT_EQ(check("int:-5..90", "0"), "ok");
    for (const auto* outside : {"91", "-6", "99999999999999999999"}) {
        EXPECT_EQ(check("int:-5..90", outside), "outside -5..90");
    }
    for (const auto* odd : {"", "-", "+1", "01", "-0", "1 ", " 1", "0x1", "1;id"}) {
        EXPECT_EQ(check("int:-5..90", odd), "not a plain decimal number") << odd;
    }
    EXPECT_EQ(check("int:-9223372036854775808..9223372036854775807", "-9223372036854775808"), "ok");
}

TEST(Param, AChoiceIsTakenWholeOrNotAtAll) {
    EXPECT_EQ(check("enum:/var/cache|/var/tmp", "/var/tmp"), "ok");
    for (const auto* odd : {"", "/var", "/var/tmp/", "/VAR/TMP", "/var/cache|/var/tmp"}) {
        EXPECT_EQ(check("enum:/var/cache|/var/tmp", odd), "not one of the choices") << odd;
    }
}

TEST(Param, ATextHoldsOnlyTheListedCharacters) {
    EXPECT_EQ(check("text:8:a-z0-9._-", "nginx-1."), "ok");
    EXPECT_EQ(check("text:8:a-z0-9._-", "nginx-1.2"), "expected 1..8 characters");
    EXPECT_EQ(check("text:8:a-z0-9._-", ""), "expected 1..8 characters");
    EXPECT_EQ(check("text:8:a-z0-9._-", "Nginx"), "character \"N\" is not allowed");
    EXPECT_EQ(check("text:8:a-z0-9._-", "a b"), "character \" \" is not allowed");
    EXPECT_EQ(check("text:8:a-z0-9._-", "a$(id)"), "character \"$\" is not allowed");
    EXPECT_EQ(check("text:8:a-z0-9._-", "a\n"), "character \"\\x0a\" is not allowed");
    EXPECT_EQ(check("text:8:a-z0-9._-", "\x80"), "character \"\\x80\" is not allowed");
    EXPECT_EQ(check("text:8:a-z0-9._-", "\xc3\xa4"), "character \"\\xc3\" is not allowed");
    EXPECT_EQ(check("text:8:a-z0-9._-", std::string_view("a\0b", 3)),
              "character \"\\x00\" is not allowed");
}

TEST(Param, ATextCannotPoseAsAnOption) {
    EXPECT_EQ(check("text:8:a-z-", "-rf"), "begins with a minus sign");
    EXPECT_EQ(check("text:8:-a-z", "r-f"), "ok");
}

TEST(Param, AClassIsReadAsItIsWritten) {
    EXPECT_EQ(check("text:8:a-c", "-"), "begins with a minus sign");
    EXPECT_EQ(check("text:8:a-c", "a-"), "character \"-\" is not allowed");
    EXPECT_EQ(check("text:8:ac", "b"), "character \"b\" is not allowed");
    EXPECT_EQ(check("text:8:a-c:", "b:"), "ok");
    EXPECT_EQ(check("text:8:!-~", "~!-"), "ok");
}

TEST(Param, MalformedRulesSayWhatIsWrong) {
    const auto error = [](std::string_view rule) {
        const auto param = parse_param_rule("p", rule);
        return param ? "none" : param.error().what;
    };
    EXPECT_EQ(error("text:8:z-a"), "a range in the class runs backwards");
    EXPECT_EQ(error("text:8:a-a"), "a range in the class runs backwards");
    EXPECT_EQ(error("text:8:a--"), "a range in the class runs backwards");
    EXPECT_EQ(error("text:8:!--"), "a range in the class runs backwards");
    EXPECT_EQ(error("text:8:--a"),
              "a minus sign in a class stands first, last or between two ends of a range");
    EXPECT_EQ(error("text:8:a-c-e"),
              "a minus sign in a class stands first, last or between two ends of a range");
    EXPECT_EQ(error("text:8"), "expected text:max:class");
    EXPECT_EQ(error("text:513:a"), "outside 1..512");
    EXPECT_EQ(error("int:..5"), "not a plain decimal number");
    EXPECT_EQ(error("int:0..99999999999999999999"), "outside 0..9223372036854775807");
    EXPECT_EQ(error("enum:"), "empty choice");
    EXPECT_EQ(error("text:8:a b"), "blank in a rule");
    EXPECT_EQ(error("text:8:a\x7f"), "blank in a rule");
    EXPECT_EQ(error(""), "expected int:, enum: or text:");
}

// Signed manifests of that format are out there.
TEST(Param, InFormatV1RulesMeanWhatTheyAlwaysMeant) {
    EXPECT_EQ(check("text:8:!-~", "a[$(id)]"), "ok");
    EXPECT_EQ(check("text:9:[:blank:]", "[:blank:]"), "ok");
    EXPECT_EQ(check("text:9:[:blank:]", " "), "character \" \" is not allowed");
    for (const auto* rule : {"word", "path:/var", "text-raw:8:a"}) {
        EXPECT_EQ(check(rule, "a"), "no rule: this rule needs a manifest of bulkhead-job v2");
    }
    EXPECT_EQ(check("wordy", "a"), "no rule: expected int:, enum: or text:");
}

TEST(Param, AWordIsOneComponentAndNoOption) {
    for (const auto* good : {"a", "7", "nginx-1.2_3", "A..b"})
        EXPECT_EQ(check2("word", good), "ok");
    EXPECT_EQ(check2("word", std::string(64, 'a')), "ok");
    for (const auto& odd : {std::string(), std::string("-a"), std::string(".."), std::string("a/b"),
                            std::string("a b"), std::string("a[0]"), std::string("\xc3\xa4"),
                            std::string(65, 'a'), std::string("a\n"), std::string("a\0", 2)}) {
        EXPECT_EQ(check2("word", odd), "expected [A-Za-z0-9][A-Za-z0-9._-]{0,63}") << odd;
    }
    EXPECT_NE(error2("word:8"), "none");
}

TEST(Param, APathLiesBeneathItsPrefixByItsText) {
    const std::string rule = "path:/var/cache";
    EXPECT_EQ(check2(rule, "/var/cache/apt"), "ok");
    EXPECT_EQ(check2(rule, "/var/cache/apt/a..b/.c/d@1+2_3-4"), "ok");
    for (const auto* outside :
         {"/var/cache", "/var/cached", "/var", "/etc/passwd", "/var/Cache/a"}) {
        EXPECT_EQ(check2(rule, outside), "not beneath /var/cache") << outside;
    }
    const std::pair<std::string, std::string> bad[] = {
        {"", "expected an absolute path of at most 512 bytes"},
        {"var/cache/x", "expected an absolute path of at most 512 bytes"},
        {"/var/cache/" + std::string(502, 'a'), "expected an absolute path of at most 512 bytes"},
        {"/var/cache/../x", "has a part \"..\""},
        {"/var/cache/x/..", "has a part \"..\""},
        {"/var/cache/./x", "has a part \".\""},
        {"/var/cache//x", "has an empty part: write one slash, and none at the end"},
        {"//var/cache/x", "has an empty part: write one slash, and none at the end"},
        {"/var/cache/x/", "has an empty part: write one slash, and none at the end"},
        {"/var/cache/", "has an empty part: write one slash, and none at the end"},
        {"/var/cache/-rf", "has a part that begins with a minus sign"},
        {"/var/cache/a b", "expected parts of letters, digits and . _ + @ -"},
        {"/var/cache/a\n", "expected parts of letters, digits and . _ + @ -"},
        {"/var/cache/$(id)", "expected parts of letters, digits and . _ + @ -"},
        {"/var/cache/a*", "expected parts of letters, digits and . _ + @ -"},
        {"/var/cache/\xc3\xa4", "expected parts of letters, digits and . _ + @ -"},
        {std::string("/var/cache/a\0", 13), "expected parts of letters, digits and . _ + @ -"},
        {"/var/cache/" + std::string(256, 'a'), "expected parts of letters, digits and . _ + @ -"},
    };
    for (const auto& [value, says] : bad) EXPECT_EQ(check2(rule, value), says) << value;
}

TEST(Param, ThePrefixOfAPathIsADirectoryWithOneSpelling) {
    for (const auto* rule : {"path:", "path:/", "path:var", "path:/var/", "path:/var/../etc",
                             "path://var", "path:/var/./x", "path:/v[ar"}) {
        EXPECT_TRUE(error2(rule).starts_with("the directory: ")) << rule << error2(rule);
    }
}

TEST(Param, ATextMayHoldBlanksAndLettersWhereItsRuleSaysSo) {
    const std::string rule = "text:12:A-Za-z0-9.,[:blank:][:letter:]-";
    EXPECT_EQ(check2(rule, "zwei W\xc3\xb6rter"), "ok");
    EXPECT_EQ(check2(rule, "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa9\xc5\xbe 89012"), "ok")
        << "12 characters";
    EXPECT_EQ(check2(rule, "\xd0\xa1\xd0\xbb\xd0\xbe\xd0\xb2\xd0\xbe"), "ok") << "Cyrillic alone";
    EXPECT_EQ(check2(rule, "\xe6\x97\xa5\xe6\x9c\xac"), "ok");
    EXPECT_EQ(check2(rule, "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa9\xc5\xbe 890123"),
              "expected 1..12 characters");
    for (const auto* odd : {" a", "a ", " "}) {
        EXPECT_EQ(check2(rule, odd), "begins or ends with a blank");
    }
    EXPECT_EQ(check2(rule, "a\tb"), "character \"\\x09\" is not allowed");
    EXPECT_EQ(check2(rule, "a\nb"), "character \"\\x0a\" is not allowed");
    EXPECT_EQ(check2(rule, "a;b"), "character \";\" is not allowed");
    EXPECT_EQ(check2("text:8:a-z[:blank:]", "\xc3\xa4"), "character \"\\xc3\" is not allowed");
    EXPECT_EQ(check2("text:8:a-z", "a b"), "character \" \" is not allowed");
    EXPECT_EQ(check2("text:8:[:blank:]a-z-", "a -"), "ok");
    EXPECT_EQ(check2("text:8:[:letter:]-", "-\xc3\xa4"), "begins with a minus sign");
}

TEST(Param, NoTextHoldsWhatPeopleDoNotSee) {
    const std::string rule = "text-raw:32:!-~[:blank:][:letter:]";
    for (const std::string odd :
         {"\xe2\x80\xae", "\xe2\x80\x8b", "\xef\xbb\xbf", "\x1b", "\xc2\xa0", "\xc2\x9b", "\xff",
          "\xc3", "\xed\xa0\x80", "\xf3\xa0\x81\x81", "\xcc\x88", "\r", "\n", "\t", "\x7f"}) {
        EXPECT_NE(check2(rule, "a" + odd + "b"), "ok") << odd;
        EXPECT_NE(check2(rule, "a" + odd), "ok") << odd;
    }
    EXPECT_EQ(
        check2("text:32:a-z[:letter:]", "p\xd0\xb0th"),
        "line 1, column 2: U+0430: looks like a Latin letter in a word of such letters, and is "
        "none");
}

TEST(Param, ATextHoldsNothingThatAShellExecutesUnlessItIsRaw) {
    for (const char c : kExecuted) {
        const auto rule = ":8:a" + std::string(1, c);
        EXPECT_THAT(error2("text" + rule),
                    testing::HasSubstr("Leave that out, or write text-raw: in place of text:"));
        EXPECT_EQ(check2("text-raw" + rule, "a" + std::string(1, c)), "ok");
    }
    EXPECT_LT(error2("text:8:`" + std::string(2'000, 'a')).size(), 300U) << "whatever the rule";
    for (const auto* rule : {"text:8:A-z", "text:8:!-~", "text:8:#-'", "text:8:Z-a", "text:8:z-~",
                             "text:8:[a]", "text:8:9-<", "text:8:[:"}) {
        EXPECT_THAT(error2(rule), testing::HasSubstr("which a shell can execute")) << rule;
    }
    EXPECT_THAT(error2("text:20:A-z"), testing::StartsWith("the class holds ` [ \\, which"));
    EXPECT_EQ(check2("text-raw:20:A-z", "a[`x`]"), "ok");
    EXPECT_EQ(error2("text:64:A-Za-z0-9 .:,_@%+=/!?'\"#~^*)}]-"), "blank in a rule");
    EXPECT_EQ(error2("text:64:A-Za-z0-9.:,_@%+=/!?'\"#~^*)}]-"), "none");
}

TEST(Param, NamedClassesAreKnownOrAnError) {
    EXPECT_EQ(error2("text:8:[:alpha:]"),
              "unknown class [:alpha:]; there are [:blank:] and [:letter:]");
    EXPECT_EQ(error2("text:8:a-[:blank:]"), "a range in the class runs backwards");
    EXPECT_EQ(error2("text:8:[:blank:]-z"),
              "a minus sign in a class stands first, last or between two ends of a range");
    EXPECT_EQ(check2("text-raw:8:a[:", "[:a"), "ok");
    EXPECT_EQ(error2("text-raw:8"), "expected text:max:class");
    EXPECT_EQ(error2("text-raw:513:a"), "outside 1..512");
    EXPECT_EQ(error2(""), "expected int:, enum:, word, path:, text: or text-raw:");
}

TEST(Param, NamesAreFitForTheEnvironment) {
    EXPECT_TRUE(is_param_name("max_age2"));
    for (const auto* odd : {"", "Path", "2x", "_x", "a-b", "a=b", "a b"}) {
        EXPECT_FALSE(is_param_name(odd)) << odd;
    }
    EXPECT_TRUE(is_param_name(std::string(32, 'a')));
    EXPECT_FALSE(is_param_name(std::string(33, 'a')));
}

}  // namespace
}  // namespace bulkhead::approval
