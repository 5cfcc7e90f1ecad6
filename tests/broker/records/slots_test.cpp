#include "broker/records/slots.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

struct SlotsTest : testing::Test {
    test::TempDir broker, workers;
    using Names = std::vector<std::string>;

    // As the broker does afterwards: a directory for each.
    std::vector<Slot> take(const Names& names) {
        auto slots = take_slots(broker.open(), workers.open(), names);
        EXPECT_OK(slots);
        if (!slots) return {};
        for (const auto& name : names) ::mkdir((workers / name).c_str(), 0700);
        return *slots;
    }
    std::string refusal(const Names& names) {
        const auto slots = take_slots(broker.open(), workers.open(), names);
        EXPECT_FALSE(slots);
        return slots ? "" : slots.error().what;
    }
    void remove(const std::string& name) { ASSERT_TRUE(workers.open().remove_tree(name)); }
    std::string file() const { return broker.open().read_file(kSlotsFile, 4096).value_or("none"); }
    void write(std::string_view text) const {
        ASSERT_TRUE(broker.open().write_atomic(kSlotsFile, text, 0600));
    }
};

TEST_F(SlotsTest, ABackendKeepsItsSlotInWhateverOrderTheyCome) {
    EXPECT_EQ(take({"main", "fleet"}), (std::vector<Slot>{{"main", 0}, {"fleet", 1}}));
    EXPECT_EQ(take({"fleet", "main"}), (std::vector<Slot>{{"fleet", 1}, {"main", 0}}));
    EXPECT_EQ(take({"other", "fleet"}), (std::vector<Slot>{{"other", 2}, {"fleet", 1}}));
    EXPECT_EQ(file(), "0 main\n1 fleet\n2 other\n");
}

TEST_F(SlotsTest, TheFileIsForRootAlone) {
    take({"main"});
    struct stat info {};
    ASSERT_EQ(::stat((broker / kSlotsFile).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600U);
}

TEST_F(SlotsTest, ASlotIsFreeWhenTheFilesOfItsFormerBackendAreGone) {
    take({"main", "fleet"});
    EXPECT_EQ(take({"new"}), (std::vector<Slot>{{"new", 2}}));
    remove("main");
    EXPECT_EQ(take({"newer"}), (std::vector<Slot>{{"newer", 0}}));
    EXPECT_EQ(file(), "1 fleet\n2 new\n0 newer\n");
}

TEST_F(SlotsTest, ABackendWhoseFilesAreGoneHasItsSlotStill) {
    take({"main", "fleet"});
    remove("main");
    EXPECT_EQ(take({"fleet", "main"}), (std::vector<Slot>{{"fleet", 1}, {"main", 0}}));
}

TEST_F(SlotsTest, ASeventeenthIsToldHowToMakeRoom) {
    Names names;
    for (int i = 0; i < 16; ++i) names.push_back("b" + std::to_string(i));
    EXPECT_EQ(take(names).back(), (Slot{"b15", 15}));
    const auto before = file();
    const auto why = refusal({"b3", "more"});
    EXPECT_NE(why.find("backend more: all 16 slots are taken, by b0, b1,"), why.npos) << why;
    EXPECT_NE(why.find("workers/NAME of the state directory is removed"), why.npos) << why;
    EXPECT_EQ(file(), before);
    remove("b7");
    EXPECT_EQ(take({"more"}), (std::vector<Slot>{{"more", 7}}));
}

TEST_F(SlotsTest, FilesThatHaveNoSlotAreNobodysToOverlook) {
    take({"main"});
    ASSERT_TRUE(broker.open().remove_file(kSlotsFile));
    EXPECT_NE(refusal({"fleet"}).find("workers/main has no line in broker/slots"),
              std::string::npos);
}

TEST_F(SlotsTest, WhatDoesNotReadExactlyIsNotGuessedAt) {
    for (const auto* text :
         {"0 main", "16 main\n", "00 main\n", "-1 main\n", "0 Main\n", "0 main \n", "0  main\n",
          "0\n", "\n", "0 main\n0 fleet\n", "0 main\n1 main\n", "0 ..\n", "0 main\n\n"}) {
        write(text);
        const auto why = refusal({"main"});
        EXPECT_TRUE(why.starts_with("broker/slots: ")) << text << why;
        EXPECT_NE(why.find("it holds a line for each directory of workers/"), why.npos) << why;
    }
}

TEST_F(SlotsTest, TwoWorkersNeverShareOne) {
    EXPECT_EQ(refusal({"main", "main"}), "main stands twice");
}

TEST_F(SlotsTest, WhatIsNoNameIsNoDirectory) {
    EXPECT_NE(refusal({"../x"}).find("not a backend's name"), std::string::npos);
}

TEST(SlotUser, OfNumbersIsSoManyFurther) {
    const auto user = slot_user("900:800", 15);
    ASSERT_TRUE(user);
    EXPECT_EQ(user->uid, 915U);
    EXPECT_EQ(user->gid, 815U);
}

TEST(SlotUser, OfANameIsLookedUp) {
    const auto user = slot_user("no-such-account-w", 3);
    ASSERT_FALSE(user);
    EXPECT_NE(user.error().what.find("worker slot 3"), std::string::npos);
    EXPECT_NE(user.error().what.find("no-such-account-w3"), std::string::npos);
}

TEST(SlotUser, IsNeverRoot) {
    EXPECT_FALSE(slot_user("0:0", 0));
    EXPECT_FALSE(slot_user("4294967295:1", 1));
}

}  // namespace
}  // namespace bulkhead::records
