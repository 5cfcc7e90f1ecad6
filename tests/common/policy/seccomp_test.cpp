#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>

#include "common/policy/parse.hpp"

using namespace bulkhead;
using namespace bulkhead::policy;
using testing::ElementsAre;
using testing::StartsWith;

namespace {

std::string refusal(std::string_view rules) {
    const auto list = parse_seccomp("s", "default kill  # why\n" + std::string(rules));
    return list ? "" : list.error().what;
}

SeccompList parsed(std::string_view rules) {
    auto list = parse_seccomp("s", "default kill  # why\n" + std::string(rules));
    EXPECT_TRUE(list) << list.error().what;
    return list.value_or(SeccompList{});
}

}  // namespace

TEST(SeccompList, EveryAnswerCanBeGiven) {
    const auto list = parsed(
        "allow read  # a\n"
        "errno ENOSYS clone3  # b\n"
        "log uname  # c\n"
        "kill ptrace  # d\n");
    EXPECT_EQ(list.fallback, (Action{Verdict::kill}));
    ASSERT_EQ(list.rules.size(), 4U);
    EXPECT_EQ(list.rules[0].action, (Action{Verdict::allow}));
    EXPECT_EQ(list.rules[1].action, (Action{Verdict::error, ENOSYS}));
    EXPECT_EQ(list.rules[1].call, "clone3");
    EXPECT_EQ(list.rules[2].action, (Action{Verdict::log}));
    EXPECT_EQ(list.rules[3].action, (Action{Verdict::kill}));
    EXPECT_EQ(list.rules[3].source.line, 5U);
    EXPECT_EQ(list.rules[3].source.reason, "d");
}

TEST(SeccompList, TheZeroValueOfAnActionKills) { EXPECT_EQ(Action{}.verdict, Verdict::kill); }

TEST(SeccompList, ConditionsLookAtTheLow32BitsOnly) {
    const auto list = parsed(
        "allow socket if arg0 in AF_INET AF_INET6 and arg1 lacks 12 and arg2 is 0  # a\n"
        "allow mmap if arg2 lacks PROT_EXEC  # b\n"
        "allow clone if arg0 has 0x100|65536  # c\n");
    const auto& socket = list.rules[0].conditions;
    ASSERT_EQ(socket.size(), 3U);
    EXPECT_EQ(socket[0].argument, 0U);
    EXPECT_EQ(socket[0].mask, 0xffffffffU);
    EXPECT_THAT(socket[0].values, ElementsAre(AF_INET, AF_INET6));
    EXPECT_EQ(socket[1].mask, 12U);
    EXPECT_THAT(socket[1].values, ElementsAre(0U));
    EXPECT_THAT(socket[2].values, ElementsAre(0U));
    EXPECT_EQ(list.rules[1].conditions[0].mask, std::uint32_t{PROT_EXEC});
    EXPECT_EQ(list.rules[2].conditions[0].mask, 0x10100U);
    EXPECT_THAT(list.rules[2].conditions[0].values, ElementsAre(0x10100U));
}

TEST(SeccompList, LinesAboutOneCallMayDifferOnlyWhereTheyCannotBothMatch) {
    EXPECT_EQ(refusal("allow socket if arg0 is AF_INET  # a\n"
                      "errno EACCES socket if arg0 is AF_UNIX  # b\n"),
              "");
    EXPECT_EQ(refusal("allow a if arg0 lacks 1  # a\nerrno EPERM a if arg0 has 3  # b\n"), "");
    EXPECT_THAT(refusal("allow a if arg0 is 1  # a\nerrno EPERM a if arg1 is 1  # b\n"),
                StartsWith("s:3:26: contradicts or repeats line 2"));
    EXPECT_THAT(refusal("allow a if arg0 has 1  # a\nerrno EPERM a if arg0 has 2  # b\n"),
                StartsWith("s:3:27: contradicts or repeats line 2"));
    EXPECT_THAT(refusal("allow a  # a\nerrno EPERM a if arg0 is 1  # b\n"),
                StartsWith("s:3:26: contradicts or repeats line 2"));
    EXPECT_THAT(refusal("allow a if arg0 is 1  # a\nerrno EPERM a if arg1 is 2  # b\n"),
                StartsWith("s:3:26: contradicts or repeats line 2"));
    EXPECT_EQ(refusal("allow a if arg0 is 1  # a\nallow a if arg1 is 2  # b\n"), "");
    EXPECT_THAT(refusal("allow a  # a\nallow a if arg0 is 1  # b\n"),
                StartsWith("s:3:20: contradicts or repeats line 2"));
    EXPECT_THAT(refusal("allow a if arg0 is 1  # a\nallow a  # b\n"),
                StartsWith("s:3:7: contradicts or repeats line 2"));
    EXPECT_THAT(refusal("allow a  # a\nallow a  # b\n"),
                StartsWith("s:3:7: contradicts or repeats line 2"));
}

TEST(SeccompList, NamesWhatItDoesNotUnderstand) {
    EXPECT_THAT(refusal("deny read  # x\n"),
                StartsWith("s:2:1: unknown key \"deny\"; known are default allow "
                           "errno log kill"));
    EXPECT_THAT(refusal("allow read write  # x\n"), StartsWith("s:2:12: unexpected \"write\""));
    EXPECT_THAT(refusal("allow Read  # x\n"), StartsWith("s:2:7: expected the name of a system"));
    EXPECT_THAT(refusal("errno EFOO read  # x\n"), StartsWith("s:2:7: unknown name \"EFOO\""));
    EXPECT_THAT(refusal("allow read if  # x\n"), StartsWith("s:2:14: expected arg0, arg1"));
    EXPECT_THAT(refusal("allow read if arg6 is 0  # x\n"),
                StartsWith("s:2:15: expected arg0, arg1"));
    EXPECT_THAT(refusal("allow read if arg0 not 0  # x\n"), StartsWith("s:2:20: expected is, in"));
    EXPECT_THAT(refusal("allow read if arg0 is  # x\n"), StartsWith("s:2:22: expected a number"));
    EXPECT_THAT(refusal("allow read if arg0 is AF_OOPS  # x\n"),
                StartsWith("s:2:23: unknown name \"AF_OOPS\""));
    EXPECT_THAT(refusal("allow read if arg0 is 4294967296  # x\n"), StartsWith("s:2:23: unknown"));
    EXPECT_THAT(refusal("allow read if arg0 is -1  # x\n"), StartsWith("s:2:23: unknown"));
    EXPECT_THAT(refusal("allow read if arg0 is 1|  # x\n"), StartsWith("s:2:23: unknown"));
    EXPECT_THAT(refusal("allow read if arg0 has 0  # x\n"), StartsWith("s:2:24: no bits to look"));
    EXPECT_THAT(refusal("allow read if arg0 is 1 2  # x\n"),
                StartsWith("s:2:25: unexpected \"2\""));
    EXPECT_THAT(refusal("allow read if arg0 is 1 and  # x\n"), StartsWith("s:2:28: expected arg0"));
    EXPECT_THAT(refusal("allow read if arg0 in 1 2 and  # x\n"), StartsWith("s:2:30: expected"));
    EXPECT_THAT(refusal("allow read if arg0 is 1 and arg0 is 2  # x\n"),
                StartsWith("s:2:29: this argument is tested twice"));
    EXPECT_THAT(refusal("default allow  # x\n"), StartsWith("s:2:1: \"default\" stands twice"));
    EXPECT_THAT(parse_seccomp("s", "allow read  # x\n").error().what,
                StartsWith("s: the line \"default kill"));
    EXPECT_THAT(parse_seccomp("s", "default deny  # x\n").error().what,
                StartsWith("s:1:9: expected kill, errno, log or allow"));
}
