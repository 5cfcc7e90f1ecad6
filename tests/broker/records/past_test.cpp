// What a ledger is believed to remember, by what else is on the disk: a first start, a lost ledger,
// an older one, a clone's; and how an operator accepts it.
#include "broker/records/past.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "broker/records/audit.hpp"
#include "broker/records/ledger.hpp"
#include "broker/records/trusted_clock.hpp"
#include "tests/broker/records/faults.hpp"
#include "tests/broker/records/samples.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

using admission::Memory;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

const auto kHere = crypto::sha256(as_bytes("this machine"));
const auto kElsewhere = crypto::sha256(as_bytes("another machine"));

struct PastTest : testing::Test {
    test::TempDir place;

    Result<Ledger> open(const Past& past) { return Ledger::open(place.open(), kNoon, {}, past); }
    void put(std::string_view file) {
        ASSERT_TRUE(place.open().write_atomic("ledger", file, 0600));
    }
    std::string file() { return place.open().read_file("ledger", 32_MiB).value(); }
    // Two jobs, one of them over; what the audit log had after each record.
    std::vector<Head> live(const Past& past) {
        std::vector<Head> marks;
        auto ledger = open(past).value();
        const auto seen = [&] { marks.push_back(ledger.mark().value_or(Head{})); };
        seen();
        const auto number = ledger.start(sample_start(1)).value();
        seen();
        EXPECT_TRUE(ledger.end(number, sample_end(), kNoon));
        seen();
        EXPECT_TRUE(ledger.reported(number));
        seen();
        EXPECT_TRUE(ledger.note_time(kNoon));
        seen();
        EXPECT_TRUE(ledger.start(sample_start(2)));
        seen();
        return marks;
    }
};

// --- traces

std::string trace_of(const std::string& state, const std::string& logs) {
    const auto past = look_back(sys::Dir::open(state).value(), sys::Dir::open(logs).value());
    return past ? past->trace : past.error().what;
}

TEST(LookBack, EachThingOfAnEarlierLifeIsATrace) {
    for (const auto* left : {"logs/audit.log", "logs/audit.head", "logs/audit.log.3",
                             "state/broker/slots", "state/broker/evidence/0123",
                             "state/broker/intake-suspended.main", "state/workers/main/x"}) {
        const test::Tree tree({{"state/broker/ledger.new", "half of one"},
                               {"state/broker/accept-lost-ledger", "alice"},
                               {"state/worker/credentials/x", "of another agent, by migrate"},
                               {"logs/agent.log", "of the service manager"}});
        std::filesystem::create_directory(tree.path() + "/state/workers");
        std::filesystem::create_directory(tree.path() + "/state/broker/roots");
        ASSERT_EQ(trace_of(tree.path() + "/state", tree.path() + "/logs"), "") << "a first start";
        tree.write(left, "");
        EXPECT_NE(trace_of(tree.path() + "/state", tree.path() + "/logs"), "") << left;
    }
}

TEST(LookBack, ACloneHasAnotherDigest) {
    const test::Tree here({{"machine-id", "0123456789abcdef0123456789abcdef\n"}});
    const test::Tree there({{"machine-id", "0123456789abcdef0123456789abcdee\n"}});
    const test::Tree none({{"machine-id", "uninitialized\n"}});
    EXPECT_NE(host_digest(here), host_digest(there));
    EXPECT_NE(host_digest(here), crypto::Digest{});
    EXPECT_EQ(host_digest(none), crypto::Digest{});
    const test::Tree zeros({{"machine-id", std::string(32, '0') + "\n"}});
    EXPECT_EQ(host_digest(zeros), crypto::Digest{}) << "machine-id(5)";
    EXPECT_EQ(host_digest(test::Tree({})), crypto::Digest{});
}

TEST(LookBack, TheMarkIsInAuditHeadElseInTheNewestLineThatHasOne) {
    test::TempDir logs;
    const Head mark{41, crypto::sha256(as_bytes("head"))};
    {
        auto audit = Audit::open(logs.open()).value();
        EXPECT_FALSE(read_ledger_mark(logs.open()).value());
        // A value cannot look like a field: its quotes are escaped.
        ASSERT_TRUE(audit.event("job-started", {{"job", "x\",\"ledger_records\":7"}}));
        EXPECT_FALSE(read_ledger_mark(logs.open()).value());
        ASSERT_TRUE(audit.event("job-started", {{"number", 1},
                                                {"ledger_records", mark.lines},
                                                {"ledger_head", crypto::hex(mark.hash)}}));
        ASSERT_TRUE(audit.event("job-ended", {{"number", 1}}));
        EXPECT_EQ(read_ledger_mark(logs.open()).value(), mark);
        const Head newer{42, crypto::sha256(as_bytes("newer"))};
        audit.keep(newer);
        EXPECT_EQ(read_ledger_mark(logs.open()).value(), mark) << "with the next line";
        ASSERT_TRUE(audit.event("job-ended", {{"number", 2}}));
        EXPECT_EQ(read_ledger_mark(logs.open()).value(), newer);
        audit.keep({});
        ASSERT_TRUE(audit.event("job-ended", {{"number", 2}}));
        EXPECT_EQ(read_ledger_mark(logs.open()).value(), newer) << "nothing takes it back";
    }
    const auto saved = read_audit_head(logs.open());
    std::filesystem::resize_file(logs / "audit.head", 150);
    EXPECT_EQ(read_audit_head(logs.open()), saved);
    EXPECT_EQ(read_ledger_mark(logs.open()).value(), mark) << "torn: the log has one";
    std::filesystem::remove(logs / "audit.head");
    std::filesystem::rename(logs / "audit.log", logs / "audit.log.1");
    EXPECT_EQ(read_ledger_mark(logs.open()).value(), mark);
}

TEST(LookBack, AnAuditLogThatIsOpenedAgainKeepsTheMark) {
    test::TempDir logs;
    const Head mark{41, crypto::sha256(as_bytes("head"))};
    ASSERT_TRUE(Audit::open(logs.open(), {.ledger = mark}));
    EXPECT_EQ(read_ledger_mark(logs.open()).value(), mark);
    auto audit = Audit::open(logs.open()).value();
    ASSERT_TRUE(audit.event("agent-started", {}));
    EXPECT_EQ(read_ledger_mark(logs.open()).value(), mark);
}

// --- what a ledger is

TEST_F(PastTest, AFirstStartIsWholeAndBornWithTheFirstTrustedClock) {
    auto ledger = open({.host = kHere});
    ASSERT_OK(ledger);
    EXPECT_TRUE(ledger->opened().created);
    EXPECT_EQ(ledger->opened().lacking, "");
    EXPECT_EQ(ledger->memory(), Memory::whole);
    EXPECT_FALSE(ledger->view().birth) << "no clock was trusted yet";
    EXPECT_FALSE(ledger->view().after_loss);

    // Until then the moment of the first start by whatever the clock shows.
    const auto up = sys::read_clocks().up;
    EXPECT_EQ(ledger->view({kNoon + minutes(5), up + minutes(5)}).birth, kNoon);
    const auto right = kNoon + hours(48);
    EXPECT_EQ(ledger->view({right, up + minutes(6)}).birth, right - minutes(6)) << "it was set";
    ASSERT_TRUE(ledger->settle_birth({right, up + minutes(70)}));
    EXPECT_EQ(ledger->view().birth, right - minutes(70));
    ASSERT_TRUE(ledger->settle_birth({right + hours(9), up + minutes(71)}));
    EXPECT_EQ(ledger->view().birth, right - minutes(70)) << "once";
    ledger = fail("closed");
    EXPECT_EQ(open({.host = kHere, .trace = "audit.log"})->view().birth, right - minutes(70));
}

TEST_F(PastTest, AMissingOneBesideATraceIsLostUntilAnOperatorAcceptsIt) {
    const Past past{.host = kHere, .trace = "audit.log", .mark = Head{40, {}}};
    auto ledger = open(past);
    ASSERT_OK(ledger);
    EXPECT_TRUE(ledger->opened().created);
    EXPECT_THAT(ledger->opened().lacking, HasSubstr("audit.log"));
    EXPECT_EQ(ledger->view().memory, Memory::lost);
    EXPECT_GT(ledger->records(), 40U) << "no count is given twice";
    const auto mark = ledger->mark();
    EXPECT_EQ(ledger->start(sample_start(1)), JobNumber{41}) << "nor a job number";

    ledger = fail("closed");
    ledger = open({.host = kHere, .trace = "audit.log", .mark = mark});
    EXPECT_EQ(ledger->memory(), Memory::lost) << "a restart does not mend it";
    EXPECT_EQ(ledger->opened().lacking, "") << "and is not news";

    ASSERT_TRUE(place.open().write_atomic(kAcceptanceFile, "alice", 0600));
    EXPECT_EQ(ledger->acceptance(), "alice");
    ASSERT_TRUE(ledger->settle_birth(sys::read_clocks()));
    ASSERT_TRUE(ledger->accept_loss());
    EXPECT_FALSE(ledger->acceptance());
    EXPECT_EQ(ledger->memory(), Memory::whole);
    EXPECT_TRUE(ledger->view().after_loss);
    EXPECT_FALSE(ledger->view().birth) << "it is born anew";
    ledger = fail("closed");
    ledger = open({.host = kHere, .trace = "audit.log", .mark = mark});
    EXPECT_EQ(ledger->memory(), Memory::whole);
    EXPECT_TRUE(ledger->view().after_loss);
}

TEST_F(PastTest, OneThatWasLostIsBelievedAgainWhenItIsRestored) {
    const auto marks = live({.host = kHere});
    const auto saved = place.open().read_file("ledger", 1 << 20).value();
    ASSERT_OK(place.open().remove_file("ledger"));
    auto lost = open({.host = kHere, .trace = "audit.log", .mark = marks.back()});
    ASSERT_OK(lost);
    EXPECT_EQ(lost->memory(), Memory::lost);
    const auto mark = lost->mark();
    EXPECT_EQ(mark, marks.back()) << "what it is measured by stays";
    lost = fail("closed");
    ASSERT_OK(place.open().write_atomic("ledger", saved, 0600));
    const auto restored = open({.host = kHere, .trace = "audit.log", .mark = mark});
    ASSERT_OK(restored);
    EXPECT_EQ(restored->memory(), Memory::whole);
}

TEST_F(PastTest, ACloneHasLostItsMemory) {
    const auto marks = live({.host = kHere});
    auto clone = open({.host = kElsewhere, .trace = "audit.log", .mark = marks.back()});
    ASSERT_OK(clone);
    EXPECT_EQ(clone->memory(), Memory::lost);
    EXPECT_THAT(clone->opened().lacking, HasSubstr("machine-id"));
    ASSERT_TRUE(clone->accept_loss());
    const auto mark = clone->mark();
    clone = fail("closed");
    EXPECT_EQ(open({.host = kElsewhere, .mark = mark})->memory(), Memory::whole);
    // A host whose id is not known is not taken for another.
    EXPECT_EQ(open({.mark = mark})->memory(), Memory::whole);
}

TEST_F(PastTest, AFileOf01WasBornWithItsFirstRecord) {
    put(file_of({clock_record(1, kNoon - hours(99)), start_record(1), end_record(1)}));
    const auto ledger = open({.host = kHere, .trace = "audit.log"});
    ASSERT_OK(ledger);
    EXPECT_EQ(ledger->memory(), Memory::whole);
    EXPECT_EQ(ledger->view().birth, kNoon - hours(99));
    EXPECT_EQ(ledger->view().runs.size(), 1U);
    EXPECT_EQ(ledger->records(), 4U) << "its header";
}

// Whatever is left of a file: all of it, or what is not whole and says so.
TEST_F(PastTest, AtEveryLengthItIsWholeRolledBackOrLost) {
    const test::NoSync quick;
    const auto marks = live({.host = kHere});
    const auto whole = file();
    const auto base = marks.back().lines - whole.size() / kRecordBytes;
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        const auto records = length / kRecordBytes;
        for (const auto& mark : marks) {
            const bool cut = records + base < mark.lines;
            // The last mark at every byte, the others at the ends of records.
            if (mark != marks.back() && length % kRecordBytes > 1) continue;
            put(whole.substr(0, length));
            const auto ledger = open({.host = kHere, .trace = "audit.log", .mark = mark});
            ASSERT_OK(ledger) << length;
            const auto expected = records == 0 ? Memory::lost
                                  : cut        ? Memory::rolled_back
                                               : Memory::whole;
            ASSERT_EQ(ledger->memory(), expected) << length << " " << mark.lines;
            if (records == 0) continue;
            ASSERT_EQ(ledger->opened().torn_bytes, length % kRecordBytes);
            ASSERT_EQ(ledger->opened().lacking.empty(), !cut);
        }
    }
}

TEST_F(PastTest, OneThatIsAheadByTheLastCrashIsWholeAlsoWhenItWasRewritten) {
    const auto marks = live({.host = kHere});
    auto ledger = open({.host = kHere, .mark = marks[1]});
    EXPECT_EQ(ledger->memory(), Memory::whole);
    for (int i = 1; i < 1100; ++i) ASSERT_TRUE(ledger->note_time(kNoon + hours(i)));
    EXPECT_LT(file().size(), 200 * kRecordBytes);
    EXPECT_GT(ledger->records(), 1100U);
    ledger = fail("closed");
    EXPECT_EQ(open({.host = kHere, .mark = marks[1]})->memory(), Memory::whole);
}

TEST_F(PastTest, AnotherPastWithTheSameCountIsRolledBack) {
    const auto marks = live({.host = kHere});
    auto other = marks[2];
    other.hash[0] ^= std::byte{1};
    const auto ledger = open({.host = kHere, .mark = other});
    EXPECT_EQ(ledger->memory(), Memory::rolled_back);
    EXPECT_THAT(ledger->opened().lacking, HasSubstr("not the one"));
}

TEST_F(PastTest, RolledBackStaysSoUntilTheNewestFileIsBackOrTheLossIsAccepted) {
    const auto seen = live({.host = kHere}).back();
    const auto older = file();
    const auto marks = [&] {
        auto ledger = open({.host = kHere, .mark = seen}).value();
        EXPECT_TRUE(ledger.start(sample_start(3)));
        return ledger.mark();
    }();
    ASSERT_TRUE(marks);
    const auto newest = file();
    const Past past{.host = kHere, .trace = "audit.log", .mark = marks};

    put(older);
    for (int restart = 0; restart < 3; ++restart) {
        auto ledger = open(past);
        ASSERT_OK(ledger);
        EXPECT_EQ(ledger->view().memory, Memory::rolled_back);
        EXPECT_FALSE(ledger->mark()) << "audit.head keeps what is true";
        // It goes on growing beyond the count that the audit log has seen.
        for (int i = 1; i < 4; ++i) ASSERT_TRUE(ledger->note_time(kNoon + hours(restart * 9 + i)));
    }
    put(newest);
    EXPECT_EQ(open(past)->memory(), Memory::whole);

    put(older);
    auto ledger = open(past);
    ASSERT_TRUE(ledger->accept_loss());
    EXPECT_EQ(ledger->memory(), Memory::whole);
    ASSERT_TRUE(ledger->mark());
    EXPECT_GT(ledger->mark()->lines, marks->lines);
    EXPECT_GT(*ledger->start(sample_start(4)), JobNumber{3}) << "3 was given to another job";
    ledger = fail("closed");
    EXPECT_EQ(open(past)->memory(), Memory::whole);
}

TEST_F(PastTest, OneWhoseAgeNothingTellsIsNotBelieved) {
    live({.host = kHere});
    const auto ledger = open({.host = kHere});  // no audit.head, no audit log
    EXPECT_EQ(ledger->memory(), Memory::rolled_back);
    EXPECT_THAT(ledger->opened().lacking, HasSubstr("audit.head"));
}

TEST_F(PastTest, AnOlderVersionReadsWhatIsWrittenForIt) {
    const auto seen = live({.host = kHere}).back();
    {
        auto ledger = open({.host = kHere, .mark = seen}).value();
        ASSERT_TRUE(ledger.write_for_old_version());
    }
    crypto::Digest chain{};
    std::size_t records = 0;
    ASSERT_OK(each_record(as_bytes(file()), chain, [&](const Record& record) -> Result<> {
        EXPECT_LE(record.kind, Kind::reported);
        EXPECT_EQ(record.start.period, 0U);
        ++records;
        return {};
    }));
    EXPECT_EQ(records, 6U) << "a life of three records, an open job that was interrupted, a clock";
    const auto history = replay(file());
    ASSERT_OK(history);
    EXPECT_FALSE(history->header());
    EXPECT_EQ(history->runs().size(), 2U);
    EXPECT_EQ(history->open_jobs().size(), 1U);
}

// --- the clock

TEST_F(PastTest, TheTimeOfAStartRaisesNoFloor) {
    const auto ahead = kNoon + hours(24 * 365);
    std::optional<Head> mark;
    {
        auto ledger = Ledger::open(place.open(), ahead, {}, Past{.host = kHere}).value();
        ASSERT_TRUE(ledger.end(*ledger.start(sample_start(1, ahead)), sample_end(), ahead));
        ASSERT_TRUE(ledger.note_time({}));
        mark = ledger.mark();
    }
    const auto ledger = open({.host = kHere, .mark = mark});
    ASSERT_OK(ledger);
    EXPECT_LT(ledger->trusted_floor(), kNoon);
    EXPECT_EQ(ledger->view().runs.size(), 1U) << "what ran is known all the same";
}

}  // namespace
}  // namespace bulkhead::records
