// Whose states they are, by the ledger and the slots.
#include <gmock/gmock.h>

#include "broker/records/worker_states.hpp"
#include "tests/broker/records/samples.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;

struct HeirsTest : testing::Test {
    test::TempDir place;
    Ledger ledger = Ledger::open(place.open(), kNoon).value();

    JobNumber start(const std::string& backend) {
        auto job = sample_start(next_++, kNoon, hours(24));
        job.backend = BoundaryText<32>::clipped(backend);
        return ledger.start(job).value();
    }
    std::uint64_t next_ = 1;
};

TEST_F(HeirsTest, AnUnreportedJobIsItsBackendsWhetherItEndedOrNot) {
    const auto ended = start("main");
    const auto running = start("main");
    const auto others = start("fleet");
    const auto reported = start("main");
    for (const auto job : {ended, reported}) ASSERT_TRUE(ledger.end(job, sample_end(0), kNoon));
    ASSERT_TRUE(ledger.reported(reported));
    start("gone");
    const std::vector<Slot> slots{{"main", 3}, {"fleet", 0}, {"new", 1}};
    const auto heirs = heirs_of(slots, "900:800", ledger);
    ASSERT_OK(heirs);
    ASSERT_EQ(heirs->size(), 3U);
    EXPECT_EQ((*heirs)[0].backend, "main");
    EXPECT_EQ((*heirs)[0].user.uid, 903U);
    EXPECT_EQ((*heirs)[0].user.gid, 803U);
    EXPECT_THAT((*heirs)[0].jobs, testing::UnorderedElementsAre(ended, running));
    EXPECT_EQ((*heirs)[1].user.uid, 900U);
    EXPECT_THAT((*heirs)[1].jobs, ElementsAre(others));
    EXPECT_THAT((*heirs)[2].jobs, IsEmpty());
}

TEST_F(HeirsTest, AnAccountThatIsMissingIsNamed) {
    const std::vector<Slot> slots{{"main", 3}};
    const auto heirs = heirs_of(slots, "no-such-w", ledger);
    ASSERT_FALSE(heirs);
    EXPECT_THAT(heirs.error().what, testing::HasSubstr("no-such-w3"));
}

}  // namespace
}  // namespace bulkhead::records
