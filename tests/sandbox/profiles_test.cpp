// Every trick inside a real job of each shipped profile, and outside of any: what the kernel
// answers is what the table in tricks/ declares.
#include <set>
#include <sstream>

#include "common/base/parse.hpp"
#include "common/sandbox/landlock.hpp"
#include "tests/sandbox/sandbox.hpp"
#include "tests/support/layers.hpp"

namespace bulkhead::test {
namespace {

using sandbox_test::Trick;

struct Expected {
    std::string alternatives;
    std::string layer;
};

Expected expected_of(const Trick& trick, const std::string& answer) {
    const auto last = answer.rfind(' ');
    for (const auto* layer : {"uid", "Landlock", "view", "seccomp", "capabilities", "namespaces"}) {
        if (last != answer.npos && answer.substr(last + 1) == layer) {
            return {answer.substr(0, last), layer};
        }
    }
    return {answer, trick.layer};
}

// Of "A@5|B|C": with ABI 5 A and nothing else; below it B or C.
bool fits(const std::string& said, const std::string& alternatives, int abi) {
    if (alternatives == "*") return true;
    bool fits = false;
    for (const auto alternative : split(alternatives, '|')) {
        const auto at = alternative.find('@');
        if (at == alternative.npos) {
            fits = fits || said == alternative;
        } else if (abi >= parse_number<int>(alternative.substr(at + 1)).value_or(0)) {
            return said == alternative.substr(0, at);
        }
    }
    return fits;
}

using Said = std::map<std::string, std::string>;

Said parse(const std::string& output) {
    Said said;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        const auto tab = line.find('\t');
        if (tab != line.npos) said[line.substr(0, tab)] = line.substr(tab + 1);
    }
    return said;
}

class Profiles : public Sandbox {
  protected:
    void SetUp() override {
        Sandbox::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        for (const std::string profile : kShippedProfiles) {
            pin({.name = "tricks-of-" + profile,
                 .script = script(profile),
                 .profile = profile,
                 .timeout = kLongPatience});
        }
        // A secret of the broker's that no job may find.
        start({}, {{"A_TEST_SECRET", "of the broker"}});
        ASSERT_TRUE(wait_for_heartbeats(1)) << log();
    }

    std::string script(const std::string& profile) const { return playing("# " + profile); }
    void renew() {
        outside().renew({{"broker", std::to_string(broker().pid())},
                         {"worker", std::to_string(worker_pid())},
                         {"cgroup", place().cgroup() + "/agent"},
                         {"port", std::to_string(backend().port())}});
    }

    Said said_in(const std::string& profile) {
        renew();
        const auto id = queue({.script = script(profile)});
        const auto result = ended(id);
        EXPECT_EQ(result["outcome"], "finished") << result.dump();
        EXPECT_EQ(result["exit_code"], 0) << backend().standard_error(id);
        return parse(backend().standard_output(id));
    }
    Said said_outside() {
        renew();
        const auto file = place() / "outside";
        Program program({.words = {outside().program()}, .output = file});
        EXPECT_EQ(program.wait(kLongPatience), 0);
        return parse(contents(file));
    }

    void judge(const std::string& who, const Said& said,
               std::string sandbox_test::Answers::*column) {
        const int abi = sandbox::landlock_abi();
        for (const auto& trick : sandbox_test::tricks()) {
            const auto [alternatives, layer] = expected_of(trick, trick.answers.*column);
            const auto found = said.find(trick.name);
            if (found == said.end()) {
                ADD_FAILURE() << who << ", " << trick.name << ": no answer";
                continue;
            }
            EXPECT_TRUE(fits(found->second, alternatives, abi))
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
