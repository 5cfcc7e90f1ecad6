#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "common/policy/parse.hpp"
#include "tests/support/ok.hpp"

using namespace bulkhead;
using namespace bulkhead::policy;
using testing::ElementsAre;
using testing::Pair;
using testing::StartsWith;

namespace {

std::string refusal(std::string_view rules) {
    const auto list = parse_seccomp("s", "default kill  # why\n" + std::string(rules));
    return list ? "" : list.error().what;
}

SeccompList parsed(std::string_view rules) {
    auto list = parse_seccomp("s", "default kill  # why\n" + std::string(rules));
    EXPECT_OK(list);
    return list.value_or(SeccompList{});
}

// Masks and values.
std::vector<std::pair<std::uint64_t, std::uint64_t>> blocks(const Condition& condition) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
    for (const auto& bits : condition.any_of) all.emplace_back(bits.mask, bits.value);
    return all;
}

// How many blocks of the first rule's condition this value is in.
long count_of(const SeccompList& list, std::uint64_t value) {
    const auto& any_of = list.rules[0].conditions[0].any_of;
    return std::count_if(any_of.begin(), any_of.end(),
                         [&](const Bits& one) { return (value & one.mask) == one.value; });
}

}  // namespace

TEST(SeccompList, EveryAnswerCanBeGiven) {
    const auto list = parsed(
        "allow read  # a\n"
        "errno ENOSYS clone3  # b\n"
        "log uname  # c\n"
        "kill ptrace  # d\n");
    EXPECT_EQ(list.fallback, (Action{SyscallAction::kill}));
    ASSERT_EQ(list.rules.size(), 4U);
    EXPECT_EQ(list.rules[0].action, (Action{SyscallAction::allow}));
    EXPECT_EQ(list.rules[1].action, (Action{SyscallAction::error, ENOSYS}));
    EXPECT_EQ(list.rules[1].call, "clone3");
    EXPECT_EQ(list.rules[2].action, (Action{SyscallAction::log}));
    EXPECT_EQ(list.rules[3].action, (Action{SyscallAction::kill}));
    EXPECT_EQ(list.rules[3].source.line, 5U);
    EXPECT_EQ(list.rules[3].source.reason, "d");
}

TEST(SeccompList, TheZeroValueOfAnActionKills) { EXPECT_EQ(Action{}.kind, SyscallAction::kill); }

TEST(SeccompList, ConditionsLookAtTheLow32BitsOnly) {
    const auto list = parsed(
        "allow socket if arg0 in AF_INET AF_INET6 and arg1 lacks 12 and arg2 is 0  # a\n"
        "allow mmap if arg2 lacks PROT_EXEC  # b\n"
        "allow clone if arg0 has 0x100|65536  # c\n");
    const auto& socket = list.rules[0].conditions;
    ASSERT_EQ(socket.size(), 3U);
    EXPECT_EQ(socket[0].argument, 0U);
    EXPECT_THAT(blocks(socket[0]),
                ElementsAre(Pair(0xffffffff, AF_INET), Pair(0xffffffff, AF_INET6)));
    EXPECT_THAT(blocks(socket[1]), ElementsAre(Pair(12, 0)));
    EXPECT_THAT(blocks(socket[2]), ElementsAre(Pair(0xffffffff, 0)));
    EXPECT_THAT(blocks(list.rules[1].conditions[0]), ElementsAre(Pair(PROT_EXEC, 0)));
    EXPECT_THAT(blocks(list.rules[2].conditions[0]), ElementsAre(Pair(0x10100, 0x10100)));
}

TEST(SeccompList, ALineMayNameSeveralCalls) {
    const auto list = parsed("allow read write if arg0 is 1  # a\nerrno EPERM open close  # b\n");
    ASSERT_EQ(list.rules.size(), 4U);
    EXPECT_EQ(list.rules[1].call, "write");
    EXPECT_EQ(list.rules[1].conditions.size(), 1U);
    EXPECT_EQ(list.rules[3].call, "close");
    EXPECT_EQ(list.rules[3].action, (Action{SyscallAction::error, EPERM}));
    EXPECT_EQ(list.rules[3].source.line, 3U);
    EXPECT_THAT(refusal("allow read  # a\nerrno EPERM open read  # b\n"),
                StartsWith("s:3:18: contradicts or repeats line 2: read"));
    EXPECT_THAT(refusal("allow read read  # a\n"),
                StartsWith("s:2:12: contradicts or repeats line 2: read"));
}

TEST(SeccompList, BitsOfAnArgumentCanBeLookedAtAlone) {
    const auto list = parsed("allow socket if arg1&15 in SOCK_STREAM SOCK_DGRAM  # a\n");
    EXPECT_EQ(list.rules[0].conditions[0].argument, 1U);
    EXPECT_THAT(blocks(list.rules[0].conditions[0]), ElementsAre(Pair(15, 1), Pair(15, 2)));
    EXPECT_EQ(list.rules[0].conditions[0].text, "arg1&15 in SOCK_STREAM SOCK_DGRAM");
}

TEST(SeccompList, ANullPointerIsNullInAll64Bits) {
    const auto list = parsed("allow utimensat if arg1 null and arg2 null  # a\n");
    EXPECT_THAT(blocks(list.rules[0].conditions[1]), ElementsAre(Pair(~std::uint64_t{0}, 0)));
}

// Of all values of eight bits each is in one block if it is not named, and in none if it is.
TEST(SeccompList, WhatIsNotInASetIsEveryOtherValueOnce) {
    for (const std::string set : {"0", "255", "0 6 17", "1 2 3 4 5 6 7 8", "128 127"}) {
        const auto others = parsed("allow a if arg3&255 not-in " + set + "  # a\n");
        const auto these = parsed("allow a if arg3&255 in " + set + "  # a\n");
        for (std::uint64_t value = 0; value < 256; ++value) {
            EXPECT_EQ(count_of(others, value) + count_of(these, value), 1) << set << ": " << value;
        }
    }
}

TEST(SeccompList, WhatIsNotInASetOfWholeArgumentsLooksAt32Bits) {
    const auto list = parsed("allow a if arg3 not-in 0 AF_INET6  # a\n");
    for (const std::uint64_t garbage : {std::uint64_t{0}, std::uint64_t{7} << 32}) {
        EXPECT_EQ(count_of(list, garbage | 0), 0);
        EXPECT_EQ(count_of(list, garbage | AF_INET6), 0);
        EXPECT_EQ(count_of(list, garbage | 1), 1);
        EXPECT_EQ(count_of(list, garbage | 0xffffffff), 1);
        EXPECT_EQ(count_of(list, garbage | 0x80000000), 1);
    }
    EXPECT_THAT(refusal("allow a if arg0&1 not-in 0 1  # x\n"),
                StartsWith("s:2:28: no other value is left"));
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
    EXPECT_EQ(refusal("allow a if arg0 in 1 2  # a\nerrno EPERM a if arg0 not-in 1 2 3  # b\n"),
              "");
    EXPECT_THAT(refusal("allow a if arg0 in 1 2  # a\nerrno EPERM a if arg0 not-in 2  # b\n"),
                StartsWith("s:3:30: contradicts or repeats line 2"));
    EXPECT_EQ(refusal("allow a if arg0 null  # a\nerrno EPERM a if arg0 not-in 0  # b\n"), "");
    EXPECT_THAT(refusal("allow a if arg0 null  # a\nerrno EPERM a if arg0 is 0  # b\n"),
                StartsWith("s:3:26: contradicts or repeats line 2"));
    EXPECT_EQ(refusal("allow a if arg0&15 is 1  # a\nerrno EPERM a if arg0&15 not-in 1  # b\n"),
              "");
    EXPECT_THAT(refusal("allow a  # a\nallow a  # b\n"),
                StartsWith("s:3:7: contradicts or repeats line 2"));
}

TEST(SeccompList, NamesWhatItDoesNotUnderstand) {
    EXPECT_THAT(refusal("deny read  # x\n"),
                StartsWith("s:2:1: unknown key \"deny\"; known are default allow "
                           "errno log kill"));
    EXPECT_THAT(refusal("allow read Write  # x\n"),
                StartsWith("s:2:12: expected the name of a system"));
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
    EXPECT_THAT(refusal("allow read if arg0& is 0  # x\n"), StartsWith("s:2:15: unknown name"));
    EXPECT_THAT(refusal("allow read if arg0&0 is 0  # x\n"), StartsWith("s:2:15: no bits to look"));
    EXPECT_THAT(refusal("allow read if arg0&3 is 4  # x\n"),
                StartsWith("s:2:25: has other bits than are looked at"));
    EXPECT_THAT(refusal("allow read if arg0&3 has 1  # x\n"),
                StartsWith("s:2:22: expected is, in or not-in"));
    EXPECT_THAT(refusal("allow read if arg0 null 0  # x\n"),
                StartsWith("s:2:25: unexpected \"0\""));
    EXPECT_THAT(refusal("allow read if arg0 is 1 2  # x\n"),
                StartsWith("s:2:25: unexpected \"2\""));
    EXPECT_THAT(refusal("allow read if arg0 is 1 and  # x\n"), StartsWith("s:2:28: expected arg0"));
    EXPECT_THAT(refusal("allow read if arg0 in 1 2 and  # x\n"), StartsWith("s:2:30: expected"));
    EXPECT_THAT(refusal("allow read if arg0 is 1 and arg0 is 2  # x\n"),
                StartsWith("s:2:37: arg0 is tested twice"));
    EXPECT_THAT(refusal("default allow  # x\n"), StartsWith("s:2:1: \"default\" stands twice"));
    EXPECT_THAT(parse_seccomp("s", "allow read  # x\n").error().what,
                StartsWith("s: the line \"default kill"));
    EXPECT_THAT(parse_seccomp("s", "default deny  # x\n").error().what,
                StartsWith("s:1:9: expected kill, errno, log or allow"));
}
