#include "common/admission/admit_artifact.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "common/admission/pinned.hpp"
#include "tests/common/admission/situation.hpp"

namespace bulkhead::admission {
namespace {

using namespace std::chrono_literals;
using approval::ProgramType;
using test::at;
using test::SigningKey;
using testing::ElementsAre;
using testing::HasSubstr;

crypto::Digest digest_of(std::string_view text) { return crypto::sha256(as_bytes(text)); }

// A host, its policy and an artifact that would be admitted: each test changes one thing.
struct Scene {
    Scene() {
        auto& a = artifact;
        a.id = "count";
        a.author = "carol";
        a.programs = {{"count", ProgramType::xdp, "eth0"}};
        a.targets = {{approval::Target::Kind::group, "edge"}};
        a.not_before = at("2026-12-01T00:00:00Z");
        a.not_after = at("2026-12-08T00:00:00Z");
        a.ttl = 12h;
        a.max_cpu_percent = 2;
        a.reason = "CHG-1";
        policy.host.id = "web-1";
        policy.host.groups = {"edge"};
        policy.artifacts.emplace();
        policy.artifacts->allowed = {{ProgramType::xdp, "eth*"}, {ProgramType::lsm, "file_open"}};
        policy.artifact_approval = policy::ApprovalRule{
            .needs = {{2, "ops"}}, .max_validity = 30 * 24h, .source = {"approval.policy", 7, ""}};
        policy.signer_groups["ops"].principals = {"alice", "bob", "carol"};
        for (const auto* name : {"alice", "bob", "carol", "dave"}) {
            policy.signers.signers.push_back(
                {.principals = {name}, .key = SigningKey(name).public_key()});
        }
        facts.intake_suspended = false;
        facts.loader_unusable = "";
    }

    std::string manifest() const {
        auto whole = artifact;
        whole.elf_sha256 = digest_of(elf);
        whole.elf_size = elf.size();
        return approval::write_artifact_manifest(whole);
    }
    void sign(const std::vector<std::string>& people,
              std::string_view name_space = approval::kArtifactNamespace) {
        for (const auto& name : people) {
            signatures +=
                test::armor(SigningKey(name).sign(manifest(), {.name_space = name_space}));
        }
    }
    Scene& signed_by_enough() {
        sign({"alice", "bob", "carol"});
        return *this;
    }
    void pin(const std::string& name) {
        const auto text = manifest();
        policy.approved_artifacts[name] = {name, text,
                                           approval::parse_artifact_manifest(text).value()};
    }
    ArtifactVerdict admit(std::optional<std::string> with) const {
        const auto verdict = admit_artifact(
            {.elf = elf,
             .manifest = with ? std::optional<std::string_view>(*with) : std::nullopt,
             .signatures = signatures},
            policy, facts, ledger, now);
        EXPECT_EQ(verdict.admitted, verdict.reason == Reason::admitted);
        return verdict;
    }
    ArtifactVerdict admit() const { return admit(manifest()); }
    ArtifactVerdict admit_bare() const { return admit(std::nullopt); }

    approval::ArtifactManifest artifact;
    std::string elf =
        "\x7f"
        "ELF and so on";
    std::string signatures;
    policy::Policy policy;
    ArtifactFacts facts;
    LedgerView ledger{};
    UnixTime now = at("2026-12-02T12:00:00Z");
};

std::string_view code_of(const ArtifactVerdict& verdict) { return code(verdict.reason); }

TEST(AdmitArtifact, TheInitialVerdictAdmitsNothing) {
    EXPECT_FALSE(ArtifactVerdict{}.admitted);
    EXPECT_TRUE(ArtifactFacts{}.intake_suspended);
    EXPECT_NE(ArtifactFacts{}.loader_unusable, "");
}

TEST(AdmitArtifact, EnoughPeopleAdmitAndAreNamed) {
    Scene s;
    const auto verdict = s.signed_by_enough().admit();
    EXPECT_TRUE(verdict.admitted) << verdict.detail;
    EXPECT_EQ(verdict.rule, "signed: 2 of ops (alice, bob)");
    EXPECT_THAT(verdict.signers, ElementsAre("alice", "bob"));
    EXPECT_EQ(verdict.signatures.size(), 3U);
    EXPECT_FALSE(verdict.loaded_already);
    for (const auto& check : verdict.checks) EXPECT_EQ(check.outcome, CheckOutcome::passed);
}

// Each row breaks one thing of an artifact that would be admitted.
struct Refusal {
    const char* code;
    const char* detail;
    void (*change)(Scene&);      // before it is signed
    void (*afterwards)(Scene&);  // after
};
void nothing(Scene&) {}
const Refusal kRefusals[] = {
    {"artifacts-not-enabled", "no artifacts.policy", [](Scene& s) { s.policy.artifacts.reset(); },
     nothing},
    {"object-empty", "empty", nothing, [](Scene& s) { s.elf.clear(); }},
    {"size-exceeded", "object bytes",
     [](Scene& s) { s.elf = std::string(approval::kMaxElf + 1, 'x'); }, nothing},
    {"size-exceeded", "signature bytes", nothing,
     [](Scene& s) { s.signatures = std::string(approval::kMaxSignatureText + 1, 'x'); }},
    {"artifacts-not-signable", "approval.policy has no line artifacts",
     [](Scene& s) { s.policy.artifact_approval.reset(); }, nothing},
    {"artifacts-not-signable", "approval.policy:7",
     [](Scene& s) { s.policy.artifact_approval->needs.clear(); }, nothing},
    {"artifact-revoked", "revoked_jobs:3: bad",
     [](Scene& s) {
         s.policy.revoked_jobs = {{.artifact_id = "count", .line = 3, .reason = "bad"}};
     },
     nothing},
    {"artifact-revoked", "revoked_jobs:1: no reason given",
     [](Scene& s) { s.policy.revoked_jobs = {{.manifest = digest_of(s.manifest()), .line = 1}}; },
     nothing},
    {"not-approved", "the line artifacts needs 2 of ops, and the author", nothing,
     [](Scene& s) { s.signatures.clear(); }},
    {"signature-malformed", "", nothing, [](Scene& s) { s.signatures = "x"; }},
    {"signature-invalid", "", nothing,
     [](Scene& s) {
         s.signatures = test::armor(
             SigningKey("alice").sign("other", {.name_space = approval::kArtifactNamespace}));
     }},
    {"signer-revoked", "", nothing,
     [](Scene& s) { s.policy.signers.revoked.keys = {SigningKey("alice").public_key()}; }},
    {"signer-not-valid", "not for namespace bulkhead-artifact-v1", nothing,
     [](Scene& s) { s.policy.signers.signers[0].namespaces = {"bulkhead-job-v1"}; }},
    {"author-unknown", "bulkhead new-artifact --author",
     [](Scene& s) { s.artifact.author = "eve"; }, nothing},
    {"author-unsigned", "dave wrote it", [](Scene& s) { s.artifact.author = "dave"; }, nothing},
    {"validity-too-long", "approval.policy:7, the line artifacts",
     [](Scene& s) { s.policy.artifact_approval->max_validity = 24h; }, nothing},
    {"target-too-wide", "target any",
     [](Scene& s) {
         s.policy.artifact_approval->no_target_any = true;
         s.artifact.targets = {{approval::Target::Kind::any, ""}};
     },
     nothing},
    {"realm-mismatch", "bulkhead new-artifact --realm prod",
     [](Scene& s) { s.policy.host.realm = "prod"; }, nothing},
    {"epoch-mismatch", "bulkhead new-artifact --epoch 4", [](Scene& s) { s.policy.host.epoch = 4; },
     nothing},
    {"target-mismatch", "this host is web-1",
     [](Scene& s) {
         s.artifact.targets = {{approval::Target::Kind::host, "web-2"}};
     },
     nothing},
    {"too-early", "", [](Scene& s) { s.now = at("2026-11-30T00:00:00Z"); }, nothing},
    {"too-late", "", [](Scene& s) { s.now = at("2026-12-08T00:00:01Z"); }, nothing},
    {"too-late", "",
     [](Scene& s) {
         s.ledger.clock_floor = at("2026-12-08T00:00:01Z");
         s.now = s.ledger.clock_floor;
     },
     nothing},
    {"clock-behind", "already seen",
     [](Scene& s) { s.ledger.clock_floor = at("2026-12-02T13:00:00Z"); }, nothing},
    {"clock-unsure", "nothing vouched for",
     [](Scene& s) { s.ledger.unsure_floor = at("2026-12-20T13:00:00Z"); }, nothing},
    {"ledger-rolled-back", "accept-lost-ledger",
     [](Scene& s) { s.ledger.memory = Memory::rolled_back; }, nothing},
    {"program-type-not-allowed", "no line allow kprobe; it allows: xdp, lsm",
     [](Scene& s) {
         s.artifact.programs.push_back({"k", ProgramType::kprobe, "vfs_read"});
     },
     nothing},
    {"attach-not-allowed", "program count xdp wlan0: artifacts.policy allows xdp on: eth*",
     [](Scene& s) { s.artifact.programs[0].attach = "wlan0"; }, nothing},
    {"ttl-over-ceiling", "ttl 31d; artifacts.policy allows 30d",
     [](Scene& s) { s.artifact.ttl = 31 * 24h; }, nothing},
    {"cpu-over-ceiling", "max-cpu-percent 6; artifacts.policy allows 5",
     [](Scene& s) { s.artifact.max_cpu_percent = 6; }, nothing},
    {"pin-not-allowed", "pins allowed", [](Scene& s) { s.artifact.pin = true; }, nothing},
    {"artifact-withdrawn", "approved anew",
     [](Scene& s) { s.facts.withdrawn = {digest_of(s.manifest())}; }, nothing},
    {"loader-unusable", "no bpf", [](Scene& s) { s.facts.loader_unusable = "no bpf"; }, nothing},
    {"intake-suspended", "by hand",
     [](Scene& s) {
         s.facts.intake_suspended = true;
         s.facts.suspended_by = "by hand";
     },
     nothing},
    {"too-many-artifacts", "4 are loaded; artifacts.policy allows 4",
     [](Scene& s) {
         s.facts.loaded = {{"a"}, {"b"}, {"c"}, {"d"}};
     },
     nothing},
};

TEST(AdmitArtifact, EachRefusalHasItsReason) {
    for (const auto& [expected, detail, change, afterwards] : kRefusals) {
        Scene s;
        change(s);
        s.signed_by_enough();
        afterwards(s);
        const auto verdict = s.admit();
        EXPECT_FALSE(verdict.admitted) << expected;
        EXPECT_EQ(code_of(verdict), expected) << verdict.detail;
        EXPECT_THAT(verdict.detail, HasSubstr(detail)) << expected;
    }
}

// A reason that no test above reaches would be one that nothing gives.
TEST(AdmitArtifact, EachReasonOfArtifactsAloneIsGiven) {
    std::set<std::string_view> given{"artifact-ambiguous", "object-hash-mismatch",
                                     "object-size-mismatch"};  // by the tests below
    for (const auto& row : kRefusals) given.insert(row.code);
    for (const auto& row : reasons()) {
        if (row.reason < Reason::artifacts_not_enabled) continue;
        EXPECT_TRUE(given.contains(row.code)) << row.code;
    }
}

TEST(AdmitArtifact, AFlippedBitAnywhereIsRefused) {
    const Scene s = Scene().signed_by_enough();
    const auto text = s.manifest();
    for (std::size_t i = 0; i < s.elf.size(); ++i) {
        auto other = s;
        other.elf[i] = static_cast<char>(other.elf[i] ^ 1);
        EXPECT_EQ(code_of(other.admit(text)), "object-hash-mismatch");
    }
    auto longer = s;
    longer.elf += "x";
    EXPECT_EQ(code_of(longer.admit(text)), "object-size-mismatch");
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto other = text;
        other[i] = static_cast<char>(other[i] ^ 1);
        EXPECT_FALSE(s.admit(other).admitted) << i;
    }
    for (std::size_t i = 0; i < s.signatures.size(); i += 7) {
        if (s.signatures[i] == '\n') continue;  // becomes another blank, which armor may have
        auto other = s;
        other.signatures[i] = static_cast<char>(other.signatures[i] ^ 1);
        EXPECT_FALSE(other.admit(text).admitted) << i;
    }
}

TEST(AdmitArtifact, OnePersonTooFewIsRefusedAndTold) {
    Scene s;
    s.sign({"alice", "alice", "carol"});
    EXPECT_EQ(code_of(s.admit()), "author-does-not-count") << s.admit().detail;
    EXPECT_THAT(s.admit().detail, HasSubstr("1 of the 2 needed from ops beside the author (alice); "
                                            "1 more of: bob"));
}

// What somebody signed for the one is nothing for the other, even of the same bytes.
TEST(AdmitArtifact, ASignatureForAJobCountsForNone) {
    Scene s;
    s.sign({"alice", "bob", "carol"}, approval::kNamespace);
    EXPECT_EQ(code_of(s.admit()), "author-unsigned");
    EXPECT_THAT(s.admit().signers, ElementsAre());
    EXPECT_THAT(s.admit().signatures, testing::IsEmpty());
}

TEST(AdmitArtifact, ASignatureForAnArtifactCountsForNoJob) {
    test::Situation s;
    for (const auto* name : {"alice", "bob", "carol"}) {
        s.signatures += test::armor(
            SigningKey(name).sign(s.manifest(), {.name_space = approval::kArtifactNamespace}));
    }
    EXPECT_FALSE(s.admit().admitted);
    EXPECT_THAT(s.admit().signers, ElementsAre());
    s.signatures.clear();
    s.sign({"alice", "bob"});
    EXPECT_TRUE(s.admit().admitted);
    for (auto& signer : s.policy.signers.signers) signer.namespaces = {"bulkhead-artifact-v1"};
    EXPECT_FALSE(s.admit().admitted) << "keys for artifacts alone";
}

TEST(AdmitArtifact, AManifestOfTheOtherKindIsMalformed) {
    Scene s;
    s.signed_by_enough();
    test::Situation job;
    EXPECT_EQ(code_of(s.admit(job.manifest())), "manifest-malformed");
    job.pin("count");
    EXPECT_EQ(code_of(s.admit_bare()), "not-approved") << "a job's pin is none of an artifact";
}

TEST(AdmitArtifact, OneThatRootPinnedNeedsNoSignature) {
    Scene s;
    s.pin("count");
    for (const auto& verdict : {s.admit(), s.admit_bare()}) {
        EXPECT_TRUE(verdict.admitted) << verdict.detail;
        EXPECT_EQ(verdict.rule, "pinned approved/count.artifact");
        EXPECT_EQ(verdict.manifest_bytes, s.manifest());
    }
    s.policy.artifact_approval.reset();
    EXPECT_TRUE(s.admit_bare().admitted);
    s.elf += "x";
    EXPECT_EQ(code_of(s.admit_bare()), "not-approved");
}

TEST(AdmitArtifact, PinnedOrNotItKeepsToTheRules) {
    Scene s;
    s.artifact.programs[0].attach = "wlan0";
    s.pin("count");
    EXPECT_EQ(code_of(s.admit_bare()), "attach-not-allowed");
}

TEST(AdmitArtifact, OfTwoPinsTheOneForThisHostNowCounts) {
    Scene s;
    s.pin("a");
    s.artifact.ttl = 1h;
    s.pin("b");
    EXPECT_EQ(code_of(s.admit_bare()), "artifact-ambiguous");
    EXPECT_THAT(s.admit_bare().detail, HasSubstr("approved/a.artifact and approved/b.artifact"));
    s.policy.approved_artifacts.erase("b");
    s.artifact.targets = {{approval::Target::Kind::host, "web-2"}};
    s.pin("b");
    EXPECT_EQ(s.admit_bare().rule, "pinned approved/a.artifact");
}

TEST(AdmitArtifact, TheOneThatIsLoadedTakesNoOtherPlace) {
    Scene s;
    s.signed_by_enough();
    s.facts.loaded = {{"a"}, {"b"}, {"c"}, {"count", digest_of(s.manifest())}};
    EXPECT_TRUE(s.admit().admitted) << s.admit().detail;
    EXPECT_TRUE(s.admit().loaded_already);
    s.facts.loaded.back().manifest = {};
    EXPECT_TRUE(s.admit().admitted) << "it replaces one";
    EXPECT_FALSE(s.admit().loaded_already);
}

TEST(AdmitArtifact, EveryCheckIsMadeAfterOneHasFailed) {
    Scene s;
    s.artifact.pin = true;
    s.facts.loader_unusable = "no bpf";
    const auto verdict = s.admit();
    EXPECT_EQ(code_of(verdict), "not-approved");
    std::set<std::string_view> failed;
    for (const auto& check : verdict.checks) {
        if (check.outcome == CheckOutcome::failed) failed.insert(check.name);
    }
    EXPECT_THAT(failed, ElementsAre("limits", "loader", "signatures"));
}

TEST(AdmitArtifact, PinsThatNoHostOfThePolicyLoadsAreTold) {
    Scene s;
    s.artifact.programs[0].attach = "wlan0";
    s.pin("count");
    const auto refused = refused_pins(s.policy, {}, s.now);
    ASSERT_EQ(refused.size(), 1U);
    EXPECT_EQ(refused[0].file, "approved/count.artifact");
    EXPECT_EQ(refused[0].reason, Reason::attach_not_allowed);
    s.artifact.programs[0].attach = "eth1";
    s.pin("count");
    EXPECT_TRUE(refused_pins(s.policy, {}, s.now).empty());
}

}  // namespace
}  // namespace bulkhead::admission
