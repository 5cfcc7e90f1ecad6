#include "worker/session/curl_age.hpp"

#include <gmock/gmock.h>

namespace bulkhead::worker {
namespace {

constexpr UnixTime kDay{std::chrono::seconds(1'800'000'000)};

std::vector<Trouble> troubles_at(UnixTime now, const std::optional<BuiltInCurl>& curl) {
    std::vector<Trouble> all;
    tell_curl_age(all, curl, now);
    return all;
}

TEST(CurlAge, IsTroubleHalfAYearAfterTheDayOnWhichItWasTheNewest) {
    const BuiltInCurl curl{.version = "7.88.1-10+deb12u15", .newest_on = kDay};
    const auto old = kDay + kCurlMayBe;
    EXPECT_TRUE(troubles_at(old - std::chrono::seconds(1), curl).empty());
    const auto told = troubles_at(old, curl);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].code, "lean-curl-old");
    EXPECT_EQ(told[0].since, old);
    EXPECT_THAT(told[0].why, testing::HasSubstr("7.88.1-10+deb12u15"));
    EXPECT_THAT(told[0].why, testing::HasSubstr("at 2027-01-15T08:00:00Z"));
}

TEST(CurlAge, OfTheDistributionsIsTheDistributionsAffair) {
    EXPECT_TRUE(troubles_at(kDay + 100 * kCurlMayBe, std::nullopt).empty());
}

}  // namespace
}  // namespace bulkhead::worker
