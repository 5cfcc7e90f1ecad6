#include "broker/context/intake.hpp"

#include <gtest/gtest.h>

#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

struct IntakeTest : testing::Test {
    test::TempDir place;
    sys::Dir dir = place.open();
    records::Audit audit = records::Audit::open(dir).value();
    Intake intake{place.path()};
    bool closed(std::string_view backend) { return intake.suspended(backend, audit); }
};

TEST_F(IntakeTest, OneBackendsMarkIsNoOthers) {
    ASSERT_TRUE(intake.suspend("hostile"));
    EXPECT_TRUE(closed("hostile"));
    EXPECT_FALSE(closed("honest"));
    EXPECT_TRUE(Intake(place.path()).suspended("hostile", audit)) << "it outlives the broker";
}

TEST_F(IntakeTest, TheMarkThatAnEarlierReleaseLeftIsForAll) {
    ASSERT_TRUE(dir.write_atomic("intake-suspended", "", 0600));
    EXPECT_TRUE(closed("one"));
    EXPECT_TRUE(closed("two"));
    EXPECT_TRUE(closed("a name of 0.1's")) << "of a job that goes on after a restart";
    ASSERT_TRUE(dir.remove_file("intake-suspended"));
    EXPECT_FALSE(closed("one"));
}

TEST_F(IntakeTest, ItIsOpenedByTheMarksAbsenceAndNothingElse) {
    Intake beneath(place / "intake-suspended.none" + "/beneath");
    ASSERT_TRUE(dir.write_atomic("intake-suspended.none", "", 0600));
    EXPECT_TRUE(beneath.suspended("main", audit)) << "it cannot be looked for: ENOTDIR";
    Intake nowhere(place / "none");
    EXPECT_FALSE(nowhere.suspend("main")) << "the mark cannot be written";
    EXPECT_TRUE(nowhere.suspended("main", audit)) << "it should stand";
    EXPECT_FALSE(nowhere.suspended("other", audit));
}

}  // namespace
}  // namespace bulkhead::broker
