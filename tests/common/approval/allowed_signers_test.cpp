#include "common/approval/allowed_signers.hpp"

#include <gmock/gmock.h>

#include "common/approval/revoked_jobs.hpp"
#include "tests/common/approval/signing.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::approval {
namespace {

using test::SigningKey;

const std::string kAlice = SigningKey("alice").line();
const std::string kToken = SigningKey("token", PublicKey::Kind::sk_ed25519).line();

UnixTime at(std::string_view time) { return parse_utc(time).value(); }

// Why the first line that is refused is.
std::string error(const std::string& text) {
    const auto all = parse_allowed_signers(text);
    if (!all) return all.error().what;
    if (all->refused.empty()) return "none";
    return "line " + std::to_string(all->refused[0].line) + ": " + all->refused[0].why;
}

// Those whose signature by a key of theirs may count.
std::vector<std::string> counting(const std::string& text) {
    std::vector<std::string> names;
    const auto all = parse_allowed_signers(text);
    EXPECT_OK(all);
    if (!all) return names;
    for (const auto& signer : all->signers) {
        if (!signer.refused.empty()) continue;
        names.insert(names.end(), signer.principals.begin(), signer.principals.end());
    }
    return names;
}

TEST(AllowedSigners, APlainLineIsAPrincipalAndAKey) {
    const auto signers = parse_allowed_signers("# who\n\n alice " + kAlice + " alice's laptop\n");
    ASSERT_OK(signers);
    ASSERT_EQ(signers->signers.size(), 1U);
    const auto& alice = signers->signers.front();
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
    const auto& alice = signers->signers.front();
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
    EXPECT_EQ(error("alice ssh-rsa AAAA\n"), "line 1: expected: principals [options] key-type key");
    EXPECT_EQ(error("alice " + kAlice.substr(0, kAlice.size() - 4) + "\n"),
              "line 1: expected: principals [options] key-type key");
    EXPECT_EQ(error("\"alice " + kAlice + "\n"),
              "line 1: a quote is not closed, so it may be anybody's line");
    EXPECT_EQ(error(std::string("alice ") + kAlice + std::string(1, '\0') + "\n"),
              "line 1: holds a NUL");
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
            .value()
            .signers[0];
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

TEST(AllowedSigners, WhatOpenSshTakesAsACommentOrABlankIsTaken) {
    for (const auto& text : std::vector<std::string>{
             "alice " + kAlice, "alice " + kAlice + "\r\n",
             "\xef\xbb\xbf"
             "alice " +
                 kAlice + "\n",
             "# B\xc3\xbcro\r\n\r\n \t \r\nalice " + kAlice + " B\xc3\xbcro \x01\r\n",
             "alice NAMESPACES=\"bulkhead-job-v1\",Valid-Before=\"20270101z\" " + kAlice + "\n",
             "alice valid-before=\"20270101UTC\" " + kAlice + "\n", "\"alice\" " + kAlice + "\n"}) {
        EXPECT_EQ(error(text), "none") << text;
        EXPECT_THAT(counting(text), testing::ElementsAre("alice")) << text;
    }
}

TEST(AllowedSigners, AKeyThatCannotSignHereIsPassedOverAndTold) {
    const auto blob = ssh_string("ssh-rsa") + ssh_string("\x01\x01") + ssh_string("\x01");
    const auto rsa = "ssh-rsa " + to_base64(as_bytes(blob));
    const auto all = parse_allowed_signers("alice " + rsa + " x\nalice " + kAlice + "\n");
    ASSERT_OK(all);
    EXPECT_EQ(all->signers.size(), 1U);
    EXPECT_TRUE(all->refused.empty());
    ASSERT_EQ(all->foreign.size(), 1U);
    EXPECT_EQ(all->foreign[0].line, 1U);
    EXPECT_EQ(all->foreign[0].principals, "alice");
}

TEST(AllowedSigners, ALineThatIsNotUnderstoodTakesItsPrincipalsAndNobodyElse) {
    const auto bob = SigningKey("bob").line();
    const auto carol = SigningKey("carol").line();
    const auto with = [&](const std::string& line) {
        return counting("alice " + kAlice + "\nbob " + bob + "\n" + line + "\ncarol " + carol +
                        "\n");
    };
    using testing::ElementsAre;
    EXPECT_THAT(with("bob cert-authority " + kToken), ElementsAre("alice", "carol"));
    EXPECT_THAT(with("bob valid-before=\"20270101\" " + kToken), ElementsAre("alice", "carol"));
    EXPECT_THAT(with("bob,alice new-option=\"x\" " + kToken), ElementsAre("carol"));
    EXPECT_THAT(with("\"bob\" x " + kToken), ElementsAre("alice", "carol"));
    EXPECT_THAT(with("b* " + kToken), ElementsAre("alice", "carol"));
    EXPECT_THAT(with("?????,dave " + kToken), ElementsAre("bob"));
    EXPECT_THAT(with("* " + kToken), ElementsAre());
    EXPECT_THAT(with("\"bob " + kToken), ElementsAre()) << "it may be anybody's";
    EXPECT_THAT(with("bob"), ElementsAre("alice", "carol"));
    EXPECT_THAT(with("bo " + kToken), ElementsAre("alice", "bob", "bo", "carol"));
}

TEST(AllowedSigners, WhyIsToldWithTheLine) {
    const auto all = parse_allowed_signers("alice " + kAlice + "\nalice x=\"1\" " + kToken + "\n");
    ASSERT_OK(all);
    ASSERT_EQ(all->signers.size(), 2U);
    for (const auto& signer : all->signers) {
        EXPECT_EQ(signer.refused, "line 2: x: unknown option");
        EXPECT_TRUE(signer.names("alice"));
        EXPECT_FALSE(signer.names("alic"));
    }
}

std::string certificate_of(const PublicKey& key, const std::string& type) {
    const auto blob = ssh_string(type) + ssh_string(std::string(32, 'n')) +
                      ssh_string(as_text(key.point)) + std::string(40, 'x');
    return type + " " + to_base64(as_bytes(blob));
}

Revocations revoked_by(const std::string& text) {
    auto revoked = parse_revoked_signers(text);
    EXPECT_OK(revoked) << text;
    return revoked.value_or(Revocations{});
}

TEST(RevokedSigners, AreKeysHoweverTheyAreWritten) {
    const auto key = SigningKey("alice").public_key();
    const auto print = fingerprint(key);
    const auto blob = crypto::sha256(as_bytes(key_blob(key)));
    for (const auto& text : std::vector<std::string>{
             kAlice, kAlice + "\n", kAlice + " alice@host\r\n",
             "# lost\n\r\n" + kToken + "\n" + kAlice, "\xef\xbb\xbf" + kAlice,
             "# B\xc3\xbcro\n" + kAlice + " B\xc3\xbcro\n",
             "alice namespaces=\"bulkhead-job-v1\" " + kAlice,      // allowed_signers
             "command=\"a b\",no-pty " + kAlice, "key: " + kAlice,  // authorized_keys, a KRL's
             certificate_of(key, "ssh-ed25519-cert-v01@openssh.com"),
             certificate_of(key, "sk-ssh-ed25519-cert-v01@openssh.com"), print,
             "hash: " + print + " # ssh-ed25519", "256 " + print + " alice (ED25519)", print + "=",
             "hash SHA256:" + crypto::hex(blob)}) {
        EXPECT_TRUE(revoked_by(text).hold(key)) << text;
        EXPECT_FALSE(revoked_by(text).hold(SigningKey("bob").public_key())) << text;
    }
}

TEST(RevokedSigners, ThatCannotSignHereArePassedOver) {
    for (const auto* type :
         {"ssh-rsa", "ecdsa-sha2-nistp256", "ssh-dss", "ssh-rsa-cert-v01@openssh.com",
          "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-of-2031@example.com"}) {
        const auto line = std::string(type) + " " + to_base64(as_bytes(ssh_string(type) + "rest"));
        const auto revoked = revoked_by(line + " bob\n" + kAlice + "\n");
        EXPECT_EQ(revoked.keys.size(), 1U) << type;
        EXPECT_TRUE(revoked.fingerprints.empty());
    }
}

TEST(RevokedSigners, ALineThatIsNotUnderstoodIsAnErrorForItCouldBeARevocation) {
    using testing::HasSubstr;
    const auto why = [](const std::string& text) {
        const auto revoked = parse_revoked_signers(text);
        return revoked ? "none" : revoked.error().what;
    };
    EXPECT_THAT(why("# x\nalice\n"), HasSubstr("line 2: \"alice\": neither a public key nor"));
    EXPECT_THAT(why("SHA256:abcd\n"), HasSubstr("line 1: \"SHA256:abcd\": not the SHA-256"));
    EXPECT_THAT(why(kAlice.substr(0, 60)), HasSubstr("a key of type ssh-ed25519, but broken"));
    EXPECT_THAT(why(kAlice + "# " + kToken), HasSubstr("but broken")) << "not the other one alone";
    EXPECT_THAT(why("SHA1:aGVsbG8\n"), HasSubstr("neither"));
    EXPECT_THAT(why("-----BEGIN OPENSSH PRIVATE KEY-----\n"), HasSubstr("neither"));
    EXPECT_THAT(why(std::string("SSHKRL\n\0\0\0\0\1", 12)), HasSubstr("bulkhead revoke FILE"));
    EXPECT_EQ(why(std::string(1024 * 1024 + 1, '\n')), "larger than 1 MiB");
    EXPECT_EQ(why(""), "none");
}

TEST(RevokedSigners, AKeyIsRevokedUnderEitherOfItsNames) {
    const SigningKey soft("one");
    const SigningKey token("one", PublicKey::Kind::sk_ed25519);
    const AllowedSigners allowed{.signers = {},
                                 .revoked = {.keys = {token.public_key()}, .fingerprints = {}}};
    EXPECT_TRUE(allowed.is_revoked(soft.public_key()));
}

TEST(RevokedJobs, AreManifestsAndJobIds) {
    const auto digest = crypto::sha256(as_bytes("manifest"));
    const auto jobs =
        parse_revoked_jobs("# why\r\nmanifest " + crypto::hex(digest) +
                           " kill  # B\xc3\xbcro\r\n\njob-id clean-1 # slow\njob-id b");
    ASSERT_OK(jobs);
    ASSERT_EQ(jobs->size(), 3U);
    EXPECT_TRUE((*jobs)[0].names(digest, "any"));
    EXPECT_FALSE((*jobs)[0].names(crypto::sha256({}), "clean-1"));
    EXPECT_TRUE((*jobs)[0].kill);
    EXPECT_EQ((*jobs)[0].reason, "B\xc3\xbcro");
    EXPECT_EQ((*jobs)[0].line, 2U);
    EXPECT_TRUE((*jobs)[1].names({}, "clean-1"));
    EXPECT_FALSE((*jobs)[1].names({}, "clean-12"));
    EXPECT_FALSE((*jobs)[1].kill);
    EXPECT_EQ((*jobs)[1].reason, "slow");
    EXPECT_EQ((*jobs)[2].reason, "");
    EXPECT_EQ((*jobs)[2].line, 5U);
}

TEST(RevokedJobs, ALineThatIsNotUnderstoodIsAnErrorForItCouldBeAWithdrawal) {
    for (const auto* line : {"clean-1", "job-id", "job-id clean_1", "job-id a b", "job-id a kil",
                             "job-id a kill now", "manifest abc", "script 00", "job-id a kill#b"}) {
        const auto jobs = parse_revoked_jobs(std::string("\n") + line + "\n");
        if (std::string_view(line) == "job-id a kill#b") {
            EXPECT_TRUE(jobs) << "a comment";
            continue;
        }
        ASSERT_FALSE(jobs) << line;
        EXPECT_THAT(jobs.error().what, testing::StartsWith("line 2: ")) << line;
    }
}

}  // namespace
}  // namespace bulkhead::approval
