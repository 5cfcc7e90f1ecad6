#include "common/admission/reason.hpp"

#include <gtest/gtest.h>

#include <set>

namespace bulkhead::admission {
namespace {

TEST(Reason, EveryCodeIsUniqueAndFitForALogLine) {
    std::set<std::string_view> codes;
    for (const auto& row : reasons()) {
        EXPECT_TRUE(codes.insert(row.code).second) << row.code;
        EXPECT_LE(row.code.size(), 40U) << row.code;
        EXPECT_EQ(row.code.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), row.code.npos);
        EXPECT_FALSE(row.explanation.empty()) << row.code;
        EXPECT_EQ(code(row.reason), row.code);
    }
}

TEST(Reason, TheZeroValueAndWhatIsNoReasonAdmitNothing) {
    EXPECT_EQ(code(Reason{}), "undecided");
    EXPECT_EQ(code(static_cast<Reason>(250)), "undecided");
}

}  // namespace
}  // namespace bulkhead::admission
