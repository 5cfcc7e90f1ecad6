#include "common/crypto/ed25519.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/parse.hpp"

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

std::array<std::byte, 32> key_of(const Vector& vector) {
    std::array<std::byte, 32> key{};
    const auto bytes = parse_hex(vector.key).value();
    std::copy(bytes.begin(), bytes.end(), key.begin());
    return key;
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
