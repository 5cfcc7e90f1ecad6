// Lists as policy spells them, loaded into a child and asked: each test of an argument lets through
// the values it names, and no other.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "common/policy/parse.hpp"
#include "common/sandbox/seccomp.hpp"
#include "tests/support/forked.hpp"

namespace bulkhead::sandbox {
namespace {

using Values = std::vector<std::uint64_t>;

// getppid(2) takes no argument, so all that looks at one is the filter. One letter for each value
// of its first two arguments, of which the second is `second`: "a" for allowed, "r" for EPERM, "?"
// for another answer.
std::string answers(const std::string& rules, const Values& values, std::uint64_t second = 0) {
    const auto list = policy::parse_seccomp("text",
                                            "default errno ENOSYS  # else\n"
                                            "allow write exit_group  # the test\n" +
                                                rules);
    if (!list) return list.error().what;
    const auto filter = compile(*list);
    if (!filter) return filter.error().what;
    return test::forked([&]() -> std::string {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (const auto done = install(*filter); !done) return done.error().what;
        std::string letters;
        for (const auto value : values) {
            const bool passed = ::syscall(SYS_getppid, value, second) >= 0;
            letters += passed ? 'a' : errno == EPERM ? 'r' : '?';
        }
        return letters;
    });
}

// Those named, their neighbours, what one bit makes of them, each also with bits above 32.
Values around(const Values& named) {
    Values all;
    for (const auto value : named) {
        for (const std::uint64_t offset : {0, 1, -1}) all.push_back((value + offset) & 0xffffffff);
        for (unsigned bit = 0; bit < 32; ++bit) all.push_back(value ^ std::uint64_t{1} << bit);
    }
    const auto low = all;
    for (const auto value : low) all.push_back(value | 0xdeadbeef00000000);
    return all;
}

std::string expected(const Values& values, const std::function<bool(std::uint32_t)>& allowed) {
    std::string letters;
    for (const auto value : values) {
        letters += allowed(static_cast<std::uint32_t>(value)) ? 'a' : 'r';
    }
    return letters;
}

TEST(SeccompText, NotInIsEveryValueButTheNamed) {
    for (const Values& named :
         {Values{0}, Values{0, 6}, Values{1, 2, 10, 16}, Values{0xffffffff, 0x80000000, 0x7fffffff},
          Values{0x5401, 0x541b, 0x80086601, 0xc020660b}}) {
        std::string words;
        for (const auto value : named) words += " " + std::to_string(value);
        const auto is_named = [&](std::uint32_t value) {
            return std::find(named.begin(), named.end(), value) != named.end();
        };
        const auto asked = around(named);
        EXPECT_EQ(answers("allow getppid if arg0 not-in" + words + "  # others\n" +
                              "errno EPERM getppid if arg0 in" + words + "  # these\n",
                          asked),
                  expected(asked, [&](std::uint32_t value) { return !is_named(value); }))
            << words;
        EXPECT_EQ(answers("allow getppid if arg0 in" + words + "  # these\n" +
                              "errno EPERM getppid if arg0 not-in" + words + "  # others\n",
                          asked),
                  expected(asked, is_named))
            << words;
    }
}

TEST(SeccompText, SomeBitsCanBeComparedAlone) {
    const auto asked = around({1, 2, 3, 0x80801, 0x80803, 5});
    EXPECT_EQ(answers("allow getppid if arg0&15 in 1 2  # these\n"
                      "errno EPERM getppid if arg0&15 not-in 1 2  # others\n",
                      asked),
              expected(asked,
                       [](std::uint32_t value) { return (value & 15) == 1 || (value & 15) == 2; }));
}

TEST(SeccompText, ConditionsOnSeveralArgumentsHoldTogether) {
    const std::string rules =
        "allow getppid if arg0 in 2 10 and arg1 in 0 6  # these\n"
        "errno EPERM getppid if arg0 in 2 10 and arg1 not-in 0 6  # others\n"
        "errno EPERM getppid if arg0 not-in 2 10  # none of these\n";
    const auto asked = around({2, 10});
    const auto one_of_two = [](std::uint32_t value) { return value == 2 || value == 10; };
    for (const auto second : around({0, 6})) {
        const auto low = static_cast<std::uint32_t>(second);
        EXPECT_EQ(answers(rules, asked, second), expected(asked,
                                                          [&](std::uint32_t value) {
                                                              return one_of_two(value) &&
                                                                     (low == 0 || low == 6);
                                                          }))
            << second;
    }
}

TEST(SeccompText, NullIsNoPointerAtAllAndNotOneWithoutLowBits) {
    const Values asked{0, 1, 1ULL << 31, 1ULL << 32, 1ULL << 63, 0xffffffff00000000};
    EXPECT_EQ(answers("allow getppid if arg0 null  # none\n", asked), "a?????");
}

TEST(SeccompText, ANumberYoungerThanTheListIsACallThatTheKernelLacks) {
    const auto list = policy::parse_seccomp("text",
                                            "default errno ENOSYS  # else\n"
                                            "allow write exit_group  # the test\n")
                          .value();
    const auto filter = compile(list).value();
    EXPECT_EQ(test::forked([&]() -> std::string {
                  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                  if (!install(filter)) return "not installed";
                  for (const long number : {600L, 1023L, 0x3fffffffL}) {
                      if (::syscall(number) != -1 || errno != ENOSYS) return "another answer";
                  }
                  return "";
              }),
              "");
}

}  // namespace
}  // namespace bulkhead::sandbox
