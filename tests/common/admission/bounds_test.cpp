// Whose word an approval is, where and when it counts, and what policy asks of jobs of a profile.
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
using testing::HasSubstr;

// A job of format v2 that is admitted.
Situation approved() {
    Situation s;
    s.job.format = 2;
    s.sign({"alice", "bob"});
    return s;
}

// The same after its manifest was changed, which needs new signatures.
std::string signed_again(Situation& s) {
    s.signatures.clear();
    s.sign({"alice", "bob"});
    return std::string(code(s.admit()));
}

std::string pinned(Situation& s) {
    s.policy.approved.clear();
    s.pin("clean");
    return std::string(code(s.admit_pinned_script()));
}

TEST(Author, HasToSign) {
    Situation s;
    s.sign_without_author({"alice", "bob"});
    EXPECT_EQ(code(s.admit()), "author-unsigned");
    EXPECT_THAT(s.admit().detail, HasSubstr("carol wrote it and has not signed"));
    s.sign_without_author({"carol"});
    EXPECT_EQ(code(s.admit()), "admitted");
}

TEST(Author, AloneIsNotOneOfThoseThatNeedOneAsksFor) {
    Situation s;
    s.policy.approvals["maintain"].needs = {{1, "ops"}};
    s.sign({});
    EXPECT_EQ(code(s.admit()), "author-does-not-count");
    s.sign_without_author({"bob"});
    EXPECT_EQ(code(s.admit()), "admitted");
    EXPECT_EQ(s.admit().rule, "signed: 1 of ops (bob)");
}

TEST(Author, OfNoGroupProvesAuthorshipAndTakesNothing) {
    Situation s;
    s.job.author = "dave";
    EXPECT_EQ(signed_again(s), "admitted");
    s.signatures.clear();
    s.sign({"alice"});
    EXPECT_EQ(code(s.admit()), "threshold-not-met");
}

TEST(Author, UnderAnotherSpellingOrNameIsNoPrincipal) {
    for (const auto* name : {"Carol", "carol@example.com", "root", "mallory"}) {
        Situation s;
        s.job.author = name;
        s.sign_without_author({"alice", "bob", "carol"});
        EXPECT_EQ(code(s.admit()), "author-unknown") << name;
        EXPECT_THAT(s.admit().detail, HasSubstr("bulkhead new-job --author NAME"));
    }
}

TEST(Author, BySomebodyElsesNameDoesNotMakeASecondPerson) {
    Situation s;
    s.policy.approvals["maintain"].needs = {{1, "ops"}};
    // One key for two principals: neither is the other's second pair of eyes.
    s.policy.signers.signers[1].key = SigningKey("alice").public_key();
    s.job.author = "bob";
    s.sign_without_author({"alice"});
    EXPECT_EQ(code(s.admit()), "author-does-not-count");
}

TEST(Author, WhoseSignatureDoesNotCountIsToldWhy) {
    Situation s;
    s.sign({"alice", "bob"});
    s.policy.signers.revoked.keys = {SigningKey("carol").public_key()};
    EXPECT_EQ(code(s.admit()), "signer-revoked");
    EXPECT_EQ(s.admit().detail, "carol's signature does not count: signer-revoked");
    s.policy.signers.revoked.keys.clear();
    s.policy.signers.signers[2].valid_before = s.now - 1s;
    EXPECT_EQ(s.admit().detail,
              "carol's signature does not count: signer-not-valid; allowed_signers, valid to "
              "2026-08-25T11:59:59Z, or this host's clock (2026-08-25T12:00:00Z) is wrong");
}

TEST(Author, WhoCountsSignsAllTheSame) {
    Situation s;
    s.policy.approvals["maintain"].author_counts = true;
    s.sign_without_author({"alice", "bob"});
    EXPECT_EQ(code(s.admit()), "author-unsigned");
    s.signatures.clear();
    s.sign({"alice"});
    EXPECT_EQ(code(s.admit()), "admitted");
}

TEST(Author, OfAPinnedJobIsRootsClaim) {
    Situation s;
    s.job.author = "whoever";
    EXPECT_EQ(pinned(s), "admitted");
    EXPECT_EQ(check(s.admit_pinned_script(), "author").detail,
              "whoever, as the manifest claims: root pinned it");
}

TEST(Groups, EachNeedsPeopleOfItsOwn) {
    auto s = approved();
    s.policy.signer_groups["security"].principals = {"bob"};
    s.policy.approvals["maintain"].needs = {{1, "ops"}, {1, "security"}};
    EXPECT_EQ(code(s.admit()), "admitted");
    EXPECT_EQ(s.admit().rule, "signed: 1 of ops and 1 of security (alice, bob)");
    s.signatures.clear();
    s.job.author = "dave";
    s.sign({"bob"});
    EXPECT_EQ(code(s.admit()), "threshold-not-met");
    EXPECT_EQ(s.admit().detail,
              "1 of the 1 needed from ops and 0 of the 1 needed from security "
              "beside the author (bob); 1 more of: alice, carol");
    s.policy.signer_groups.erase("security");
    s.sign({"alice", "carol"});
    EXPECT_EQ(code(s.admit()), "threshold-not-met");
}

TEST(Hardware, AndVerifiedAreAskedOfAllThatIsNeeded) {
    auto s = approved();
    s.policy.approvals["maintain"].hardware = true;
    EXPECT_EQ(code(s.admit()), "signer-not-hardware");
    EXPECT_THAT(s.admit().detail, HasSubstr("signer-not-hardware"));
    const auto sign_by_tokens = [&](unsigned flags) {
        s.signatures.clear();
        for (auto& signer : s.policy.signers.signers) {
            const SigningKey key(signer.principals[0], approval::PublicKey::Kind::sk_ed25519);
            signer.key = key.public_key();
            s.signatures += test::armor(key.sign(s.manifest(), {.flags = flags}));
        }
        return std::string(code(s.admit()));
    };
    EXPECT_EQ(sign_by_tokens(1), "admitted");
    s.policy.approvals["maintain"].verified = true;
    EXPECT_EQ(sign_by_tokens(1), "signer-not-verified");
    EXPECT_EQ(sign_by_tokens(5), "admitted");
    // The author by a token, the others by software keys.
    s.policy.approvals["maintain"].verified = false;
    const SigningKey carol("carol", approval::PublicKey::Kind::sk_ed25519);
    s.signatures.clear();
    for (const int i : {0, 1}) {
        const SigningKey key(s.policy.signers.signers[i].principals[0]);
        s.policy.signers.signers[i].key = key.public_key();
        s.signatures += key.armored(s.manifest());
    }
    s.signatures += test::armor(carol.sign(s.manifest()));
    EXPECT_EQ(code(s.admit()), "signer-not-hardware");
}

TEST(Realm, OfManifestAndHostIsTheSameOrNeitherHasOne) {
    for (const auto& [host, named, expected] :
         {std::tuple("", "", "admitted"), std::tuple("prod", "prod", "admitted"),
          std::tuple("prod", "lab", "realm-mismatch"), std::tuple("prod", "", "realm-mismatch"),
          std::tuple("", "lab", "realm-mismatch"), std::tuple("prod", "Prod", "realm-mismatch")}) {
        auto s = approved();
        s.policy.host.realm = host;
        s.job.realm = named;
        EXPECT_EQ(signed_again(s), expected) << host << " " << named;
        EXPECT_EQ(pinned(s), expected) << host << " " << named;
    }
}

TEST(Realm, OfAnotherFleetMakesNoSecondPinOfAScript) {
    for (const auto* other : {"a-lab", "z-lab"}) {
        Situation s;
        s.job.format = 2;
        s.policy.host.realm = s.job.realm = "prod";
        s.pin("here");
        s.job.realm = "lab";
        s.pin(other);
        EXPECT_EQ(code(s.admit_pinned_script()), "admitted");
        EXPECT_EQ(s.admit_pinned_script().rule, "pinned approved/here.manifest");
    }
}

TEST(Realm, ThatIsMissingIsToldWithWhatToDo) {
    Situation s;
    s.policy.host.realm = "prod";
    s.sign({"alice", "bob"});
    EXPECT_EQ(s.admit().detail,
              "host.policy names realm prod, the manifest none; make it anew with "
              "bulkhead new-job --format v2 --realm prod");
    s.job.format = 2;
    s.job.realm = "lab";
    signed_again(s);
    EXPECT_EQ(s.admit().detail,
              "host.policy names realm prod, the manifest lab; make it anew with "
              "bulkhead new-job --realm prod");
    s.policy.host.realm = "";
    EXPECT_EQ(s.admit().detail,
              "host.policy names no realm, the manifest lab; make it anew with "
              "bulkhead new-job, without --realm");
}

TEST(Epoch, EndsSignedApprovalsWhenItIsRaised) {
    using Number = std::optional<std::uint32_t>;
    for (const auto& [host, named, expected] :
         {std::tuple(Number(), Number(), "admitted"), std::tuple(Number(3), Number(3), "admitted"),
          std::tuple(Number(4), Number(3), "epoch-mismatch"),
          std::tuple(Number(2), Number(3), "epoch-mismatch"),
          std::tuple(Number(0), Number(), "epoch-mismatch"),
          std::tuple(Number(), Number(0), "epoch-mismatch")}) {
        auto s = approved();
        s.policy.host.epoch = host;
        s.job.epoch = named;
        EXPECT_EQ(signed_again(s), expected);
        EXPECT_EQ(pinned(s), "admitted");  // root's own word, which root takes back otherwise
    }
}

// An approval for a day in years is good on that day, unless the epoch was raised by then.
TEST(Epoch, IsWhatEndsAnApprovalThatLiesDormant) {
    auto s = approved();
    s.policy.host.epoch = s.job.epoch = 1;
    s.job.not_before = at("2031-05-05T00:00:00Z");
    s.job.not_after = at("2031-05-06T00:00:00Z");
    EXPECT_EQ(signed_again(s), "too-early");
    s.now = at("2031-05-05T12:00:00Z");
    EXPECT_EQ(code(s.admit()), "admitted");
    s.policy.host.epoch = 2;
    EXPECT_EQ(code(s.admit()), "epoch-mismatch");
}

TEST(FormatV1, IsTakenAsLongAsHostPolicySays) {
    Situation s;
    s.sign({"alice", "bob"});
    EXPECT_EQ(code(s.admit()), "admitted");
    EXPECT_THAT(check(s.admit(), "format").detail, HasSubstr("v1, which host.policy takes"));
    s.policy.format = 2;
    EXPECT_EQ(code(s.admit()), "format-not-accepted");
    EXPECT_THAT(s.admit().detail, HasSubstr("bulkhead new-job --format v2"));
    s.policy.host.accept_v1_until = s.now;
    EXPECT_EQ(code(s.admit()), "admitted");
    s.now += 1s;
    EXPECT_EQ(code(s.admit()), "format-not-accepted");
    s.policy.format = 1;  // the line counts in a file of any format
    EXPECT_EQ(code(s.admit()), "format-not-accepted");
    EXPECT_EQ(pinned(s), "admitted");
    s.job.format = 2;
    EXPECT_EQ(signed_again(s), "admitted");
}

TEST(FormatV1, IsNotRevivedByAClockTurnedBack) {
    Situation s;
    s.sign({"alice", "bob"});
    s.policy.host.accept_v1_until = s.now;
    s.clock_floor = s.now + 1s;
    EXPECT_EQ(code(s.admit()), "format-not-accepted");
}

struct Bound {
    std::string_view refused_as;
    void (*set)(policy::ApprovalRule& rule);
    void (*go_beyond)(approval::Manifest& job);
};

void add_param(approval::Manifest& job, std::string_view rule) {
    job.params.push_back(approval::parse_param_rule("p", rule).value());
}

const Bound kBounds[] = {
    {"not-one-shot", [](auto& rule) { rule.one_shot_only = true; },
     [](auto& job) {
         job.runs = {1, 24h};
     }},
    {"runs-over-ceiling",
     [](auto& rule) {
         rule.max_runs = {{2, 24h}};
     },
     [](auto& job) {
         job.runs = {3, 24h};
     }},
    {"runs-over-ceiling",
     [](auto& rule) {
         rule.max_runs = {{23, 24h}};
     },
     [](auto& job) {
         job.runs = {1, 1h};
     }},
    {"runs-over-ceiling",
     [](auto& rule) {
         rule.max_runs = {{2, 1h}};
     },
     [](auto& job) {
         job.runs = {3, 24h};
     }},
    {"target-too-wide", [](auto& rule) { rule.no_target_any = true; },
     [](auto& job) {
         job.targets = {{approval::Target::Kind::any, ""}};
     }},
    {"validity-too-long",
     [](auto& rule) { rule.max_validity = rule.max_pinned_validity = 7 * 24h; },
     [](auto& job) { job.not_after += 1s; }},
    {"parameter-not-allowed", [](auto& rule) { rule.params.emplace(); },
     [](auto& job) { add_param(job, "int:1..2"); }},
    {"parameter-not-allowed",
     [](auto& rule) {
         rule.params = {{"int", "enum"}};
     },
     [](auto& job) { add_param(job, "text:9:a-z"); }},
};

TEST(Bounds, HoldSignedAndPinnedJobsAlike) {
    for (const auto& [refused_as, set, go_beyond] : kBounds) {
        auto s = approved();
        set(s.policy.approvals["maintain"]);
        EXPECT_EQ(signed_again(s), "admitted") << refused_as;
        EXPECT_EQ(pinned(s), "admitted") << refused_as;
        go_beyond(s.job);
        EXPECT_EQ(signed_again(s), refused_as);
        EXPECT_EQ(pinned(s), refused_as);
        EXPECT_THAT(s.admit_pinned_script().detail, HasSubstr("profile maintain: "));
    }
}

TEST(Bounds, LetPassWhatIsWithin) {
    auto s = approved();
    auto& rule = s.policy.approvals["maintain"];
    rule.max_runs = {{24, 24h}};
    s.job.runs = {1, 1h};
    EXPECT_EQ(signed_again(s), "admitted");
    rule.max_runs = {{2, 1h}};
    s.job.runs = {2, 24h};
    EXPECT_EQ(signed_again(s), "admitted");
    s.job.runs = {};
    EXPECT_EQ(signed_again(s), "admitted");
    rule.params = {{"int", "enum"}};
    add_param(s.job, "int:1..2");
    s.params = {{"p", "1"}};
    EXPECT_EQ(signed_again(s), "admitted");
}

// A class of format v1 may hold what a shell executes.
TEST(Bounds, TakeTextOfV1ForTextRaw) {
    Situation s;
    s.policy.approvals["maintain"].params = {{"text"}};
    add_param(s.job, "text:9:a-z");
    s.params = {{"p", "x"}};
    EXPECT_EQ(signed_again(s), "parameter-not-allowed");
    s.job.format = 2;
    EXPECT_EQ(signed_again(s), "admitted");
    s.job.format = 1;
    s.policy.approvals["maintain"].params = {{"text-raw"}};
    EXPECT_EQ(signed_again(s), "admitted");
}

TEST(ProfileDigest, BindsAnApprovalToWhatTheProfileWas) {
    auto s = approved();
    const std::string of_others = std::string(64, 'a') + "  profiles/inspect.profile\n" +
                                  std::string(64, 'b') + "  profiles/maintain.profile.txt\n";
    const auto lines = [](char c, const std::string& file) {
        return std::string(64, c) + "  " + file + "\n";
    };
    auto& profile = s.policy.profiles["maintain"];
    profile.name = "maintain";
    profile.seccomp = "job";
    s.policy.parts["broker"].seccomp = "broker";
    const auto own = lines('1', "profiles/maintain.profile") +
                     lines('2', "seccomp/broker.seccomp") + lines('3', "seccomp/job.seccomp") +
                     lines('4', "seccomp/job.seccomp.d/x.lines");
    s.policy.file_list = own + of_others;
    s.job.profile_sha256 = crypto::sha256(as_bytes(own));
    EXPECT_EQ(signed_again(s), "admitted");
    EXPECT_EQ(pinned(s), "admitted");
    for (const char c : {'1', '2', '3', '4'}) {
        auto changed = s;
        changed.policy.file_list[changed.policy.file_list.find(std::string(64, c))] = 'c';
        EXPECT_EQ(code(changed.admit()), "profile-changed") << c;
        EXPECT_EQ(pinned(changed), "profile-changed") << c;
    }
    s.policy.file_list += lines('5', "profiles/maintain.profile.d/more.lines");
    EXPECT_EQ(code(s.admit()), "profile-changed");
    s.policy.file_list = own;
    EXPECT_EQ(code(s.admit()), "admitted");
}

}  // namespace
}  // namespace bulkhead::admission
