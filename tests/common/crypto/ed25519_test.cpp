#include "common/crypto/ed25519.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/parse.hpp"
#include "common/crypto/check_itself.hpp"

namespace bulkhead::crypto {
namespace {

// RFC 8032, section 7.1.
struct Vector {
    std::string_view key;
    std::string_view message;
    std::string_view signature;
};
constexpr Vector kVectors[]{
    {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "46bd25bf5f0595bbe24655141438e7a100b"},
    {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6594a7c15e9716ed28dc027beceea1ec40a"},
};

Ed25519Key key_of(std::string_view hex) {
    Ed25519Key key{};
    std::ranges::copy(parse_hex(hex).value(), key.begin());
    return key;
}
Ed25519Key key_of(const Vector& vector) { return key_of(vector.key); }

std::string trouble_of(const Ed25519Key& key) {
    const auto checked = check_ed25519_key(key);
    return checked ? "none" : checked.error().what;
}

TEST(Ed25519, TheSignaturesOfTheStandardAreValid) {
    for (const auto& vector : kVectors) {
        EXPECT_TRUE(verify_ed25519(key_of(vector), parse_hex(vector.message).value(),
                                   parse_hex(vector.signature).value()));
    }
}

TEST(Ed25519, NoBitOfSignatureMessageOrKeyCanBeFlipped) {
    const auto& vector = kVectors[2];
    const auto message = parse_hex(vector.message).value();
    const auto signature = parse_hex(vector.signature).value();
    const auto flip = [](auto& bytes, std::size_t bit) {
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    };
    for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
        auto damaged = signature;
        flip(damaged, bit);
        EXPECT_FALSE(verify_ed25519(key_of(vector), message, damaged)) << bit;
    }
    for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
        auto damaged = message;
        flip(damaged, bit);
        EXPECT_FALSE(verify_ed25519(key_of(vector), damaged, signature)) << bit;
    }
    for (std::size_t bit = 0; bit < 256; ++bit) {
        auto damaged = key_of(vector);
        flip(damaged, bit);
        EXPECT_FALSE(verify_ed25519(damaged, message, signature)) << bit;
    }
}

// The y of all points whose order divides 8, and again plus p where that fits into 255 bits. With
// either sign of x they are the fourteen encodings of the eight points.
constexpr std::string_view kSmallOrder[]{
    "0100000000000000000000000000000000000000000000000000000000000000",  // order 1
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // order 2
    "0000000000000000000000000000000000000000000000000000000000000000",  // order 4
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  // order 8
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",  // order 8
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p: 0 again
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p + 1: 1 again
};

TEST(Ed25519, AKeyOfSmallOrderIsRefusedByNameAndVerifiesNothing) {
    // The base point and the scalar 1: with a key of order 1 this satisfies the equation for every
    // message, with one of order 2 for every other.
    auto forged = parse_hex("58" + std::string(62, '6')).value();
    forged.resize(64);
    forged[32] = std::byte{1};
    for (const auto hex : kSmallOrder) {
        for (const auto sign : {std::byte{0}, std::byte{0x80}}) {
            auto key = key_of(hex);
            key[31] |= sign;
            EXPECT_NE(trouble_of(key).find("a point of small order"), std::string::npos) << hex;
            for (const auto* message : {"", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}) {
                EXPECT_FALSE(verify_ed25519(key, as_bytes(message), forged)) << hex;
            }
        }
    }
}

TEST(Ed25519, AnotherEncodingOfAKeyVerifiesNothing) {
    for (const auto& vector : kVectors) EXPECT_EQ(trouble_of(key_of(vector)), "none");
    // y = 3 is that of a point, and 3 + p of the same: no check of ours, libsodium's.
    const auto twice = key_of("f0" + std::string(60, 'f') + "7f");
    EXPECT_EQ(trouble_of(twice), "none");
    const auto signature = parse_hex(kVectors[2].signature).value();
    EXPECT_FALSE(verify_ed25519(twice, parse_hex(kVectors[2].message).value(), signature));
}

TEST(CheckItself, GivesTheKnownAnswers) { EXPECT_TRUE(check_itself()); }

TEST(Ed25519, AnyOtherLengthIsNoSignature) {
    const auto& vector = kVectors[0];
    auto signature = parse_hex(vector.signature).value();
    EXPECT_FALSE(verify_ed25519(key_of(vector), {}, {}));
    EXPECT_FALSE(verify_ed25519(key_of(vector), {}, ByteView(signature).first(63)));
    signature.push_back(std::byte{0});
    EXPECT_FALSE(verify_ed25519(key_of(vector), {}, signature));
}

}  // namespace
}  // namespace bulkhead::crypto
