#include "worker/host/metrics/name_filter.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

TEST(NameFilter, KeepsAllWhenNothingIsSaid) { EXPECT_TRUE(NameFilter{}.keeps("eth0")); }

TEST(NameFilter, ExcludesAndNarrows) {
    const NameFilter filter{.include = {"e*", "w?"}, .exclude = {"eth9", "*veth*"}};
    EXPECT_TRUE(filter.keeps("eth0"));
    EXPECT_TRUE(filter.keeps("w0"));
    EXPECT_FALSE(filter.keeps("wl0"));
    EXPECT_FALSE(filter.keeps("eth9"));
    EXPECT_FALSE(filter.keeps("eveth1"));
    EXPECT_FALSE(filter.keeps("lo"));
}

TEST(NameFilter, AStarMatchesSlashesAndDots) {
    const NameFilter filter{.include = {}, .exclude = {"/var/lib/docker/*"}};
    EXPECT_FALSE(filter.keeps("/var/lib/docker/volumes/.x/y"));
    EXPECT_TRUE(filter.keeps("/var/lib/docker"));
}

TEST(NameFilter, OddPatternsMatchThemselvesAtMost) {
    const NameFilter filter{.include = {}, .exclude = {"[", "", "a\\"}};
    EXPECT_FALSE(filter.keeps("["));
    EXPECT_TRUE(filter.keeps("x"));
}

}  // namespace
}  // namespace bulkhead::worker
