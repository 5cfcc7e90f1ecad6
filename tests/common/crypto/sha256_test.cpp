#include "common/crypto/sha256.hpp"

#include <gtest/gtest.h>

#include "common/base/parse.hpp"
#include "common/crypto/sha512.hpp"

namespace bulkhead::crypto {
namespace {

TEST(Sha256, GivesTheDigestsOfTheStandard) {
    EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha512, GivesTheDigestsOfTheStandard) {
    EXPECT_EQ(to_hex(sha512({})),
              "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
              "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
    EXPECT_EQ(to_hex(sha512(as_bytes("abc"))),
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
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
