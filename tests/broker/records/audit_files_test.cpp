// Rotation, files that others move or remove, and disks that fail.
#include <gmock/gmock.h>

#include <filesystem>

#include "broker/records/audit.hpp"
#include "tests/broker/records/audit_samples.hpp"
#include "tests/broker/records/faults.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Audit, RotationKeepsTheChainAndThatManyParts) {
    test::TempDir dir;
    auto options = kFixed;
    options.rotate_at = 1000;
    options.keep = 3;
    Head early;
    {
        auto audit = opened(dir.open(), options);
        for (int i = 0; i < 60; ++i) {
            ASSERT_TRUE(audit.event("verdict", {{"number", i}}, Durable::later));
            if (i == 30) audit = opened(dir.open(), options);
            if (i == 55) early = audit.head();
        }
        EXPECT_EQ(verdict(dir.open(), audit.head()), "good");
        EXPECT_EQ(verdict(dir.open(), early), "good");
        EXPECT_EQ(verified(dir.open()).head.lines, 60U);
        EXPECT_GT(verified(dir.open()).first, 1U);
    }
    EXPECT_THAT(dir.open().list().value(), ElementsAre("audit.head", "audit.log", "audit.log.1",
                                                       "audit.log.2", "audit.log.3"));
    for (const auto* name : {"audit.log.1", "audit.log.2", "audit.log.3"}) {
        EXPECT_LT(fs::file_size(dir / name), 1400U);
    }
}

TEST(Audit, ARotationThatStoppedHalfwayIsFinishedAndLosesNothing) {
    for (std::size_t nth = 0; nth < 5; ++nth) {
        test::TempDir dir;
        auto options = kFixed;
        options.rotate_at = 1;
        options.keep = 10;
        auto audit = opened(dir.open(), options);
        for (int i = 0; i < 4; ++i) ASSERT_TRUE(audit.event("verdict", {}, Durable::later));
        {
            const test::Armed fault(9 + nth, test::Fate::fails,
                                    EIO);  // renames .10, .9, ... come first
            static_cast<void>(audit.event("verdict", {}, Durable::later));
        }
        ASSERT_TRUE(audit.event("verdict", {}, Durable::later));
        EXPECT_EQ(verdict(dir.open(), audit.head()), "good") << nth;
        EXPECT_EQ(verified(dir.open()).first, 1U);
    }
}

TEST(Audit, TheFileLeftBehindIsForcedToDiskBeforeTheNextIsBegun) {
    test::TempDir dir;
    auto audit = opened(dir.open(), kEachLineRotates);
    ASSERT_TRUE(audit.event("verdict", {}, Durable::later));
    const test::Armed watch;
    ASSERT_TRUE(audit.event("verdict", {}, Durable::later));
    EXPECT_EQ(watch.effects(), "rspsw") << "rename, the old file and the head, the directory";
}

TEST(Audit, ARotationThatIsNotPossibleIsAnError) {
    test::TempDir dir;
    auto audit = opened(dir.open(), kEachLineRotates);
    ASSERT_TRUE(audit.event("verdict", {}));
    fs::create_directory(dir / "audit.log.1");
    const auto lost = audit.event("verdict", {});
    ASSERT_FALSE(lost);
    EXPECT_THAT(lost.error().what, HasSubstr("audit log: rotate audit.log"));
    EXPECT_EQ(lines_of(dir.open()).size(), 1U);
}

TEST(Audit, AHalfLineInANewFileIsTakenBackToItsBeginning) {
    test::TempDir dir;
    auto audit = opened(dir.open(), kEachLineRotates);
    ASSERT_TRUE(audit.event("verdict", {}));
    {
        const test::Armed fault(2, test::Fate::fails_halfway);  // after rename and directory
        ASSERT_FALSE(audit.event("verdict", {}));
        EXPECT_EQ(fault.effects(), "rswt");
    }
    EXPECT_EQ(fs::file_size(dir / "audit.log"), 0U);
}

TEST(Audit, AfterLogrotateMovedTheFileTheChainGoesOnInANewOne) {
    test::TempDir dir;
    auto audit = opened(dir.open());
    ASSERT_TRUE(audit.event("start", {}));
    fs::rename(dir / "audit.log", dir / "audit.log.1");
    ASSERT_TRUE(audit.event("still-in-the-old", {}, Durable::later));
    {
        const test::Armed watch;
        ASSERT_TRUE(audit.reopen());
        EXPECT_EQ(watch.effects()[0], 's') << "or a power cut could tear the chain in the middle";
    }
    ASSERT_TRUE(audit.event("in-the-new", {}));
    EXPECT_THAT(events_of(dir.open(), "audit.log.1"), ElementsAre("start", "still-in-the-old"));
    EXPECT_THAT(events_of(dir.open()), ElementsAre("in-the-new"));
    EXPECT_EQ(verdict(dir.open(), audit.head()), "good");
}

TEST(Audit, ALogRemovedWhileItIsWrittenIsBegunAnewAndTheLossShows) {
    test::TempDir dir;
    auto options = kFixed;
    options.keep = 2;
    auto audit = opened(dir.open(), options);
    for (int part = 2; part > 0; --part) {
        ASSERT_TRUE(audit.event("start", {{"part", part}}));
        fs::rename(dir / "audit.log", dir / ("audit.log." + std::to_string(part)));
        ASSERT_TRUE(audit.reopen());
    }
    ASSERT_TRUE(audit.event("removed", {}));
    fs::remove(dir / "audit.log");
    ASSERT_TRUE(audit.event("verdict", {}));
    EXPECT_THAT(events_of(dir.open()), ElementsAre("verdict"));
    EXPECT_EQ(verdict(dir.open()), "line 1: lines are missing before it");
    // The older parts stay where they are.
    EXPECT_EQ(verified(dir.open()).first, 1U);
    EXPECT_EQ(verified(dir.open()).head.lines, 2U);
}

// --- disks that fail

TEST(Audit, AFailedOrShortWriteIsAnErrorAndLeavesNoHalfLine) {
    for (const auto fate : {test::Fate::fails, test::Fate::fails_halfway}) {
        test::TempDir dir;
        auto audit = opened(dir.open());
        ASSERT_TRUE(audit.event("start", {}));
        const auto before = audit.head();
        {
            const test::Armed fault(0, fate, ENOSPC);
            const auto lost = audit.event("verdict", {{"reason", "ok"}});
            ASSERT_FALSE(lost);
            EXPECT_EQ(lost.error().code, ENOSPC);
        }
        EXPECT_EQ(audit.head(), before);
        EXPECT_EQ(lines_of(dir.open()).size(), 1U);
        ASSERT_TRUE(audit.event("verdict", {{"reason", "ok"}}));
        EXPECT_EQ(verdict(dir.open(), audit.head()), "good");
    }
}

TEST(Audit, AFailedFsyncIsAnErrorAndTheChainGoesOn) {
    test::TempDir dir;
    auto audit = opened(dir.open());
    {
        const test::Armed fault(1, test::Fate::fails, EIO);
        EXPECT_FALSE(audit.event("verdict", {}));
    }
    ASSERT_TRUE(audit.event("verdict", {}));
    EXPECT_EQ(verdict(dir.open(), audit.head()), "good");
}

TEST(Audit, AHeadThatCannotBeSavedIsAnError) {
    test::TempDir dir;
    auto audit = opened(dir.open());
    const test::Armed fault(2, test::Fate::fails, EIO);
    const auto unsaved = audit.event("verdict", {});
    ASSERT_FALSE(unsaved);
    EXPECT_THAT(unsaved.error().what, HasSubstr("audit.head: write"));
}

TEST(Audit, AHalfLineThatCannotBeTakenBackStopsTheLog) {
    test::TempDir dir;
    auto audit = opened(dir.open());
    ASSERT_TRUE(audit.event("start", {}));
    {
        const test::Armed fault(0, test::Fate::fails_halfway_and_stays);
        EXPECT_FALSE(audit.event("verdict", {}));
    }
    EXPECT_FALSE(audit.event("verdict", {}));
    audit = opened(dir.open());
    EXPECT_THAT(events_of(dir.open()), ElementsAre("start", "audit-recovered"));
    EXPECT_EQ(verdict(dir.open(), audit.head()), "good");
}

// Needs root, for a small disk of its own.
TEST(Audit, AFullDiskIsAnErrorAndWhenThereIsRoomAgainTheLogIsWhole) {
    if (::geteuid() != 0) GTEST_SKIP() << "mounts a small disk: needs root";
    test::TempDir dir;
    const auto told = test::with_small_disk(dir.path(), 64, [&](const test::Say& say) {
        auto audit = Audit::open(dir.open(), kFixed);
        if (!audit) return say(audit.error().what);
        const std::string text(500, 'x');
        Result<> last;
        int count = 0;
        while ((last = audit->event("verdict", {{"text", text}}))) ++count;
        say(count > 50 ? "many; " : "few; ");
        say(last.error().what + "; " + verdict(dir.open(), audit->head()) + "; ");
        say(audit->event("verdict", {{"text", text}}) ? "written; " : "refused; ");
        const auto full = audit->head();
        audit = Audit::open(dir.open(), kFixed);
        say(audit && audit->head() == full ? "reopened; " : "not reopened; ");
        fs::rename(dir / "audit.log", dir / "audit.log.1");
        fs::resize_file(dir / "audit.log.1", 0);
        say(audit->reopen() && audit->event("verdict", {{"text", text}}) ? "goes on" : "does not");
    });
    EXPECT_EQ(told.text,
              "many; audit log: write: No space left on device; good; refused; "
              "reopened; goes on");
}

}  // namespace
}  // namespace bulkhead::records
