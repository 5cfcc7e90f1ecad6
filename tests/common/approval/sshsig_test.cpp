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

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
    return text;
}

// As mail programs, editors and clipboards leave it. tests/common/approval/ssh_keygen_test.cpp
// holds this against ssh-keygen.
TEST(Armor, WhiteSpaceWithinAndBehindItDoesNotCount) {
    const auto one = alice().armored("m");
    const auto blob = alice().sign("m");
    const auto body = one.find('\n') + 1;
    const auto last = one.rfind("-----END");
    const auto begin = one.substr(0, body);
    const auto inside = one.substr(body, last - body);
    const auto end = one.substr(last);
    for (const auto& text :
         {one, one.substr(0, one.size() - 1), one + "\n", one + "\r\n \t\n", one + " ",
          begin + replaced(inside, "\n", "\r\n") + end, begin + "\n" + inside + "\n" + end,
          begin + "\t" + inside + end, begin + replaced(inside, "\n", "  \n") + end,
          begin + replaced(inside, "\n", "") + "\n" + end,
          one.substr(0, one.size() - 1) + "\r\n"}) {
        const auto blobs = dearmor(text);
        ASSERT_OK(blobs) << text;
        EXPECT_EQ(*blobs, (std::vector<Bytes>{blob})) << text;
        EXPECT_EQ(dearmor(text + (text.ends_with('\n') ? "" : "\n") + one)->size(), 2U);
    }
}

TEST(Armor, WhatIsNotArmorIsNamed) {
    const auto one = alice().armored("m");
    const auto body = one.substr(one.find('\n') + 1);
    const std::string begin = "-----BEGIN SSH SIGNATURE-----";
    const auto expected = [&](const std::string& found) {
        return "signature 1: expected " + begin + ", found \"" + found + '"';
    };
    EXPECT_EQ(error("\n" + one), expected(""));
    EXPECT_EQ(error("\r\n" + one), expected("\\x0d"));
    EXPECT_EQ(error(" " + one), expected(" " + begin));
    EXPECT_EQ(error("\xef\xbb\xbf" + one), expected("\\xef\\xbb\\xbf" + begin));
    EXPECT_EQ(error(begin + "\r\n" + body), expected(begin + "\\x0d"));
    EXPECT_EQ(error(begin + " \n" + body), expected(begin + " "));
    EXPECT_EQ(error(begin + std::string(100, ' ') + "\n" + body),
              expected(begin + std::string(19, ' ') + "..."));
    EXPECT_EQ(error(one + "text\n"), "signature 2: expected " + begin);
    EXPECT_EQ(error(one.substr(0, one.size() - 1) + "x\n"), "signature 2: expected " + begin);
    EXPECT_EQ(error(body), "signature 1: expected " + begin) << "a secret by mistake is not told";
    const std::string missing = "signature 1: -----END SSH SIGNATURE----- is missing";
    EXPECT_EQ(error(begin), missing);
    EXPECT_EQ(error(begin + "\n"), missing);
    EXPECT_EQ(error(one.substr(0, one.size() - 2)), missing);
    EXPECT_EQ(error(one.substr(0, 200)), missing);
    EXPECT_EQ(error(replaced(one, "-----END", " -----END")), missing);
    const auto odd = [&](const std::string& inside) {
        return error(begin + "\n" + inside + "\n-----END SSH SIGNATURE-----\n");
    };
    EXPECT_EQ(odd("AAA\xc2\xa0="), "signature 1: odd character \"\\xc2\"");
    EXPECT_EQ(odd("AAA-"), "signature 1: odd character \"-\"");
    EXPECT_EQ(odd(std::string("AAA\0", 4)), "signature 1: odd character \"\\x00\"");
    EXPECT_EQ(odd("A=AA"), "signature 1: base64: odd character");
    EXPECT_EQ(odd("AAA"), "signature 1: base64: length is not a multiple of 4");
    EXPECT_EQ(odd(std::string(7'600, 'A')), "none");
    EXPECT_EQ(error(std::string(16384, 'x')), "signature 1: expected " + begin);
    EXPECT_EQ(error(std::string(16385, 'x')), "signatures larger than 16384 bytes");
}

}  // namespace
}  // namespace bulkhead::approval
