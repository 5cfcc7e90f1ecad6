// What is told of the verifier's log.
#include "loader/bpf/messages.hpp"

#include <gtest/gtest.h>

namespace bulkhead::test {
namespace {

using loader::end_of_log;

TEST(Messages, TellTheLastLinesWithoutTheFiguresBehindThem) {
    EXPECT_EQ(end_of_log("first\nsecond\nwrong access\nprocessed 9 insns (limit 1000000)\n"
                         "verification time 18 usec\nstack depth 0\n",
                         400),
              "first | second | wrong access");
    EXPECT_EQ(end_of_log("a long first line\nlast", 10), "last");
    EXPECT_EQ(end_of_log("", 10), "");
    EXPECT_EQ(end_of_log("\n\n", 10), "");
}

TEST(Messages, AreBoundedAndPrintable) {
    EXPECT_EQ(end_of_log("\x1b[2J\xff\tx", 400), "?[2J??x");
    EXPECT_EQ(end_of_log(std::string(1000, 'x'), 400).size(), 400U);
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "line " + std::to_string(i) + "\n";
    const auto end = end_of_log(many, 400);
    EXPECT_LE(end.size(), 400U);
    EXPECT_TRUE(end.ends_with("| line 999"));
}

}  // namespace
}  // namespace bulkhead::test
