#include "broker/records/audit_quota.hpp"

#include <gtest/gtest.h>

namespace bulkhead::records {
namespace {

using namespace std::chrono_literals;

struct AuditQuotaTest : testing::Test {
    AuditQuota quota;
    AuditQuota::Time time = AuditQuota::Time() + 24h;

    void use_up() {
        for (std::size_t i = 0; i < AuditQuota::kMost; ++i) {
            ASSERT_TRUE(quota.admits(time)) << i;
            quota.wrote(true);
        }
    }
};

TEST_F(AuditQuotaTest, IsUsedUpByWhatIsLimitedAndByNothingElse) {
    EXPECT_TRUE(quota.admits(time));
    for (std::size_t i = 0; i < 2 * AuditQuota::kMost; ++i) quota.wrote(false);
    use_up();
    EXPECT_FALSE(quota.admits(time));
}

TEST_F(AuditQuotaTest, LastsForItsWholeSpan) {
    use_up();
    time += AuditQuota::kSpan;
    EXPECT_FALSE(quota.admits(time));
    time += 1ns;
    EXPECT_TRUE(quota.admits(time));
}

TEST_F(AuditQuotaTest, WhatWasLeftOutIsToldOnce) {
    use_up();
    EXPECT_EQ(quota.left_out(), 0U);
    EXPECT_FALSE(quota.admits(time));
    EXPECT_FALSE(quota.admits(time));
    EXPECT_EQ(quota.left_out(), 2U);
    quota.wrote(false);
    EXPECT_EQ(quota.left_out(), 0U);
}

}  // namespace
}  // namespace bulkhead::records
