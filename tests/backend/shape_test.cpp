#include "tests/backend/shape.hpp"

#include <gtest/gtest.h>

namespace bulkhead::reference {
namespace {

using nlohmann::json;

std::string complaint(const Shape& shape, const json& value) {
    return shape.mismatch(value).value_or("fits");
}

TEST(Shape, NamesTheMemberByItsWholePath) {
    const auto shape = object({{"a", list(object({{"b", integer()}}))}});
    EXPECT_EQ(complaint(shape, {{"a", {{{"b", 1}}, {{"b", "x"}}}}}), "a[1].b: must be an integer");
}

TEST(Shape, AnUnknownMemberIsRefusedAndAnOptionalOneMayBeMissing) {
    const auto shape = object({optional("a", boolean())});
    EXPECT_EQ(complaint(shape, json::object()), "fits");
    EXPECT_EQ(complaint(shape, {{"b", true}}), "b: is not known here");
    EXPECT_EQ(complaint(shape, json::array()), "the body: must be an object");
}

TEST(Shape, ANullFitsOnlyWhereItIsAllowed) {
    EXPECT_EQ(complaint(integer(), nullptr), "the body: must be an integer");
    EXPECT_EQ(complaint(integer().or_null(), nullptr), "fits");
}

TEST(Shape, IntegersHaveALowestValueAndAreNotFractions) {
    EXPECT_EQ(complaint(integer(1), 0U), "the body: must not be below 1");
    EXPECT_EQ(complaint(integer(), -1), "the body: must not be below 0");
    EXPECT_EQ(complaint(integer(), 1.5), "the body: must be an integer");
    EXPECT_EQ(complaint(integer(), UINT64_MAX), "fits");
}

TEST(Shape, TextsAreBoundedInOctets) {
    EXPECT_EQ(complaint(text(3), "abc"), "fits");
    EXPECT_EQ(complaint(text(3), "abcd"), "the body: is longer than 3 octets");
}

TEST(Shape, TimesAreInUtc) {
    EXPECT_EQ(complaint(timestamp(), "2026-01-31T23:59:59Z"), "fits");
    EXPECT_EQ(complaint(timestamp(), "2026-01-31T23:59:59.123Z"), "fits");
    for (const auto* wrong :
         {"2026-01-31T23:59:59", "2026-01-31T23:59:59+01:00", "2026-01-31 23:59:59Z",
          "2026-01-31T23:59:59.Z", "2026-01-31T23:59:59.1x1Z", "Z", ""})
        EXPECT_NE(complaint(timestamp(), wrong), "fits") << wrong;
}

TEST(Shape, WordsAndDigestsAreExact) {
    EXPECT_EQ(complaint(one_of({"info", "warn"}), "WARN"),
              "the body: is not one of the words allowed here");
    EXPECT_EQ(complaint(hex64(), std::string(64, 'f')), "fits");
    EXPECT_NE(complaint(hex64(), std::string(64, 'F')), "fits");
}

}  // namespace
}  // namespace bulkhead::reference
