#include "common/admission/admit.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/common/admission/situation.hpp"

namespace bulkhead::admission {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::check;
using test::code;
using test::Situation;

TEST(Admit, TheZeroValueOfEverythingIsRefused) {
    EXPECT_FALSE(Verdict{}.admitted);
    EXPECT_EQ(Verdict{}.reason, Reason::undecided);
    EXPECT_FALSE(admit({}, {}, {}, {}, {}).admitted);
    Situation s;
    s.pin("clean");
    s.facts = {};
    EXPECT_FALSE(s.admit_pinned_script().admitted);
}

TEST(Admit, APinnedScriptIsFoundByItsHash) {
    Situation s;
    s.pin("clean");
    const auto verdict = s.admit_pinned_script();
    EXPECT_TRUE(verdict.admitted) << verdict.detail;
    EXPECT_EQ(verdict.rule, "pinned approved/clean.manifest");
    EXPECT_EQ(verdict.detail, verdict.rule);
    ASSERT_TRUE(verdict.manifest);
    EXPECT_EQ(verdict.manifest->profile, "maintain");
    EXPECT_THAT(verdict.signers, testing::IsEmpty());
}

TEST(Admit, APinnedManifestNeedsNoSignatureWhenItComesAlong) {
    Situation s;
    s.pin("clean");
    EXPECT_EQ(s.admit().rule, "pinned approved/clean.manifest");
    s.job.reason += ".";  // another manifest, though of the same script
    EXPECT_EQ(code(s.admit()), "not-approved");
}

TEST(Admit, AJobThatWasRevokedIsRefusedHoweverItWasApproved) {
    Situation s;
    s.pin("clean");
    const auto digest = s.policy.approved.at("clean").manifest.digest;
    for (const auto& row :
         {approval::RevokedJob{.manifest = digest, .line = 3, .reason = "it harms"},
          approval::RevokedJob{
              .manifest = {}, .job_id = s.job.job_id.value, .line = 3, .reason = "it harms"}}) {
        s.policy.revoked_jobs = {row};
        for (const auto& verdict : {s.admit(), s.admit_pinned_script()}) {
            EXPECT_EQ(code(verdict), "job-revoked");
            EXPECT_EQ(verdict.detail, "revoked_jobs:3: it harms");
        }
    }
    s.policy.revoked_jobs[0].job_id += "-2";
    EXPECT_TRUE(s.admit_pinned_script().admitted);
}

TEST(Admit, AScriptThatNobodyApprovedIsRefused) {
    Situation s;
    s.pin("clean");
    s.script += "rm -rf /\n";
    const auto verdict = s.admit_pinned_script();
    EXPECT_EQ(code(verdict), "not-approved");
    EXPECT_THAT(verdict.detail,
                testing::HasSubstr(crypto::hex(crypto::sha256(as_bytes(s.script)))));
    EXPECT_FALSE(verdict.manifest);
    EXPECT_EQ(check(verdict, "intake").outcome, CheckOutcome::skipped);
}

TEST(Admit, ACatalogueJobIsFoundByItsName) {
    Situation s;
    s.pin("clean", true);
    EXPECT_TRUE(s.admit_from_catalogue("clean").admitted);
    for (const auto* name : {"", "Clean", "clean.manifest", "../clean"}) {
        EXPECT_EQ(code(s.admit_from_catalogue(name)), "catalogue-unknown") << name;
    }
    s.pin("bare", false);
    EXPECT_EQ(code(s.admit_from_catalogue("bare")), "catalogue-unknown");
}

TEST(Admit, ACatalogueScriptMustBeTheOneInItsManifest) {
    Situation s;
    s.pin("clean", true);
    s.policy.approved["clean"].script->back() = ' ';
    EXPECT_EQ(code(s.admit_from_catalogue("clean")), "script-hash-mismatch");
    s.policy.approved["clean"].script->clear();
    EXPECT_EQ(code(s.admit_from_catalogue("clean")), "script-size-mismatch");
}

TEST(Admit, OfSeveralManifestsForOneScriptTheOneForNowDecides) {
    Situation s;
    s.job.not_after = at("2026-08-23T00:00:00Z");
    s.pin("a-last-week");
    s.job.not_after = at("2026-08-29T00:00:00Z");
    s.pin("b-this-week");
    EXPECT_EQ(s.admit_pinned_script().rule, "pinned approved/b-this-week.manifest");
    s.now = at("2026-09-29T00:00:00Z");
    const auto verdict = s.admit_pinned_script();
    EXPECT_EQ(code(verdict), "too-late");
    EXPECT_THAT(verdict.detail, testing::StartsWith("not after 2026-08-23T00:00:00Z"));
    s.now = at("2026-08-22T12:00:00Z");
    EXPECT_EQ(code(s.admit_pinned_script()), "script-ambiguous");
}

TEST(Admit, OfSeveralManifestsForOneScriptTheOneForThisHostDecides) {
    Situation s;
    s.job.profile = "inspect";
    s.job.targets = {{approval::Target::Kind::host, "web-2"}};
    s.pin("a-there");
    s.job.profile = "maintain";
    s.job.targets = {{approval::Target::Kind::host, "web-1"}};
    s.pin("b-here");
    EXPECT_EQ(s.admit_pinned_script().rule, "pinned approved/b-here.manifest");
}

// Profile admin of the shipped policy stands last in the order of names, but not in every policy.
class PinnedTwice : public testing::Test {
  protected:
    PinnedTwice() {
        s.policy.profiles["maintain"].user = "root";
        s.job.runs = {1, std::chrono::hours(1)};
        s.pin("a-strong");
        s.job.profile = "inspect";
        s.pin("b-weak");
    }
    Situation s;
};

TEST_F(PinnedTwice, RunsUnderNeitherUnlessPolicySaysSo) {
    const auto verdict = s.admit_pinned_script();
    EXPECT_EQ(code(verdict), "script-ambiguous");
    EXPECT_EQ(
        verdict.detail,
        "approved/a-strong.manifest and approved/b-weak.manifest pin this script, and no line "
        "same-script of approval.policy names both");
    EXPECT_FALSE(verdict.manifest);
    EXPECT_EQ(check(verdict, "manifest").outcome, CheckOutcome::failed);
    EXPECT_EQ(check(verdict, "intake").outcome, CheckOutcome::skipped);
    s.policy.same_scripts.push_back({.jobs = {"a-strong", "c"}, .source = {}});
    s.policy.same_scripts.push_back({.jobs = {"b-weak", "c"}, .source = {}});
    EXPECT_EQ(code(s.admit_pinned_script()), "script-ambiguous") << "no line names both";
    EXPECT_EQ(s.admit().rule, "pinned approved/b-weak.manifest") << "its manifest came along";
}

TEST_F(PinnedTwice, RunsUnderTheWeakerProfile) {
    s.policy.same_scripts.push_back({.jobs = {"a-strong", "b-weak"}, .source = {}});
    EXPECT_EQ(s.admit_pinned_script().rule, "pinned approved/b-weak.manifest");
}

TEST_F(PinnedTwice, IsNotGivenTheStrongerProfileWhenTheWeakerIsUsedUp) {
    s.policy.same_scripts.push_back({.jobs = {"a-strong", "b-weak"}, .source = {}});
    s.started("2026-08-25T11:59:00Z", "before");
    EXPECT_EQ(code(s.admit_pinned_script()), "quota-exceeded");
    s.runs.clear();
    s.policy.profiles.erase("inspect");
    EXPECT_EQ(code(s.admit_pinned_script()), "profile-unknown");
}

TEST(Admit, SizesAreBounded) {
    Situation s;
    s.script.clear();
    EXPECT_EQ(code(s.admit_pinned_script()), "script-empty");
    s.script.assign(approval::kMaxScript + 1, '#');
    EXPECT_EQ(code(s.admit_pinned_script()), "size-exceeded");
    s = {};
    s.script.assign(approval::kMaxScript, '#');
    s.pin("large");
    EXPECT_EQ(code(s.admit_pinned_script()), "admitted");
    s.signatures.assign(16385, 'x');
    EXPECT_EQ(code(s.admit()), "size-exceeded");
    s = {};
    s.params.resize(33);
    EXPECT_EQ(code(s.admit_pinned_script()), "size-exceeded");
    s.params.resize(32);
    EXPECT_EQ(code(s.admit_pinned_script()), "not-approved");
}

TEST(Admit, WhatIsTooLargeIsNotLookedInto) {
    const Situation s;
    const auto verdict = [&](std::size_t manifest, std::size_t signatures) {
        const std::string text(manifest, 'x');
        const std::string armor(signatures, 'x');
        return admit(
            {.script = s.script, .manifest = text, .signatures = armor}, s.policy, s.facts,
            {.runs = s.runs, .clock_floor = s.clock_floor, .unsure_floor = {}, .birth = s.birth},
            s.now);
    };
    const auto most = verdict(approval::kMaxManifest, approval::kMaxSignatureText);
    EXPECT_EQ(check(most, "size").outcome, CheckOutcome::passed);
    EXPECT_EQ(code(most), "manifest-malformed");
    for (const auto& over :
         {verdict(approval::kMaxManifest + 1, 0), verdict(0, approval::kMaxSignatureText + 1)}) {
        EXPECT_EQ(code(over), "size-exceeded");
        EXPECT_EQ(check(over, "manifest").outcome, CheckOutcome::skipped);
    }
}

TEST(Admit, AMalformedManifestIsNamedByLine) {
    Situation s;
    s.job.profile = "Maintain";
    const auto verdict = s.admit();
    EXPECT_EQ(code(verdict), "manifest-malformed");
    EXPECT_THAT(verdict.detail, testing::StartsWith("line 7: profile: "));
}

TEST(Admit, TheInterpreterIsListedAndTrusted) {
    Situation s;
    s.pin("clean");
    s.facts.interpreters["/bin/bash"] = {false, "writable by group"};
    EXPECT_EQ(code(s.admit()), "interpreter-untrusted");
    EXPECT_EQ(s.admit().detail, "/bin/bash: writable by group");
    s.facts.interpreters.clear();
    EXPECT_EQ(code(s.admit()), "interpreter-untrusted");
    EXPECT_EQ(s.admit().detail, "/bin/bash was not looked at");
    s.policy.interpreters.clear();
    EXPECT_EQ(code(s.admit()), "interpreter-not-allowed");
}

TEST(Admit, TheJobIsForThisHost) {
    using Kind = approval::Target::Kind;
    const auto verdict = [](Kind kind, std::string label) {
        Situation s;
        s.job.targets = {{Kind::group, "elsewhere"}, {kind, label}};
        if (kind == Kind::any) s.job.targets = {{kind, ""}};
        s.pin("clean");
        return std::string(code(s.admit()));
    };
    EXPECT_EQ(verdict(Kind::host, "web-1"), "admitted");
    EXPECT_EQ(verdict(Kind::group, "debian"), "admitted");
    EXPECT_EQ(verdict(Kind::any, ""), "admitted");
    EXPECT_EQ(verdict(Kind::host, "web-eu"), "target-mismatch");
    EXPECT_EQ(verdict(Kind::group, "web-1"), "target-mismatch");
    EXPECT_EQ(verdict(Kind::host, "web-11"), "target-mismatch");
    EXPECT_EQ(verdict(Kind::group, "web"), "target-mismatch");
}

TEST(Admit, AHostWithoutAnIdIsNobodysTarget) {
    Situation s;
    s.pin("clean", true);
    s.policy.approved["clean"].manifest.targets = {{approval::Target::Kind::host, ""}};
    s.policy.host = {};
    const auto verdict = s.admit_from_catalogue("clean");
    EXPECT_EQ(code(verdict), "target-mismatch");
    EXPECT_EQ(verdict.detail, "this host is without an id, groups: nobody");
}

TEST(Admit, ARefusalIsNoLongerThanItsBound) {
    Situation s;
    s.pin("clean");
    s.policy.host.groups.assign(100, std::string(64, 'g'));
    const auto verdict = s.admit();
    EXPECT_EQ(verdict.detail.size(), kMaxDetail);
    EXPECT_EQ(check(verdict, "target").detail, verdict.detail);
    EXPECT_THAT(verdict.detail, testing::StartsWith("this host is web-1, groups: ggg"));
}

TEST(Admit, TheTimeWindowHoldsItsOwnEnds) {
    Situation s;
    s.pin("clean");
    const auto when = [&](std::string_view time) {
        s.now = at(time);
        return std::string(code(s.admit()));
    };
    EXPECT_EQ(when("2026-08-21T23:59:59Z"), "too-early");
    EXPECT_EQ(when("2026-08-22T00:00:00Z"), "admitted");
    EXPECT_EQ(when("2026-08-29T00:00:00Z"), "admitted");
    EXPECT_EQ(when("2026-08-29T00:00:01Z"), "too-late");
    EXPECT_EQ(when("1970-01-01T00:00:00Z"), "too-early");
    EXPECT_EQ(when("9998-12-31T23:59:59Z"), "too-late");
}

TEST(Admit, AClockTurnedBackRevivesNothing) {
    Situation s;
    s.pin("clean");
    s.clock_floor = at("2026-08-29T00:04:00Z");
    s.now = at("2026-08-28T23:59:00Z");  // within the slack: the floor counts
    EXPECT_EQ(code(s.admit()), "too-late");
    s.now = at("2026-08-28T12:00:00Z");
    EXPECT_EQ(code(s.admit()), "clock-behind");
    s.clock_floor = at("2026-08-25T12:05:00Z");
    s.now = at("2026-08-25T12:00:00Z");
    EXPECT_EQ(code(s.admit()), "admitted");
    s.clock_floor += 1s;
    EXPECT_EQ(code(s.admit()), "clock-behind");
}

// What an untrusted clock has shown refuses by a reason of its own, which says how to go on.
TEST(Admit, AFloorThatNothingVouchesForRefusesAsUnsure) {
    Situation s;
    s.pin("clean");
    s.clock_floor = s.now;
    s.unsure_floor = s.now + 300s;
    EXPECT_EQ(code(s.admit()), "admitted") << "within the slack";
    s.unsure_floor += 1s;
    const auto verdict = s.admit();
    EXPECT_EQ(code(verdict), "clock-unsure");
    EXPECT_FALSE(verdict.admitted);
    EXPECT_EQ(verdict.rule, "");
    EXPECT_EQ(check(verdict, "time").outcome, CheckOutcome::failed);
    for (const auto* part :
         {"2026-08-25T12:00:00Z", "2026-08-25T12:05:01Z", "bulkhead reset-clock"}) {
        EXPECT_THAT(verdict.detail, testing::HasSubstr(part));
    }
    EXPECT_THAT(verdict.detail, testing::Not(testing::HasSubstr("i-know")));
    s.clock_floor = s.unsure_floor;
    EXPECT_EQ(code(s.admit()), "clock-behind") << "a trusted one says the same";
    EXPECT_THAT(s.admit().detail, testing::HasSubstr("reset-clock --i-know"));
    s.clock_floor = s.now;
    s.unsure_floor += std::chrono::hours(24 * 365);
    EXPECT_EQ(code(s.admit()), "clock-unsure") << "and not too-late";
    s.started("2026-08-25T11:59:00Z", "delivery-0");
    EXPECT_EQ(code(s.admit()), "job-already-run") << "it fails whatever the clock";
}

TEST(Admit, WhatOnlyAnUnsureTimeEndsIsUnsure) {
    Situation s;
    s.pin("clean");
    s.now = at("2026-08-28T23:59:00Z");
    s.unsure_floor = at("2026-08-29T00:01:00Z");
    EXPECT_EQ(code(s.admit()), "clock-unsure");
    EXPECT_THAT(s.admit().detail, testing::HasSubstr("not after 2026-08-29T00:00:00Z"));
}

TEST(Admit, BeforeItBeginsAJobIsTooEarlyByWhatSkewLeaves) {
    Situation s;
    s.pin("clean");
    s.now = at("2026-08-21T23:59:32Z");
    auto verdict = s.admit();
    EXPECT_EQ(code(verdict), "too-early");
    EXPECT_EQ(verdict.early, 28s);
    EXPECT_THAT(verdict.detail,
                testing::HasSubstr("28 s, or this host's clock (2026-08-21T23:59:32Z)"));
    s.policy.skew = 27s;
    EXPECT_EQ(s.admit().early, 1s);
    s.policy.skew = 28s;
    EXPECT_EQ(code(s.admit()), "admitted");
    s.policy.skew = 300s;
    s.now = at("2026-08-29T00:00:01Z");
    EXPECT_EQ(code(s.admit()), "too-late") << "an end is not moved";
}

TEST(Admit, NoClockJumpAdmitsOutsideTheWindowOrASecondTime) {
    Situation s;
    s.pin("clean");
    for (const auto jump : {1s, 299s, 300s, 301s, 86400s, 604800s, 31556952s, 1577847600s}) {
        for (const auto sign : {-1, 1}) {
            Situation later = s;
            later.clock_floor = s.now;
            later.now = s.now + sign * jump;
            const bool within = later.now + kClockSlack >= later.clock_floor &&
                                std::max(later.now, later.clock_floor) <= later.job.not_after;
            EXPECT_EQ(later.admit().admitted, within) << sign * jump.count();
            later.started("2026-08-25T11:59:00Z", "delivery-0");
            EXPECT_FALSE(later.admit().admitted) << sign * jump.count();
        }
    }
}

TEST(Admit, AOneShotJobRunsOnce) {
    Situation s;
    s.pin("clean");
    s.started("2026-08-25T11:00:00Z", "delivery-0");
    EXPECT_EQ(code(s.admit()), "job-already-run");
    // Also under a manifest that differs: the id is what runs once.
    s.job.reason = "again";
    s.pin("clean");
    EXPECT_EQ(code(s.admit()), "job-already-run");
    s.job.job_id.value = "disk-clean-2";
    s.pin("clean");
    EXPECT_EQ(code(s.admit()), "admitted");
}

TEST(Admit, ADeliveryIsStartedOnceWhateverItCarries) {
    Situation s;
    s.job.runs = {100, 24h};
    s.pin("clean");
    s.started("2026-08-25T11:00:00Z", "delivery-1");
    EXPECT_EQ(code(s.admit()), "delivery-already-run");
    s.delivery = "delivery-2";
    EXPECT_EQ(code(s.admit()), "admitted");
}

TEST(Admit, ARepeatableJobStaysWithinItsQuota) {
    Situation s;
    s.job.runs = {2, 1h};
    s.pin("clean");
    s.started("2026-08-25T10:59:59Z", "a");
    s.started("2026-08-25T11:00:00Z", "b");  // exactly the period ago: outside
    s.started("2026-08-25T11:00:01Z", "c");
    EXPECT_EQ(code(s.admit()), "admitted");
    s.started("2026-08-25T11:59:00Z", "d");
    EXPECT_EQ(code(s.admit()), "quota-exceeded");
    s.now += 2s;  // "c" leaves the period
    EXPECT_EQ(code(s.admit()), "admitted");
    s.started("2027-08-25T12:00:00Z", "e");  // ahead of the clock: counts
    EXPECT_EQ(code(s.admit()), "quota-exceeded");
}

TEST(Admit, AnotherManifestHasItsOwnQuota) {
    Situation s;
    s.job.runs = {1, 24h};
    s.pin("clean");
    s.started("2026-08-25T11:00:00Z", "a");
    EXPECT_EQ(code(s.admit()), "quota-exceeded");
    s.job.reason = "CHG-4712";
    s.pin("clean");
    EXPECT_EQ(code(s.admit()), "admitted");
}

TEST(Admit, AFullLedgerStartsNothing) {
    Situation s;
    s.pin("clean");
    s.ledger_full = true;
    EXPECT_EQ(code(s.admit()), "ledger-full");
}

TEST(Admit, ALedgerThatIsFullForRepeatableJobsStartsOneShotJobs) {
    Situation s;
    s.pin("clean");
    s.full_for_repeatable = true;
    EXPECT_EQ(code(s.admit()), "admitted");
    s.job.runs = {2, 1h};
    s.pin("clean");
    EXPECT_EQ(code(s.admit()), "ledger-full");
}

// A job id belongs to the profile whose approvers named it.
TEST(Admit, AnotherProfilesJobOfTheSameIdPreventsNothing) {
    Situation s;
    s.job.profile = "inspect";
    s.started("2026-08-25T11:00:00Z", "delivery-0");
    s.job.profile = "maintain";
    s.pin("clean");
    EXPECT_EQ(code(s.admit()), "admitted");
}

TEST(Admit, AJobThatRanSaysWhichAndWhatToDo) {
    Situation s;
    s.pin("clean");
    s.started("2026-08-25T11:00:00Z", "delivery-0");
    EXPECT_EQ(s.admit().detail, "disk-clean was started 2026-08-25T11:00:00Z; it runs once");
    const auto earlier = crypto::hex(s.runs[0].manifest).substr(0, 12);
    s.job.reason = "corrected";
    s.sign({"alice", "bob"});
    EXPECT_EQ(s.admit().detail, "an earlier job of this id (disk-clean, manifest " + earlier +
                                    ") was started 2026-08-25T11:00:00Z; give this one another "
                                    "--job-id and have it signed again");
}

// --- what the ledger does not know

TEST(Admit, WithoutItsLedgerAHostStartsNoOneShotJob) {
    Situation s;
    s.memory = Memory::lost;
    s.pin("clean");
    s.policy.approvals["maintain"].before_birth = policy::ApprovalRule::BeforeBirth::admit;
    EXPECT_EQ(code(s.admit()), "ledger-lost");
    EXPECT_THAT(s.admit().detail, testing::HasSubstr("bulkhead accept-lost-ledger"));
    s.sign({"alice", "bob"});
    EXPECT_EQ(code(s.admit()), "ledger-lost");
    s.job.runs = {2, 1h};
    s.pin("clean");
    EXPECT_EQ(code(s.admit()), "admitted") << "it was approved to run again";
}

TEST(Admit, WithAnOlderLedgerAHostStartsNothing) {
    Situation s;
    s.memory = Memory::rolled_back;
    s.pin("clean");
    EXPECT_EQ(code(s.admit()), "ledger-rolled-back");
    s.job.runs = {2, 1h};
    s.pin("clean");
    EXPECT_EQ(code(s.admit()), "ledger-rolled-back");
    EXPECT_THAT(s.admit().detail, testing::HasSubstr("bulkhead accept-lost-ledger"));
}

TEST(Admit, AOneShotJobFromBeforeTheBirthIsDecidedByItsKindOrByPolicy) {
    using enum policy::ApprovalRule::BeforeBirth;
    const auto decided = [](bool pinned, auto before_birth, std::optional<UnixTime> birth) {
        Situation s;
        s.birth = birth;
        if (pinned) s.pin("clean");
        if (!pinned) s.sign({"alice", "bob"});
        s.policy.approvals["maintain"].before_birth = before_birth;
        return std::string(code(s.admit()));
    };
    const auto from = Situation().job.not_before;
    for (const bool pinned : {true, false}) {
        for (const auto rule : {by_kind, refuse, admit}) {
            EXPECT_EQ(decided(pinned, rule, from), "admitted") << "born at that moment";
            const bool may = rule == admit || (rule == by_kind && pinned);
            const auto* expected = may ? "admitted" : "before-birth";
            EXPECT_EQ(decided(pinned, rule, from + 1s), expected);
            EXPECT_EQ(decided(pinned, rule, {}), expected) << "not known";
        }
    }
}

TEST(Admit, AfterALossPolicyAdmitsNothingFromBefore) {
    for (const bool pinned : {true, false}) {
        Situation s;
        s.birth = s.job.not_before + 1s;
        s.after_loss = true;
        s.policy.approvals["maintain"].before_birth = policy::ApprovalRule::BeforeBirth::admit;
        if (pinned) s.pin("clean");
        if (!pinned) s.sign({"alice", "bob"});
        EXPECT_EQ(code(s.admit()), "before-birth");
        EXPECT_THAT(s.admit().detail, testing::Not(testing::HasSubstr("before-birth admit")));
        // It may have run 20 minutes early: `skew` 15m, which policy may have lost since, and a
        // floor that the clock was behind.
        s.birth = s.job.not_before - 20min + 1s;
        EXPECT_EQ(code(s.admit()), "before-birth");
        EXPECT_THAT(s.admit().detail, testing::HasSubstr(format_utc(*s.birth + 20min)));
        s.birth = s.job.not_before - 20min;
        EXPECT_EQ(code(s.admit()), "admitted");
    }
}

TEST(Admit, AJobThatMayHaveRunEarlyBeforeTheBirthIsFromBeforeIt) {
    Situation s;
    s.policy.skew = 15min;
    s.sign({"alice", "bob"});
    s.birth = s.job.not_before - 15min + 1s;
    EXPECT_EQ(code(s.admit()), "before-birth");
    s.birth = s.job.not_before - 15min;
    EXPECT_EQ(code(s.admit()), "admitted");
}

// A clock ran ahead, a rewrite dropped runs, and the clock was reset.
TEST(Admit, AJobThatARewriteMayHaveDroppedDoesNotStartWhileItsApprovalLasts) {
    Situation s;
    s.policy.approvals["maintain"].before_birth = policy::ApprovalRule::BeforeBirth::admit;
    s.pin("clean");
    s.dropped_once = s.job.not_after;
    EXPECT_EQ(code(s.admit()), "before-birth");
    EXPECT_THAT(s.admit().detail, testing::Not(testing::HasSubstr("before-birth admit")));
    s.dropped_once = s.now;
    EXPECT_EQ(code(s.admit()), "before-birth");
    s.dropped_once = s.now - 1s;
    EXPECT_EQ(code(s.admit()), "admitted") << "what was dropped is too late now";
    s.job.not_before = s.now + 10s;
    s.now += 20s;
    s.dropped_once = s.job.not_before - 1s;
    s.pin("clean");
    EXPECT_EQ(code(s.admit()), "admitted") << "it was approved from a later time on";
}

TEST(Admit, StartsThatARewriteMayHaveDroppedCount) {
    Situation s;
    s.job.runs = {2, 1h};
    s.pin("clean");
    s.dropped_quota = s.now + 1s;
    EXPECT_EQ(code(s.admit()), "quota-exceeded");
    s.dropped_quota = s.now;
    EXPECT_EQ(code(s.admit()), "admitted");
}

TEST(Admit, ARepeatableJobHasNoBirthToWaitFor) {
    Situation s;
    s.birth = s.now;
    s.after_loss = true;
    s.job.runs = {2, 1h};
    s.sign({"alice", "bob"});
    EXPECT_EQ(code(s.admit()), "admitted");
}

TEST(Admit, ParametersAreExactlyTheDeclaredOnes) {
    Situation s;
    s.job.params = {approval::parse_param_rule("path", "enum:/var/cache|/var/tmp").value(),
                    approval::parse_param_rule("days", "int:1..90").value()};
    s.pin("clean", true);
    const auto with = [&](std::vector<ParamValue> params) {
        s.params = std::move(params);
        return std::string(code(s.admit_from_catalogue("clean")));
    };
    EXPECT_EQ(with({{"path", "/var/tmp"}, {"days", "7"}}), "admitted");
    EXPECT_EQ(with({{"days", "7"}, {"path", "/var/tmp"}}), "admitted");
    EXPECT_EQ(with({{"path", "/var/tmp"}}), "parameter-missing");
    EXPECT_EQ(with({}), "parameter-missing");
    EXPECT_EQ(with({{"path", "/"}, {"days", "7"}}), "parameter-invalid");
    EXPECT_EQ(with({{"path", "/var/tmp"}, {"days", "91"}}), "parameter-invalid");
    EXPECT_EQ(with({{"path", "/var/tmp"}, {"days", "7"}, {"days", "8"}}), "parameter-invalid");
    EXPECT_EQ(with({{"path", "/var/tmp"}, {"days", "7"}, {"LD_PRELOAD", "x"}}),
              "parameter-unknown");
}

TEST(Admit, WhatAParameterHoldsIsQuotedInTheRefusal) {
    Situation s;
    s.job.params = {approval::parse_param_rule("user", "text:8:a-z").value()};
    s.pin("clean");
    s.params = {{"user", "a\nadmitted \"x\""}};
    EXPECT_EQ(s.admit().detail, "user \"a\\x0aadmitted \\x22x\\x22\": expected 1..8 characters");
    s.params = {{"user", "joe"}, {std::string(400, '\n'), "x"}};
    EXPECT_LE(s.admit().detail.size(), kMaxDetail);
}

TEST(Admit, TheJobLiesUnderItsProfilesCeiling) {
    Situation s;
    s.job.timeout = 3600s;
    s.job.output_max = 4194304;
    s.pin("clean");
    EXPECT_EQ(code(s.admit()), "admitted");
    s.job.timeout += 1s;
    s.pin("clean");
    EXPECT_EQ(code(s.admit()), "timeout-over-ceiling");
    s.job.timeout -= 1s;
    s.job.output_max += 1;
    s.pin("clean");
    EXPECT_EQ(code(s.admit()), "output-over-ceiling");
    s.policy.profiles.erase("maintain");
    EXPECT_EQ(code(s.admit()), "profile-unknown");
}

TEST(Admit, AProfileThatThisHostCannotGiveRunsNothing) {
    Situation s;
    s.pin("clean");
    s.facts.profiles["maintain"].unusable = "needs landlock: Landlock (Linux 5.13)";
    EXPECT_EQ(code(s.admit()), "profile-unusable");
    EXPECT_EQ(s.admit().detail, "needs landlock: Landlock (Linux 5.13)");
    s.facts.profiles.clear();
    EXPECT_EQ(code(s.admit()), "profile-unusable");
    EXPECT_EQ(s.admit().detail, "maintain was not looked at");
    s.facts.profiles["inspect"].unusable = "another profile's";
    s.facts.profiles["maintain"] = {};
    EXPECT_EQ(code(s.admit()), "admitted");
}

TEST(Admit, WhatAProfileRunsWithoutOrDoesNotSeeStandsInEveryVerdict) {
    Situation s;
    s.pin("clean");
    s.facts.profiles["inspect"].remarks = {"another profile's"};
    EXPECT_TRUE(s.admit().remarks.empty());
    s.facts.profiles["maintain"].remarks = {"sees no other process", "has no network"};
    EXPECT_EQ(s.admit().remarks, s.facts.profiles["maintain"].remarks);
    s.facts.intake_suspended = true;
    EXPECT_EQ(s.admit().remarks, s.facts.profiles["maintain"].remarks) << "refused, too";
}

TEST(Admit, AProfileTakesAsManyAtOnceAsItSays) {
    Situation s;
    s.pin("clean");
    s.facts.running_jobs = s.facts.profiles["maintain"].running = 2;
    EXPECT_EQ(code(s.admit()), "admitted") << "the profile names no number";
    s.policy.profiles["maintain"].limits.at_once = 3;
    EXPECT_EQ(code(s.admit()), "admitted");
    s.policy.profiles["maintain"].limits.at_once = 2;
    EXPECT_EQ(code(s.admit()), "too-many-jobs");
    EXPECT_EQ(s.admit().detail, "profile maintain takes 2 at once, and 2 run");
    s.facts.profiles["maintain"].running = 0;
    s.facts.profiles["inspect"].running = 2;
    EXPECT_EQ(code(s.admit()), "admitted") << "they are another profile's";
}

TEST(Admit, NothingStartsWhileIntakeIsSuspendedOrTheHostIsBusy) {
    Situation s;
    s.pin("clean");
    s.facts.running_jobs = 3;
    EXPECT_EQ(code(s.admit()), "admitted");
    s.facts.running_jobs = 4;
    EXPECT_EQ(code(s.admit()), "too-many-jobs");
    s.facts.intake_suspended = true;
    EXPECT_EQ(code(s.admit()), "intake-suspended");
}

TEST(Admit, EveryCheckIsListedInOrderAndTheFirstFailureNamesTheReason) {
    Situation s;
    s.job.timeout = 7200s;
    s.pin("clean");
    s.now = at("2026-09-25T12:00:00Z");
    const auto verdict = s.admit();
    std::vector<std::string> lines;
    for (const auto& one : verdict.checks) {
        lines.push_back(std::string(one.name) + " " + std::string(admission::code(one.reason)));
    }
    EXPECT_THAT(lines,
                testing::ElementsAre("size admitted", "manifest admitted", "revocation admitted",
                                     "signatures admitted", "author admitted", "threshold admitted",
                                     "format admitted", "bounds admitted", "script admitted",
                                     "odd-bytes admitted", "interpreter admitted", "realm admitted",
                                     "target admitted", "time too-late", "replay admitted",
                                     "parameters admitted", "profile timeout-over-ceiling",
                                     "intake admitted"));
    EXPECT_EQ(code(verdict), "too-late");
    EXPECT_EQ(verdict.rule, "");
}

TEST(Admit, TheArgumentOfTheShebangLineIsTheInterpreters) {
    Situation s;
    for (const std::string line :
         {"#!/bin/bash -eu", "#!/usr/bin/bash -eu", "#!/usr/bin/env -S bash -eu"}) {
        s.script = line + "\ntrue\n";
        s.pin("clean");
        const auto verdict = s.admit_pinned_script();
        EXPECT_THAT(verdict.arguments, testing::ElementsAre("-eu")) << line;
        EXPECT_THAT(verdict.remarks, testing::IsEmpty()) << line;
    }
}

// They were approved and ran before the line was read at all.
TEST(Admit, AShebangLineThatIsNotObeyedIsARemark) {
    const std::pair<std::string, std::string> cases[] = {
        {"#!/bin/sh -e\n",
         "the #! line names /bin/sh, the manifest /bin/bash: run by /bin/bash "
         "without arguments"},
        {"#!/usr/bin/env -S 'bash'\n", "plain words only"},
        {"#!/bin/ba\x1bsh\n", "names /bin/ba\\x1bsh"},
        {"#!/bin/bash\r\n", "CR LF"},
    };
    for (const auto& [line, says] : cases) {
        Situation s;
        s.script = line + "true\n";
        s.pin("clean");
        s.facts.profiles["maintain"].remarks = {"sees no other process"};
        const auto verdict = s.admit_pinned_script();
        EXPECT_TRUE(verdict.admitted);
        EXPECT_THAT(verdict.arguments, testing::IsEmpty());
        EXPECT_THAT(verdict.remarks, testing::AllOf(testing::Contains("sees no other process"),
                                                    testing::Contains(testing::HasSubstr(says))));
    }
}

TEST(Admit, TheListOfChecksIsTheSameForEveryJob) {
    Situation s;
    const auto names = [](const Verdict& verdict) {
        std::vector<std::string_view> list;
        for (const auto& one : verdict.checks) list.push_back(one.name);
        return list;
    };
    const auto refused = names(s.admit_pinned_script());
    EXPECT_EQ(names(s.admit_from_catalogue("nothing")), refused);
    EXPECT_EQ(names(s.admit()), refused);
    s.pin("clean");
    EXPECT_EQ(names(s.admit()), refused);
    EXPECT_EQ(names(admit({}, {}, {}, {}, {})), refused);
}

class OddBytes : public testing::Test {
  protected:
    OddBytes() {
        s.job.format = 2;
        s.script = "#!/bin/bash\necho \xe2\x80\xae done\n";
    }
    Situation s;
    const std::string found =
        "the script is not what it looks like: line 2, column 6: U+202E: a bidi control, which "
        "shows "
        "text in another order than it has";
};

TEST_F(OddBytes, AreRefusedUnlessTheManifestSaysWhy) {
    s.pin("clean");
    const auto verdict = s.admit_pinned_script();
    EXPECT_EQ(code(verdict), "odd-bytes");
    EXPECT_EQ(verdict.detail, found);
    s.job.odd_bytes = "an Arabic menu";
    s.pin("clean");
    EXPECT_THAT(s.admit_pinned_script().remarks,
                testing::ElementsAre("odd-bytes an Arabic menu: " + found));
    EXPECT_EQ(code(s.admit_pinned_script()), "admitted");
}

TEST_F(OddBytes, OfTheManifestAreRefusedToo) {
    s.script = "#!/bin/bash\n";
    s.job.reason = "CHG-1" + std::string(200, ' ') + "and everything else";
    s.pin("clean");
    EXPECT_EQ(code(s.admit_pinned_script()), "odd-bytes");
    EXPECT_THAT(s.admit_pinned_script().detail, testing::HasSubstr("the manifest is not what"));
}

// Its format had no way to say that they are meant.
TEST_F(OddBytes, AreARemarkWhereTheManifestIsOfFormatV1) {
    s.job.format = 1;
    s.pin("clean");
    const auto verdict = s.admit_pinned_script();
    EXPECT_EQ(code(verdict), "admitted");
    EXPECT_THAT(verdict.remarks, testing::ElementsAre(found));
}

TEST_F(OddBytes, AreNotLookedForInAScriptThatNobodyApproved) {
    const auto verdict = s.admit();
    EXPECT_EQ(code(verdict), "not-approved");
    EXPECT_EQ(check(verdict, "odd-bytes").outcome, CheckOutcome::skipped);
    s.sign({"alice"});
    EXPECT_EQ(check(s.admit(), "odd-bytes").outcome, CheckOutcome::skipped) << "one too few";
}

TEST(Admit, ARefusalFromOutsideIsNeverAnAdmission) {
    EXPECT_FALSE(refuse(Reason::admitted, "").admitted);
    EXPECT_EQ(code(refuse(Reason::admitted, "")), "undecided");
    const auto verdict = refuse(Reason::not_sealed, "script:\n no seals");
    EXPECT_EQ(code(verdict), "not-sealed");
    EXPECT_EQ(verdict.detail, "script:\\x0a no seals");
    EXPECT_LE(refuse(Reason::not_sealed, std::string(5000, '\n')).detail.size(), kMaxDetail + 3);
}

TEST(Admit, TheFirstLineOfAScriptThatNobodyApprovedIsNotRead) {
    Situation s;
    s.script = "#!/bin/sh -x\ntrue\n";
    const auto verdict = s.admit();
    EXPECT_FALSE(verdict.admitted);
    EXPECT_TRUE(verdict.arguments.empty());
    EXPECT_TRUE(verdict.remarks.empty());
}

}  // namespace
}  // namespace bulkhead::admission
