#include "worker/config/suggest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace bulkhead::worker {
namespace {

constexpr std::array<std::string_view, 4> kWords{"url", "timeout", "connect_timeout", "proxy"};

TEST(Nearest, FindsWhatWasProbablyMeant) {
    EXPECT_EQ(nearest("urll", kWords), "url");
    EXPECT_EQ(nearest("uri", kWords), "url");
    EXPECT_EQ(nearest("time_out", kWords), "timeout");
    EXPECT_EQ(nearest("conect_timeot", kWords), "connect_timeout");
}

TEST(Nearest, LettersThatChangedPlacesAreOneMistake) {
    EXPECT_EQ(nearest("ulr", kWords), "url");
    EXPECT_EQ(nearest("rul", kWords), "url");
    EXPECT_EQ(nearest("prxoy", kWords), "proxy");
}

TEST(Nearest, CaseAndDashesAreNone) {
    EXPECT_EQ(nearest("URL", kWords), "url");
    EXPECT_EQ(nearest("Connect-Timeout", kWords), "connect_timeout");
}

TEST(Nearest, DoesNotGuessWildly) {
    EXPECT_FALSE(nearest("x", kWords));
    EXPECT_FALSE(nearest("", kWords));
    EXPECT_FALSE(nearest("something_else", kWords));
    EXPECT_FALSE(nearest(std::string(100'000, 'u'), kWords));
    EXPECT_FALSE(nearest("url", {}));
}

}  // namespace
}  // namespace bulkhead::worker
