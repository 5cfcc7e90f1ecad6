#include "common/approval/param.hpp"

#include <gmock/gmock.h>

#include "tests/support/ok.hpp"

namespace bulkhead::approval {
namespace {

std::string check(std::string_view rule, std::string_view value) {
    const auto param = parse_param_rule("p", rule);
    EXPECT_OK(param);
    const auto checked = check_param(*param, value);
    return checked ? "ok" : checked.error().what;
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
