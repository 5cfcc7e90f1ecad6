// Kills a logging child at every effect, and reads what it left.
#include <gtest/gtest.h>

#include "tests/broker/records/audit_samples.hpp"
#include "tests/broker/records/faults.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

using test::Fate;

void log_much(const sys::Dir& dir, int events, const test::Say& say) {
    auto options = kFixed;
    options.rotate_at = 800;
    options.keep = 90;
    auto audit = Audit::open(dir, options);
    if (!audit) return say("open failed: " + audit.error().what);
    for (int i = 0; i < events; ++i) {
        const auto durable = i % 3 == 0 ? Durable::later : Durable::yes;
        if (!audit->event("verdict", {{"number", i}}, durable)) return say("refused");
        say("x");
    }
    say("lived");
}

// Opened again, the log holds every event that was acknowledged and at most one more, in an
// unbroken chain that begins with line 1, and goes on.
void expect_whole(const sys::Dir& dir, const std::string& said) {
    auto audit = Audit::open(dir, kFixed);
    ASSERT_OK(audit);
    ASSERT_TRUE(audit->event("start", {}));
    const auto summary = verified(dir, audit->head());
    ASSERT_FALSE(summary.fault) << summary.fault->line << ": " << summary.fault->why;
    EXPECT_EQ(summary.first, 1U);
    const auto acknowledged = static_cast<std::size_t>(std::ranges::count(said, 'x'));
    std::size_t kept = 0;
    const auto names = dir.list().value();
    for (const auto& name : names) {
        if (!name.starts_with("audit.log")) continue;
        for (const auto& event : events_of(dir, name)) {
            EXPECT_NE(event, "audit-gap");
            kept += event == "verdict" ? 1 : 0;
        }
    }
    EXPECT_GE(kept, acknowledged);
    EXPECT_LE(kept, acknowledged + 1);
}

TEST(AuditCrash, AtEveryEffectTheChainIsWholeAndNothingAcknowledgedIsLost) {
    const test::NoSync quick;
    for (const auto fate : {Fate::killed_before, Fate::killed_halfway, Fate::killed_after}) {
        for (std::size_t nth = 0;; ++nth) {
            SCOPED_TRACE("effect " + std::to_string(nth));
            test::TempDir temp;
            const auto dir = temp.open();
            const auto told = test::in_child([&](const test::Say& say) {
                const test::Armed fault(nth, fate);
                log_much(dir, 12, say);
            });
            expect_whole(dir, told.text);
            if (HasFatalFailure() || told.text.ends_with("lived")) break;
            ASSERT_TRUE(told.killed()) << told.text;
        }
    }
}

TEST(AuditCrash, KilledFromOutsideAtAnyMomentTheChainIsWhole) {
    for (int round = 0; round < 40; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        test::TempDir temp;
        const auto dir = temp.open();
        const auto told =
            test::killed_after(std::chrono::microseconds(500 + 700 * round),
                               [&](const test::Say& say) { log_much(dir, 400, say); });
        expect_whole(dir, told.text);
        if (HasFatalFailure()) break;
    }
}

}  // namespace
}  // namespace bulkhead::records
