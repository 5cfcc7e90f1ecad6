#include "common/approval/allowed_signers.hpp"

#include <gmock/gmock.h>

#include "tests/common/approval/signing.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::approval {
namespace {

using test::SigningKey;

const std::string kAlice = SigningKey("alice").line();
const std::string kToken = SigningKey("token", PublicKey::Kind::sk_ed25519).line();

UnixTime at(std::string_view time) { return parse_utc(time).value(); }

std::string error(const std::string& text) {
    const auto signers = parse_allowed_signers(text);
    return signers ? "none" : signers.error().what;
}

TEST(AllowedSigners, APlainLineIsAPrincipalAndAKey) {
    const auto signers = parse_allowed_signers("# who\n\n alice " + kAlice + " alice's laptop\n");
    ASSERT_OK(signers);
    ASSERT_EQ(signers->size(), 1U);
    const auto& alice = signers->front();
    EXPECT_THAT(alice.principals, testing::ElementsAre("alice"));
    EXPECT_EQ(alice.key, SigningKey("alice").public_key());
    EXPECT_EQ(alice.line, 3U);
    EXPECT_TRUE(alice.valid_at(at("1970-01-01T00:00:00Z")));
    EXPECT_TRUE(alice.allows_namespace("bulkhead-job-v1"));
}

TEST(AllowedSigners, SeveralPrincipalsNamespacesAndTimesAreRead) {
    const auto signers = parse_allowed_signers(
        "alice,alice@example.com "
        "namespaces=\"git,bulkhead-job-v1\",valid-after=\"20260101Z\","
        "valid-before=\"202612312359Z\" " +
        kToken + "\n");
    ASSERT_OK(signers);
    const auto& alice = signers->front();
    EXPECT_THAT(alice.principals, testing::ElementsAre("alice", "alice@example.com"));
    EXPECT_EQ(alice.key.kind, PublicKey::Kind::sk_ed25519);
    EXPECT_EQ(alice.key.application, "ssh:");
    EXPECT_TRUE(alice.allows_namespace("bulkhead-job-v1"));
    EXPECT_FALSE(alice.allows_namespace("bulkhead-job-v2"));
    EXPECT_FALSE(alice.valid_at(at("2025-12-31T23:59:59Z")));
    EXPECT_TRUE(alice.valid_at(at("2026-01-01T00:00:00Z")));
    EXPECT_TRUE(alice.valid_at(at("2026-12-31T23:59:00Z")));
    EXPECT_FALSE(alice.valid_at(at("2026-12-31T23:59:01Z")));
}

TEST(AllowedSigners, EachMalformedLineIsNamedWithItsReason) {
    const auto line = [](std::string_view options) {
        return "alice " + std::string(options) + " " + kAlice + "\n";
    };
    const std::string times = "expected a time in UTC: YYYYMMDD[HHMM[SS]]Z";
    EXPECT_EQ(error(line("cert-authority")),
              "line 1: cert-authority: certificates are not supported");
    EXPECT_EQ(error(line("namespaces=\"a\",cert-authority")),
              "line 1: cert-authority: certificates are not supported");
    EXPECT_EQ(error(line("valid-after=\"20260101\"")), "line 1: valid-after: " + times);
    EXPECT_EQ(error(line("valid-after=\"2026Z\"")),
              "line 1: valid-after: expected YYYYMMDD[HHMM[SS]]Z");
    EXPECT_EQ(error(line("valid-after=\"20260230Z\"")), "line 1: valid-after: no such day");
    EXPECT_EQ(error(line("valid-after=\"20260101Z\",valid-after=\"20260102Z\"")),
              "line 1: valid-after: given twice");
    EXPECT_EQ(error(line("valid-after=\"20260102Z\",valid-before=\"20260102Z\"")),
              "line 1: valid-before is not later than valid-after");
    EXPECT_EQ(error(line("namespaces=\"*\"")),
              "line 1: namespaces: expected plain names, no patterns");
    EXPECT_EQ(error(line("namespaces=\"bulkhead*\"")),
              "line 1: namespaces: expected plain names, no patterns");
    EXPECT_EQ(error(line("namespaces=\"" + std::string(65, 'n') + "\"")),
              "line 1: namespaces: expected plain names, no patterns");
    EXPECT_EQ(error(line("namespaces=\"git\",namespaces=\"bulkhead-job-v1\"")),
              "line 1: namespaces: given twice");
    EXPECT_EQ(error(line("namespaces=xbulkhead-job-v1\"")),
              "line 1: \"namespaces\": expected name=\"value\"");
    EXPECT_EQ(error(line("namespaces=\"\"")),
              "line 1: namespaces: expected plain names, no patterns");
    EXPECT_EQ(error(line("namespaces=a")), "line 1: \"namespaces\": expected name=\"value\"");
    EXPECT_EQ(error(line("namespaces=\"a")), "line 1: \"namespaces\": expected name=\"value\"");
    EXPECT_EQ(error(line("namespaces=\"a\"x")), "line 1: stray text after an option");
    EXPECT_EQ(error(line("namespaces=\"a\",")), "line 1: stray text after an option");
    EXPECT_EQ(error(line("no-touch-required=\"yes\"")),
              "line 1: no-touch-required: unknown option");
    EXPECT_EQ(error("\n# x\n*@example.com " + kAlice + "\n"),
              "line 3: principal \"*@example.com\": expected [A-Za-z0-9][A-Za-z0-9._@+-]{0,63}, no "
              "patterns");
    EXPECT_THAT(error("!bob,alice " + kAlice + "\n"), testing::HasSubstr("no patterns"));
    EXPECT_THAT(error("alice, " + kAlice + "\n"), testing::HasSubstr("principal \"\""));
    EXPECT_EQ(error("alice\n"), "line 1: expected: principals [options] key-type key");
    EXPECT_EQ(error("alice ssh-ed25519\n"), "line 1: expected: principals [options] key-type key");
    EXPECT_EQ(error("alice ssh-rsa AAAA\n"),
              "line 1: expected a key of type ssh-ed25519 or sk-ssh-ed25519@openssh.com");
    EXPECT_EQ(error("alice " + kAlice), "the last line has no LF at its end");
    EXPECT_EQ(error("alice " + kAlice + "\r\n"), "line 1: a byte that is not printable ASCII");
    for (const auto* odd : {"\x1f", "\x7f", "\x80", "\xc3\xa4"}) {
        EXPECT_EQ(error("alice " + kAlice + " " + odd + "\n"),
                  "line 1: a byte that is not printable ASCII");
    }
    EXPECT_EQ(error(std::string(65537, '\n')), "larger than 65536 bytes");
}

TEST(AllowedSigners, WhatIsJustWithinBoundsIsRead) {
    EXPECT_EQ(error(""), "none");
    EXPECT_EQ(error(std::string(65536, '\n')), "none");
    EXPECT_EQ(error("alice\t" + kAlice + "\tfrom ' ' to '~'\n"), "none");
    EXPECT_EQ(error("alice namespaces=\"" + std::string(64, 'n') + "\" " + kAlice + "\n"), "none");
}

TEST(AllowedSigners, EitherEndOfAValidityMayStandAlone) {
    const auto only = [](std::string_view option) {
        return parse_allowed_signers("alice " + std::string(option) + " " + kAlice + "\n")
            .value()[0];
    };
    const auto after = only("valid-after=\"20260101Z\"");
    EXPECT_FALSE(after.valid_at(at("2025-12-31T23:59:59Z")));
    EXPECT_TRUE(after.valid_at(at("9998-01-01T00:00:00Z")));
    const auto before = only("valid-before=\"20260101Z\"");
    EXPECT_TRUE(before.valid_at(at("1970-01-01T00:00:00Z")));
    EXPECT_FALSE(before.valid_at(at("2026-01-01T00:00:01Z")));
}

TEST(AllowedSigners, AKeyHasExactlyOneEncoding) {
    const auto base64 = kAlice.substr(kAlice.find(' ') + 1);
    const auto key = [](std::string_view text) {
        const auto parsed = parse_public_key("ssh-ed25519", text);
        return parsed ? "ok" : parsed.error().what;
    };
    EXPECT_EQ(key(base64), "ok");
    EXPECT_EQ(key(base64 + "AAAA"), "not the encoding of a ssh-ed25519");
    EXPECT_EQ(key(base64.substr(0, base64.size() - 4)), "key is too short");
    EXPECT_EQ(key(""), "key is too short");
    EXPECT_EQ(key(std::string(256, 'A')), "not the encoding of a ssh-ed25519");
    EXPECT_EQ(key(std::string(260, 'A')), "key is too long");
    // Each bit of the type, of a length or of padding is noticed; one of the point is another key.
    const auto blob = *parse_base64(base64);
    for (std::size_t bit = 0; bit < blob.size() * 8; ++bit) {
        auto damaged = blob;
        damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        const auto parsed = parse_public_key("ssh-ed25519", to_base64(damaged));
        EXPECT_EQ(parsed.has_value(), bit / 8 >= 19) << bit;
        if (parsed) {
            EXPECT_NE(*parsed, SigningKey("alice").public_key());
        }
    }
    EXPECT_FALSE(parse_public_key("sk-ssh-ed25519@openssh.com", base64));
}

TEST(AllowedSigners, ATokensApplicationIsOneOfSsh) {
    auto key = SigningKey("token", PublicKey::Kind::sk_ed25519).public_key();
    key.application = "https://example.com";
    EXPECT_EQ(parse_public_key("sk-ssh-ed25519@openssh.com", to_base64(as_bytes(key_blob(key))))
                  .error()
                  .what,
              "application is not \"ssh:...\"");
    key.application = "ssh:work";
    EXPECT_TRUE(parse_public_key("sk-ssh-ed25519@openssh.com", to_base64(as_bytes(key_blob(key)))));
}

TEST(RevokedSigners, AreKeysOneALine) {
    const auto keys = parse_revoked_signers("# lost\n" + kAlice + " alice\n" + kToken + "\n");
    ASSERT_OK(keys);
    EXPECT_EQ(keys->size(), 2U);
    EXPECT_TRUE(AllowedSigners({}, *keys).is_revoked(SigningKey("alice").public_key()));
    EXPECT_FALSE(AllowedSigners({}, *keys).is_revoked(SigningKey("bob").public_key()));
    EXPECT_EQ(parse_revoked_signers("alice\n").error().what, "line 1: expected: key-type key");
    EXPECT_EQ(parse_revoked_signers("SHA256:abcd x\n").error().what,
              "line 1: expected a key of type ssh-ed25519 or sk-ssh-ed25519@openssh.com");
}

TEST(RevokedSigners, AKeyIsRevokedUnderEitherOfItsNames) {
    const SigningKey soft("one");
    const SigningKey token("one", PublicKey::Kind::sk_ed25519);
    const AllowedSigners allowed{{}, {token.public_key()}};
    EXPECT_TRUE(allowed.is_revoked(soft.public_key()));
}

}  // namespace
}  // namespace bulkhead::approval
