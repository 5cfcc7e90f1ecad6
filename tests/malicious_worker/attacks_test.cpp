// The table of attacks.hpp against the real broker, which starts the attacker in the worker's
// place.
#include "tests/malicious_worker/attacks.hpp"

#include <csignal>

#include "tests/malicious_worker/site.hpp"

namespace bulkhead::test {

void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.name; }

namespace {

using Kind = Expected::Kind;

// Those that end the worker each get a broker of their own; the others share one.
bool stands_alone(const Attack& attack) {
    return attack.expected.kind != Kind::answered || attack.moment == Moment::greeting;
}

std::vector<Attack> those(bool (*wanted)(const Attack&)) {
    std::vector<Attack> some;
    for (auto& attack : all_attacks()) {
        if (wanted(attack)) some.push_back(std::move(attack));
    }
    return some;
}

class Attacks : public Site {};
class LastAttack : public Site, public testing::WithParamInterface<Attack> {
  protected:
    void start_row() {
        start("attack " + GetParam().name);
        if (GetParam().moment != Moment::draining) return;
        ASSERT_TRUE(wait_for_finding("ready"));
        broker().signal(SIGTERM);
    }
};

TEST_F(Attacks, AreAHundredAndMoreAndEachHasAName) {
    std::set<std::string> names;
    for (const auto& attack : all_attacks()) {
        EXPECT_TRUE(names.insert(attack.name).second) << attack.name << " twice";
        EXPECT_FALSE(attack.what.empty()) << attack.name;
    }
    EXPECT_GE(names.size(), 100U);
    std::printf("%zu hand-written attacks\n", names.size());
}

TEST_F(Attacks, AWorkerThatLeftItsDoorsOpenIsNotServed) {
    start("unconfined");
    ASSERT_TRUE(wait_for_audit("worker-ended"));
    ASSERT_EQ(audit("protocol-violation").size(), 1U);
    EXPECT_EQ(audit("protocol-violation")[0]["what"],
              "Hello: worker is not confined: no seccomp filter of its own");
    EXPECT_EQ(finding("greeted"), std::nullopt);
}

TEST_P(LastAttack, EndsAsItsRowSays) {
    const auto& attack = GetParam();
    const auto most_cpu = 2s * slowness();
    start_row();
    if (attack.expected.kind == Kind::answered) {
        ASSERT_TRUE(wait_for_finding("all"));
        EXPECT_EQ(finding(attack.name), attack.expected.words);
        EXPECT_TRUE(audit("protocol-violation").empty());
        return;
    }
    ASSERT_TRUE(wait_for_audit("worker-ended")) << attack.what;
    EXPECT_EQ(finding(attack.name), std::nullopt) << "it was answered";
    const auto violations = audit("protocol-violation");
    if (attack.expected.kind == Kind::closed) {
        EXPECT_TRUE(violations.empty()) << violations[0];
    } else {
        ASSERT_EQ(violations.size(), 1U);
        const auto words = violations[0]["what"].get<std::string>();
        EXPECT_NE(words.find(attack.expected.words), words.npos) << words;
        EXPECT_EQ(audit("worker-ended")[0]["signal"], SIGKILL);
    }
    if (attack.moment == Moment::draining) return;  // it ends with its last worker
    ASSERT_TRUE(broker().running());
    EXPECT_LE(vitals_of(broker().pid()).peak_bytes, kMostMemory);
    EXPECT_LT(vitals_of(broker().pid()).cpu, most_cpu);
}

INSTANTIATE_TEST_SUITE_P(, LastAttack, testing::ValuesIn(those(stands_alone)),
                         [](const auto& each) {
                             auto name = each.param.name;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

class AnsweredAttacks : public Site {
  protected:
    void judge(Moment moment) {
        std::vector<Attack> rows;
        std::string names;
        for (auto& attack : all_attacks()) {
            if (stands_alone(attack) || attack.moment != moment) continue;
            names += " " + attack.name;
            rows.push_back(std::move(attack));
        }
        start("attack" + names);
        if (moment == Moment::draining) {
            ASSERT_TRUE(wait_for_finding("ready"));
            broker().signal(SIGTERM);
        }
        ASSERT_TRUE(wait_for_finding("all"));
        for (const auto& attack : rows) {
            const auto words = finding(attack.name).value_or("nothing");
            // Not every kernel has secret memory, or huge pages to spare.
            const bool rare = attack.needs == "secret" || attack.needs == "huge-pages";
            if (words == "unavailable" && rare) {
                std::printf("%s: this kernel has no such descriptor\n", attack.name.c_str());
                continue;
            }
            EXPECT_EQ(words, attack.expected.words) << attack.name << ": " << attack.what;
        }
        EXPECT_TRUE(audit("protocol-violation").empty());
        EXPECT_EQ(audit("worker-started").size(), 1U) << "one process sent them all";
    }
};

TEST_F(AnsweredAttacks, GetTheirReasonAndLeaveNothingBehind) {
    // What prepared views hold would stand in the count of descriptors; their own test counts it.
    more_options = {"--prepared-views", "no"};
    judge(Moment::serving);
    ASSERT_TRUE(broker().running());
    const auto vitals = vitals_of(broker().pid());
    EXPECT_LE(vitals.peak_bytes, kMostMemory);
    EXPECT_LE(vitals.descriptors, 40U) << "descriptors leak";
    std::printf("broker: %zu KiB at most, %zu descriptors, %ld ms of processor time\n",
                static_cast<std::size_t>(vitals.peak_bytes / 1024), vitals.descriptors,
                static_cast<long>(vitals.cpu.count()));
}

TEST_F(AnsweredAttacks, GetTheirReasonWhileTheBrokerEnds) { judge(Moment::draining); }

}  // namespace
}  // namespace bulkhead::test
