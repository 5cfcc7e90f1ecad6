// What a host does that no longer knows what ran on it, and how its operator gets out of that.
#include <csignal>
#include <filesystem>

#include "broker/records/ledger.hpp"
#include "common/sys/clock.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

class MemoryTest : public Pair {
  protected:
    // One-shot jobs, each with a script of its own, and one that may be repeated.
    PinnedJob once(const std::string& name) {
        return {.name = name, .script = "echo " + name + " >> " + runs_of(name), .runs = "1"};
    }
    std::string runs_of(const std::string& name) { return place().scratch() + "/" + name; }
    void prepare() {
        for (const auto* name : {"first", "second", "third"}) pin(once(name));
        pin(often_);
        start_enrolled();
    }
    std::string reason(const PinnedJob& job) { return run_job({.script = job.script})["reason"]; }
    std::string reason(const std::string& name) { return reason(once(name)); }
    bool has_trouble(std::string_view code) {
        return status().contains("\"code\":\"" + std::string(code) + "\"");
    }
    std::string heard() const {
        const auto beats = heartbeats();
        return beats.empty() || !beats.back().contains("troubles")
                   ? ""
                   : beats.back()["troubles"].dump();
    }
    bool wait_until_heard(std::string_view code, bool stands) {
        return eventually(
            [&] { return heard().contains(code) == stands && wait_for_heartbeats(1); }, kPatience);
    }
    // As the operator does it; the next heartbeat takes it.
    void accept() {
        const auto asked = run({BULKHEAD_CLI, "accept-lost-ledger", "--state", place() / "state",
                                "--reason", "the disk was replaced"});
        EXPECT_EQ(asked.code, 0) << asked.output;
        EXPECT_TRUE(wait_for_audit("ledger-accepted"));
    }
    void accept_nothing() {
        place().write("state/broker/accept-lost-ledger", "for a later loss");
        EXPECT_TRUE(wait_for_log("nothing is lost"));
        EXPECT_FALSE(place().exists("state/broker/accept-lost-ledger"));
    }
    void expect_recovered(std::string_view code) {
        accept();
        EXPECT_TRUE(last_audit("ledger-accepted")["asked"].dump().contains("the disk was"));
        EXPECT_EQ(last_audit("ledger-accepted")["was"], code);
        EXPECT_EQ(reason("second"), "before-birth");
        EXPECT_FALSE(place().exists("state/broker/accept-lost-ledger")) << "taken";
        EXPECT_EQ(reason(often_), "ok");
        EXPECT_TRUE(wait_until_heard(code, false));
        auto fresh = once("fresh");
        fresh.not_before = format_utc(sys::now() + 1s);
        pin(fresh);
        reload();
        const auto later = sys::now() + 2s;
        ASSERT_TRUE(eventually([&] { return sys::now() >= later; }, kPatience));
        EXPECT_EQ(reason(fresh), "before-birth") << "it may have run early: see admit_test.cpp";
        EXPECT_EQ(lines_in_scratch("first"), 1U);
        EXPECT_EQ(lines_in_scratch("second"), 0U);
    }

    const PinnedJob often_{.name = "often", .script = "echo often\n"};
};

// Quickstart; and an image with a job that every host of it runs once.
TEST_F(MemoryTest, AFirstStartRunsWhatIsPinnedOnce) {
    prepare();
    EXPECT_EQ(reason("first"), "ok");
    EXPECT_EQ(reason("first"), "job-already-run");
    EXPECT_EQ(audit("ledger-created").size(), 1U);
    EXPECT_TRUE(audit("ledger-lost").empty());
    EXPECT_FALSE(status().contains("ledger-"));
    const auto started = last_audit("job-started");
    EXPECT_GT(started["ledger_records"], 2);
    EXPECT_EQ(started["ledger_head"].get<std::string>().size(), 64U);
    stop();
    start();
    EXPECT_EQ(reason("first"), "job-already-run");
    EXPECT_EQ(reason("second"), "ok");
    EXPECT_TRUE(audit("ledger-rolled-back").empty());
    EXPECT_TRUE(backend().alerts().empty());
}

TEST_F(MemoryTest, ALedgerThatIsGoneStartsNoOneShotUntilThatIsAccepted) {
    prepare();
    EXPECT_EQ(reason("first"), "ok");
    stop();
    place().remove("state/broker/ledger");
    start();
    EXPECT_EQ(reason("first"), "ledger-lost");
    EXPECT_EQ(reason("second"), "ledger-lost");
    EXPECT_EQ(reason(often_), "ok");
    EXPECT_EQ(audit("ledger-lost").size(), 1U);
    EXPECT_TRUE(has_trouble("ledger-lost"));
    EXPECT_TRUE(wait_until_heard("ledger-lost", true));
    stop();
    start();
    EXPECT_EQ(reason("third"), "ledger-lost") << "a restart does not mend it";
    EXPECT_EQ(audit("ledger-lost").size(), 2U) << "each start says it";
    expect_recovered("ledger-lost");
}

TEST_F(MemoryTest, TheWholeStateGoneBesideTheAuditLogIsALoss) {
    prepare();
    EXPECT_EQ(reason("first"), "ok");
    stop();
    place().remove("state");
    start();
    EXPECT_EQ(reason("first"), "ledger-lost");
}

// A backup of the state alone is restored: the audit log knows that it is older.
TEST_F(MemoryTest, AnOlderLedgerStartsNothingUntilThatIsAccepted) {
    prepare();
    EXPECT_EQ(reason(often_), "ok");
    stop();
    const auto older = place().read("state/broker/ledger");
    start();
    EXPECT_EQ(reason("first"), "ok");
    EXPECT_TRUE(wait_for_heartbeats(2));  // the second is of a time after the job
    stop();
    const auto newest = place().read("state/broker/ledger");
    place().write("state/broker/ledger", older);
    start();
    EXPECT_EQ(reason("first"), "ledger-rolled-back");
    EXPECT_EQ(reason(often_), "ledger-rolled-back");
    EXPECT_TRUE(has_trouble("ledger-rolled-back"));
    EXPECT_TRUE(wait_until_heard("ledger-rolled-back", true));
    EXPECT_FALSE(backend().alerts().empty()) << "the backend remembers, too";
    stop();
    place().write("state/broker/ledger", newest);
    start();
    EXPECT_EQ(reason("first"), "job-already-run") << "what is restored is believed";
    stop();
    place().write("state/broker/ledger", older);
    place().remove("log/audit.head");
    start();
    EXPECT_EQ(reason("second"), "ledger-rolled-back") << "the log's lines tell it as well";
    expect_recovered("ledger-rolled-back");
}

TEST_F(MemoryTest, ACloneOfAHostHasLostItsMemory) {
    prepare();
    EXPECT_EQ(reason("first"), "ok");
    stop();
    {
        // As another machine left it in the image.
        const auto dir = sys::Dir::open(place() / "state/broker").value();
        records::Past past{.host = crypto::sha256(as_bytes("another machine"))};
        past.mark = records::read_ledger_mark(sys::Dir::open(place() / "log").value()).value();
        auto ledger = records::Ledger::open(dir, sys::now(), {}, past).value();
        ASSERT_OK(ledger.accept_loss());
    }
    start();
    EXPECT_EQ(reason("second"), "ledger-lost");
    EXPECT_TRUE(last_audit("ledger-lost")["why"].dump().contains("another machine"));
}

TEST_F(MemoryTest, AnAcceptanceWithoutALossIsDropped) {
    prepare();
    accept_nothing();
    stop();
    place().remove("state/broker/ledger");
    place().write("state/broker/accept-lost-ledger", "before anybody knew");
    start();
    EXPECT_EQ(reason("second"), "ledger-lost");
    EXPECT_TRUE(audit("ledger-accepted").empty());
}

}  // namespace
}  // namespace bulkhead::test
