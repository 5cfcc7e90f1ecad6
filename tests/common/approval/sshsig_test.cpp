#include "common/approval/sshsig.hpp"

#include <gmock/gmock.h>

#include "common/base/parse.hpp"
#include "tests/common/approval/signing.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::approval {
namespace {

using test::armor;
using test::SigningKey;

// Made by ssh-keygen (OpenSSH 9.2) with -Y sign -n bulkhead-job-v1 over "golden\n".
constexpr std::string_view kGoldenKey =
    "AAAAC3NzaC1lZDI1NTE5AAAAIBPslBWL05d1B7GRT32SuG9TkHP640I7s6ZTPlgM1/z/";
constexpr std::string_view kGolden =
    "-----BEGIN SSH SIGNATURE-----\n"
    "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgE+yUFYvTl3UHsZFPfZK4b1OQc/\n"
    "rjQjuzplM+WAzX/P8AAAAPYnVsa2hlYWQtam9iLXYxAAAAAAAAAAZzaGE1MTIAAABTAAAA\n"
    "C3NzaC1lZDI1NTE5AAAAQB+xxG9HuXxshia2HZ2dmIN0Ce1GOBT9uABG6yhybB+IpeH+SI\n"
    "J/hM+S1F5jUjJAUYtWvGAndOVeyUJwx7aE7gQ=\n"
    "-----END SSH SIGNATURE-----\n";

const SigningKey& alice() {
    static const SigningKey key("alice");
    return key;
}

TEST(SshSig, WhatSshKeygenWroteIsValid) {
    const auto key = parse_public_key("ssh-ed25519", kGoldenKey);
    ASSERT_OK(key);
    const auto blobs = dearmor(kGolden);
    ASSERT_OK(blobs);
    ASSERT_EQ(blobs->size(), 1U);
    EXPECT_EQ(blobs->front().size(), 106 + kNamespace.size() + 64);
    EXPECT_EQ(armored(blobs->front()), kGolden) << "written as it was read, byte for byte";
    EXPECT_EQ(match_sshsig(blobs->front(), *key, "golden\n"), Match::valid);
    EXPECT_EQ(match_sshsig(blobs->front(), *key, "golden"), Match::invalid);
    EXPECT_EQ(match_sshsig(blobs->front(), *key, "golden\n", "file"), Match::other_key);
    EXPECT_EQ(match_sshsig(blobs->front(), alice().public_key(), "golden\n"), Match::other_key);
}

TEST(SshSig, AnotherNamespaceOrHashIsNoMatch) {
    const auto& key = alice().public_key();
    EXPECT_EQ(match_sshsig(alice().sign("m"), key, "m"), Match::valid);
    EXPECT_EQ(match_sshsig(alice().sign("m", {.name_space = "file"}), key, "m"), Match::other_key);
    EXPECT_EQ(match_sshsig(alice().sign("m", {.name_space = "bulkhead-job-v10"}), key, "m"),
              Match::other_key);
    EXPECT_EQ(match_sshsig(alice().sign("m", {.hash = "sha256"}), key, "m"), Match::other_key);
}

TEST(SshSig, NoBitOfTheBlobCanBeFlipped) {
    const auto blob = alice().sign("m");
    for (std::size_t bit = 0; bit < blob.size() * 8; ++bit) {
        auto damaged = blob;
        damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        EXPECT_NE(match_sshsig(damaged, alice().public_key(), "m"), Match::valid) << bit;
    }
}

TEST(SshSig, ABlobOfAnotherLengthIsNoMatch) {
    auto blob = alice().sign("m");
    for (std::size_t size = 0; size < blob.size(); ++size) {
        EXPECT_EQ(match_sshsig(ByteView(blob).first(size), alice().public_key(), "m"),
                  Match::other_key);
    }
    blob.push_back(std::byte{0});
    EXPECT_EQ(match_sshsig(blob, alice().public_key(), "m"), Match::other_key);
}

TEST(SshSig, ATokenMustHaveBeenTouched) {
    const SigningKey token("token", PublicKey::Kind::sk_ed25519);
    const auto& key = token.public_key();
    EXPECT_EQ(match_sshsig(token.sign("m"), key, "m"), Match::valid);
    EXPECT_EQ(match_sshsig(token.sign("m", {.flags = 5}), key, "m"), Match::valid);
    EXPECT_EQ(match_sshsig(token.sign("m", {.flags = 0}), key, "m"), Match::invalid);
    EXPECT_EQ(match_sshsig(token.sign("m", {.flags = 4}), key, "m"), Match::invalid);
    const auto blob = token.sign("m");
    for (std::size_t bit = 0; bit < blob.size() * 8; ++bit) {
        auto damaged = blob;
        damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        EXPECT_NE(match_sshsig(damaged, key, "m"), Match::valid) << bit;
    }
}

TEST(SshSig, ATokensSignatureIsNotThatOfASoftwareKey) {
    const SigningKey soft("one");
    const SigningKey token("one", PublicKey::Kind::sk_ed25519);
    EXPECT_EQ(match_sshsig(soft.sign("m"), token.public_key(), "m"), Match::other_key);
    EXPECT_EQ(match_sshsig(token.sign("m"), soft.public_key(), "m"), Match::other_key);
}

std::string error(std::string_view text) {
    const auto blobs = dearmor(text);
    return blobs ? "none" : blobs.error().what;
}

TEST(Armor, SeveralSignaturesFollowOneAnother) {
    const auto one = alice().armored("m");
    EXPECT_EQ(dearmor("")->size(), 0U);
    EXPECT_EQ(dearmor(one + one + one)->size(), 3U);
    std::string many;
    for (int i = 0; i < 16; ++i) many += one;
    EXPECT_EQ(dearmor(many)->size(), 16U);
    EXPECT_EQ(error(many + one), "signature 17: more than 16 signatures");
}

TEST(Armor, WhatIsNotArmorIsNamed) {
    const auto one = alice().armored("m");
    const auto body = one.substr(one.find('\n') + 1);
    EXPECT_EQ(error("\n" + one), "signature 1: expected -----BEGIN SSH SIGNATURE-----");
    EXPECT_EQ(error(one + "\n"), "signature 2: expected -----BEGIN SSH SIGNATURE-----");
    EXPECT_EQ(error(body), "signature 1: expected -----BEGIN SSH SIGNATURE-----");
    EXPECT_EQ(error(one.substr(0, one.size() - 1)),
              "signature 1: -----END SSH SIGNATURE----- is missing");
    EXPECT_EQ(error(one.substr(0, 200)), "signature 1: -----END SSH SIGNATURE----- is missing");
    EXPECT_EQ(error("-----BEGIN SSH SIGNATURE-----\n\n" + body),
              "signature 1: a line is empty or too long");
    EXPECT_EQ(error("-----BEGIN SSH SIGNATURE-----\n" + std::string(77, 'A') + "\n" + body),
              "signature 1: a line is empty or too long");
    EXPECT_EQ(error("-----BEGIN SSH SIGNATURE-----\nA B=\n-----END SSH SIGNATURE-----\n"),
              "signature 1: base64: odd character");
    EXPECT_EQ(error("-----BEGIN SSH SIGNATURE-----\r\n" + body),
              "signature 1: expected -----BEGIN SSH SIGNATURE-----");
    EXPECT_EQ(error("-----BEGIN SSH SIGNATURE-----\nAAA\r\n-----END SSH SIGNATURE-----\n"),
              "signature 1: base64: odd character");
    EXPECT_EQ(error("-----BEGIN SSH SIGNATURE-----\n" + std::string(76, 'A') +
                    "\n-----END SSH SIGNATURE-----\n"),
              "none");
    EXPECT_EQ(error(std::string(16384, 'x')),
              "signature 1: expected -----BEGIN SSH SIGNATURE-----");
    EXPECT_EQ(error(std::string(16385, 'x')), "signatures larger than 16384 bytes");
}

}  // namespace
}  // namespace bulkhead::approval
