// `bulkhead revoke`: whatever holds a key becomes lines that revoke it.
#include <gmock/gmock.h>

#include "common/approval/revoked_signers.hpp"
#include "tests/cli/site.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::test {
namespace {

using approval::fingerprint, approval::parse_revoked_signers;
using testing::HasSubstr;

class Revoke : public testing::Test {
  protected:
    bool revokes(const Answer& answer, const std::string& name) const {
        const auto revoked = parse_revoked_signers(answer.out);
        EXPECT_OK(revoked) << answer.out;
        return revoked && revoked->hold(SigningKey(name).public_key());
    }
    // A KRL that ssh-keygen made of the specification.
    std::string krl(const std::string& spec) {
        site_.write("spec", spec);
        const auto made = run({.words = {"-q", "-k", "-f", site_.path("krl"), site_.path("spec")},
                               .program = "/usr/bin/ssh-keygen"});
        EXPECT_EQ(made.code, 0) << made.err;
        return site_.path("krl");
    }
    Site site_;
};

TEST_F(Revoke, TurnsFilesOfKeysIntoLines) {
    site_.write("all", "# bob's\r\nssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAAEB bob\r\n" +
                           SigningKey("bob").line() + " bob\r\nfrom=\"a b\" " +
                           SigningKey("carol").line());
    const auto answer = site_.bulkhead({"revoke", site_.path("all")});
    EXPECT_EQ(answer.code, 0) << answer.err;
    EXPECT_TRUE(revokes(answer, "bob"));
    EXPECT_TRUE(revokes(answer, "carol"));
    EXPECT_FALSE(revokes(answer, "alice"));
    EXPECT_THAT(answer.out, testing::MatchesRegex("# [0-9-]+T[0-9:]+Z by [^ ]+, from [^ ]+/all\n"
                                                  "ssh-ed25519 [^ ]+\nssh-ed25519 [^ ]+\n"));
    EXPECT_THAT(answer.err, HasSubstr("1 that cannot sign here"));
}

TEST_F(Revoke, TurnsAKrlIntoFingerprints) {
    const auto bob = SigningKey("bob");
    const auto answer = site_.bulkhead(
        {"revoke", krl(bob.line() + "\nsha256: " + SigningKey("carol").line() +
                       "\nhash: " + fingerprint(SigningKey("alice").public_key()) + "\n")});
    EXPECT_EQ(answer.code, 0) << answer.err;
    for (const auto* name : {"alice", "bob", "carol"}) EXPECT_TRUE(revokes(answer, name)) << name;
    EXPECT_FALSE(revokes(answer, "dave"));
    EXPECT_THAT(answer.out, HasSubstr("\nhash: " + fingerprint(bob.public_key()) + "\n"));
}

TEST_F(Revoke, SaysWhatIsNoLine) {
    auto answer = site_.bulkhead({"revoke", krl("sha1: " + SigningKey("bob").line() + "\n")});
    EXPECT_EQ(answer.code, 1);
    EXPECT_EQ(answer.out, "");
    EXPECT_THAT(answer.err, HasSubstr("hash SHA1:"));
    site_.write("odd", "nothing\n" + SigningKey("bob").line() + "\n");
    answer = site_.bulkhead({"revoke", site_.path("odd")});
    EXPECT_EQ(answer.code, 1);
    EXPECT_TRUE(revokes(answer, "bob"));
    EXPECT_THAT(answer.err, HasSubstr("odd:1: \"nothing\": neither a public key"));
    site_.write("broken", std::string("SSHKRL\n\0\0\0\0\1", 12));
    answer = site_.bulkhead({"revoke", site_.path("broken")});
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.err, HasSubstr("does not take it for a KRL"));
    EXPECT_EQ(site_.bulkhead({"revoke"}).code, 2);
    EXPECT_EQ(site_.bulkhead({"revoke", site_.path("none")}).code, 2);
}

}  // namespace
}  // namespace bulkhead::test
