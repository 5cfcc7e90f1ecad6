#include <gmock/gmock.h>

#include "tests/common/admission/situation.hpp"

namespace bulkhead::admission {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::check;
using test::code;
using test::SigningKey;
using test::Situation;

TEST(AdmitSigned, EnoughPeopleAdmitAndAreNamed) {
    Situation s;
    s.sign({"bob", "alice"});
    const auto verdict = s.admit();
    EXPECT_TRUE(verdict.admitted) << verdict.detail;
    EXPECT_EQ(verdict.rule, "signed: 2 of ops (alice, bob)");
    EXPECT_THAT(verdict.signers, testing::ElementsAre("alice", "bob"));
}

// Those who could not sign it either are not named.
TEST(AdmitSigned, OnlyThoseWhoCanAreNamedAsMissing) {
    const auto line = [](const std::string& name, const std::string& options = "") {
        return name + " " + options + SigningKey(name).line() + "\n";
    };
    const std::pair<std::string, std::string> cases[] = {
        {line("carol"), "1 more of: bob, carol"},
        {line("carol", "valid-before=\"20200101\" "), "1 more of: bob"},
        {line("carol", "namespaces=\"file\" "), "1 more of: bob"},
        {line("eve"), "1 more of: bob"},
        {"", "1 more of: bob"},
    };
    for (const auto& [more, says] : cases) {
        Situation s;
        s.job.author = "dave";
        s.policy.signers =
            approval::parse_allowed_signers(line("alice") + line("bob") + line("dave") + more)
                .value();
        s.sign({"alice"});
        EXPECT_THAT(s.admit().detail, testing::EndsWith("; " + says)) << more;
        s.policy.signers.revoked.keys.push_back(SigningKey("bob").public_key());
        EXPECT_THAT(s.admit().detail, testing::Not(testing::HasSubstr("bob")));
    }
    Situation s;
    s.job.author = "carol";
    s.sign({"alice"});
    EXPECT_THAT(s.admit().detail, testing::EndsWith("; 1 more of: bob")) << "not the author";
}

TEST(AdmitSigned, OnePersonTooFewIsRefusedAndTold) {
    Situation s;
    s.job.author = "dave";
    s.sign({"alice"});
    const auto verdict = s.admit();
    EXPECT_EQ(code(verdict), "threshold-not-met");
    EXPECT_EQ(verdict.detail,
              "1 of the 2 needed from ops beside the author (alice); 1 more of: bob, carol");
    EXPECT_THAT(verdict.signers, testing::ElementsAre("alice"));
}

TEST(AdmitSigned, SigningTwiceDoesNotMakeTwoPeople) {
    Situation s;
    s.job.author = "dave";
    s.sign({"alice", "alice"});
    EXPECT_EQ(code(s.admit()), "threshold-not-met");
}

TEST(AdmitSigned, WithoutSignaturesItSaysWhatIsMissing) {
    Situation s;
    EXPECT_EQ(code(s.admit()), "not-approved");
    EXPECT_EQ(s.admit().detail,
              "not pinned and not signed; profile maintain needs 2 of ops, and the author");
}

TEST(AdmitSigned, AProfileWithoutARuleIsForPinnedJobsOnly) {
    Situation s;
    s.job.profile = "inspect";
    s.sign({"alice", "bob"});
    EXPECT_EQ(code(s.admit()), "profile-not-signable");
    s.policy.approvals["inspect"] = {.max_validity = 720h};
    EXPECT_EQ(code(s.admit()), "profile-not-signable");
    s.policy.approvals["inspect"].needs = {{1, "ops"}};
    EXPECT_EQ(code(s.admit()), "admitted");
    s.policy.signer_groups.clear();
    EXPECT_EQ(code(s.admit()), "signer-not-in-group");
}

TEST(AdmitSigned, EachSignatureThatDoesNotCountSaysWhy) {
    Situation s;
    s.sign({"alice", "carol"});
    EXPECT_EQ(code(s.admit()), "author-does-not-count");
    s.policy.approvals["maintain"].author_counts = true;
    EXPECT_EQ(code(s.admit()), "admitted");

    s = {};
    s.sign({"alice", "dave"});
    EXPECT_EQ(code(s.admit()), "signer-not-in-group");

    s = {};
    s.sign({"alice", "mallory"});
    EXPECT_EQ(code(s.admit()), "signer-unknown");
    EXPECT_THAT(check(s.admit(), "signatures").detail,
                testing::MatchesRegex("1: alice SHA256:[A-Za-z0-9+/]{43} good; 2: signer-unknown; "
                                      "3: carol SHA256:[A-Za-z0-9+/]{43} good, the author's"));

    s = {};
    s.sign({"alice", "bob"});
    s.policy.signers.revoked.keys = {SigningKey("bob").public_key()};
    EXPECT_EQ(code(s.admit()), "signer-revoked");
}

TEST(AdmitSigned, NobodyOfALineThatIsNotUnderstoodCountsAndTheLineIsNamed) {
    Situation s;
    s.sign({"alice", "bob"});
    ASSERT_EQ(code(s.admit()), "admitted");
    const auto bob = SigningKey("bob").line();
    s.policy.signers =
        approval::parse_allowed_signers("alice " + SigningKey("alice").line() + "\nbob " + bob +
                                        "\nbob,dave x=\"1\" " + SigningKey("dave").line() +
                                        "\ncarol " + SigningKey("carol").line() + "\n")
            .value();
    const auto verdict = s.admit();
    EXPECT_EQ(code(verdict), "signer-unclear");
    EXPECT_THAT(verdict.detail, testing::HasSubstr("allowed_signers, line 3: x: unknown option"));
}

// Their line would have made the key the author's, had it been understood.
TEST(AdmitSigned, AnAuthorsKeyIsTheirsInALineThatIsNotUnderstood) {
    Situation s;
    s.sign({"alice", "bob"});
    s.policy.signers =
        approval::parse_allowed_signers("alice " + SigningKey("alice").line() + "\nbob " +
                                        SigningKey("bob").line() + "\ncaro? x=\"1\" " +
                                        SigningKey("bob").line() + "\ncarol " +
                                        SigningKey("carol").line() + "\n")
            .value();
    ASSERT_EQ(s.job.author, "carol");
    const auto verdict = s.admit();
    EXPECT_EQ(check(verdict, "threshold").detail,
              "1 of the 2 needed from ops beside the author (alice); 1 more of: bob");
    EXPECT_EQ(code(verdict), "signer-unclear");
}

TEST(AdmitSigned, ASignatureThatDoesNotCountTakesNothingFromTheOthers) {
    for (const auto* name : {"carol", "dave", "mallory"}) {
        Situation s;
        s.sign({"alice", "bob", name});
        EXPECT_EQ(code(s.admit()), "admitted") << name;
    }
}

TEST(AdmitSigned, AKeyIsHeldAgainstTheTimeOfAdmission) {
    Situation s;
    s.sign({"alice", "bob"});
    auto& bob = s.policy.signers.signers[1];
    bob.valid_after = at("2026-08-25T12:00:00Z");
    bob.valid_before = at("2026-08-26T00:00:00Z");
    EXPECT_EQ(code(s.admit()), "admitted");
    s.now -= 1s;
    EXPECT_EQ(code(s.admit()), "signer-not-valid");
    s.now = at("2026-08-26T00:00:00Z");
    EXPECT_EQ(code(s.admit()), "admitted");
    s.clock_floor = s.now + 1s;  // a clock turned back does not revive a key either
    EXPECT_EQ(code(s.admit()), "signer-not-valid");
}

TEST(AdmitSigned, AnApprovalMayNotBeValidForLongerThanPolicySays) {
    Situation s;
    s.job.not_after = s.job.not_before + 30 * 24h;
    s.sign({"alice", "bob"});
    EXPECT_EQ(code(s.admit()), "admitted");
    s = {};
    s.job.not_after = s.job.not_before + 30 * 24h + 1s;
    s.sign({"alice", "bob"});
    EXPECT_EQ(code(s.admit()), "validity-too-long");
}

TEST(AdmitSigned, ADamagedSignatureRefusesEvenWhenOthersSuffice) {
    Situation s;
    s.sign({"alice", "bob"});
    s.signatures += SigningKey("carol").armored("another manifest");
    EXPECT_EQ(code(s.admit()), "signature-invalid");
    s = {};
    s.sign({"alice", "bob"});
    s.signatures += "x";
    EXPECT_EQ(code(s.admit()), "signature-malformed");
}

TEST(AdmitSigned, SignaturesOfOneManifestDoNotCarryToAnother) {
    Situation s;
    s.sign({"alice", "bob"});
    s.job.targets = {{approval::Target::Kind::any, ""}};
    EXPECT_EQ(code(s.admit()), "signature-invalid");
}

TEST(AdmitSigned, TheScriptMustBeTheSignedOne) {
    Situation s;
    s.sign({"alice", "bob"});
    const auto manifest = s.manifest();
    auto with_script = [&](std::string script) {
        JobBytes job{.script = script, .manifest = manifest, .signatures = s.signatures};
        return std::string(code(admit(job, s.policy, s.facts, {.birth = s.birth}, s.now)));
    };
    EXPECT_EQ(with_script(s.script), "admitted");
    EXPECT_EQ(with_script(s.script + "\n"), "script-size-mismatch");
    auto changed = s.script;
    for (auto& c : changed) {
        c = static_cast<char>(c ^ 1);
        EXPECT_EQ(with_script(changed), "script-hash-mismatch");
        c = static_cast<char>(c ^ 1);
    }
}

// Not one bit of what was signed, and not one bit of what signs it, can change unnoticed.
TEST(AdmitSigned, EverySingleBitFlipOfTheManifestIsRefused) {
    Situation s;
    s.sign({"alice", "bob"});
    const auto manifest = s.manifest();
    for (std::size_t bit = 0; bit < manifest.size() * 8; ++bit) {
        auto flipped = manifest;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        JobBytes job{.script = s.script, .manifest = flipped, .signatures = s.signatures};
        const auto verdict = admit(job, s.policy, s.facts, {.birth = s.birth}, s.now);
        ASSERT_FALSE(verdict.admitted) << bit;
        ASSERT_THAT(code(verdict), testing::AnyOf("manifest-malformed", "signature-invalid",
                                                  "profile-not-signable"))
            << bit;
    }
}

TEST(AdmitSigned, EverySingleBitFlipOfTheSignaturesIsRefused) {
    Situation s;
    s.sign({"alice", "bob"});
    ASSERT_TRUE(s.admit().admitted);
    for (std::size_t bit = 0; bit < s.signatures.size() * 8; ++bit) {
        auto& c = s.signatures[bit / 8];
        c = static_cast<char>(c ^ (1 << (bit % 8)));
        const auto verdict = s.admit();
        // Of white space it does not count which it is, as for ssh-keygen.
        if (c != '\v' || !verdict.admitted) {
            ASSERT_FALSE(verdict.admitted) << bit;
            ASSERT_THAT(code(verdict), testing::AnyOf("signature-malformed", "signature-invalid",
                                                      "signer-unknown", "author-unsigned"))
                << bit;
        }
        c = static_cast<char>(c ^ (1 << (bit % 8)));
    }
}

TEST(AdmitSigned, EverySingleBitFlipOfAPinnedManifestIsRefused) {
    Situation s;
    s.pin("clean");
    const auto manifest = s.manifest();
    for (std::size_t bit = 0; bit < manifest.size() * 8; ++bit) {
        auto flipped = manifest;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        JobBytes job{.script = s.script, .manifest = flipped};
        ASSERT_FALSE(admit(job, s.policy, s.facts, {.birth = s.birth}, s.now).admitted) << bit;
    }
}

}  // namespace
}  // namespace bulkhead::admission
