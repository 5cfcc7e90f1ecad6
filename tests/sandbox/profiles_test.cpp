// Every trick inside a real job of each shipped profile, and outside of any: what the kernel
// answers is what the table in tricks/ declares.
#include <set>

#include "tests/sandbox/played.hpp"
#include "tests/support/layers.hpp"

namespace bulkhead::test {
namespace {

class Profiles : public Played {
  protected:
    void SetUp() override {
        Played::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        // A secret of the broker's that no job may find.
        start({}, {{"A_TEST_SECRET", "of the broker"}});
        ASSERT_TRUE(wait_for_heartbeats(1)) << log();
    }

    void judge(const std::string& who, const Said& said,
               std::string sandbox_test::Answers::*column) {
        for (const auto& trick : sandbox_test::tricks()) {
            const auto [alternatives, layer] = expected_of(trick, column);
            const auto found = said.find(trick.name);
            if (found == said.end()) {
                ADD_FAILURE() << who << ", " << trick.name << ": no answer";
                continue;
            }
            EXPECT_TRUE(fits(found->second, alternatives))
                << who << ", " << trick.name << ": expected " << alternatives
                << ", the kernel said " << found->second;
            if (who != "outside") {
                record_layer(layer, "job " + who, trick.name, found->second);
            }
        }
        EXPECT_EQ(said.size(), sandbox_test::tricks().size());
    }
};

TEST_F(Profiles, InspectKeepsItsPromises) {
    judge("inspect", said_in("inspect"), &sandbox_test::Answers::inspect);
}

TEST_F(Profiles, DiagnoseKeepsItsPromises) {
    judge("diagnose", said_in("diagnose"), &sandbox_test::Answers::diagnose);
}

TEST_F(Profiles, MaintainKeepsItsPromises) {
    judge("maintain", said_in("maintain"), &sandbox_test::Answers::maintain);
}

TEST_F(Profiles, AdminKeepsItsPromises) {
    judge("admin", said_in("admin"), &sandbox_test::Answers::admin);
}

// Otherwise a trick that never works would look like a wall that always holds.
TEST_F(Profiles, OutsideOfEverySandboxTheTricksWork) {
    judge("outside", said_outside(), &sandbox_test::Answers::bare);
}

TEST(Tricks, EachIsForbiddenSomewhereAndAllowedSomewhere) {
    for (const auto& trick : sandbox_test::tricks()) {
        const auto& answers = trick.answers;
        const std::set<std::string> all{answers.inspect, answers.diagnose, answers.maintain,
                                        answers.admin, answers.bare};
        if (answers.bare == "*") continue;                 // a value, not an attempt
        if (all == std::set<std::string>{"ok"}) continue;  // what every job must be able to do
        EXPECT_GT(all.size(), 1U) << trick.name << " proves nothing";
    }
}

}  // namespace
}  // namespace bulkhead::test
