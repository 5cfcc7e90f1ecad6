#include "common/crypto/sha256.hpp"

#include <gtest/gtest.h>

namespace bulkhead::crypto {
namespace {

TEST(Sha256, GivesTheDigestsOfTheStandard) {
    EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, ADigestIsReadFromExactlyItsHex) {
    const auto digest = sha256(as_bytes("abc"));
    EXPECT_EQ(parse_digest(hex(digest)).value(), digest);
    EXPECT_FALSE(parse_digest(hex(digest).substr(2)));
    EXPECT_FALSE(parse_digest(hex(digest) + "00"));
    EXPECT_FALSE(parse_digest("BA" + hex(digest).substr(2)));
    EXPECT_FALSE(parse_digest(""));
}

}  // namespace
}  // namespace bulkhead::crypto
