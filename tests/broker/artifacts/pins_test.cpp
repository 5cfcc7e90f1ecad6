#include "broker/artifacts/pins.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/broker/artifacts/own_network.hpp"
#include "tests/support/killed_at_call.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> names_in(const std::string& path) {
    if (!fs::exists(path)) return {};
    return sys::Dir::open(path).value().list().value();
}

class PinsTest : public test::OwnNetworkTest {
  protected:
    void SetUp() override {
        test::OwnNetworkTest::SetUp();
        if (IsSkipped()) return;
        if (::mount("bpf", bpffs.path().c_str(), "bpf", 0, nullptr) != 0) {
            GTEST_SKIP() << "no bpffs: " << std::strerror(errno);
        }
    }
    void TearDown() override { ::umount2(bpffs.path().c_str(), MNT_DETACH); }

    // A broker's start.
    Pins pins(const std::string& boot = "this-boot") {
        return Pins::open(state.open(), boot, bpffs.path()).value();
    }
    Held held() {
        auto program = test::load_program(BPF_PROG_TYPE_XDP, "count", XDP_PASS).value();
        auto link = test::link_program(program, BPF_XDP, 1).value();
        Held made;
        made.programs.push_back({.program = std::move(program), .link = std::move(link)});
        made.maps.push_back(test::make_map(BPF_MAP_TYPE_ARRAY, "packets", 8, 1).value());
        return made;
    }
    static PinRecord record(const Held& held, std::string_view id = "count") {
        PinRecord made{.artifact_id = protocol::JobId{BoundaryText<64>::create(id).value()},
                       .boot = BoundaryText<64>::clipped("this-boot"),
                       .loaded = 100,
                       .expires = 200,
                       .manifest = "manifest\n",
                       .signatures = "signatures",
                       .elf = std::string("elf\0elf", 7)};
        made.facts.programs.items.push_back({.name = protocol::Name::clipped("count")});
        made.facts.maps.items.push_back({.name = protocol::Name::clipped("packets")});
        made.facts = look(held, made.facts).value();
        return made;
    }
    // What a broker leaves that pinned it and was killed.
    PinRecord left_behind(std::string_view id = "count") {
        const auto objects = held();
        auto made = record(objects, id);
        EXPECT_OK(pins().pin(made, objects));
        return made;
    }
    bool attached() {
        const auto probe = test::load_program(BPF_PROG_TYPE_XDP, "probe", XDP_PASS).value();
        const auto link = test::link_program(probe, BPF_XDP, 1);
        return !link && link.error().code == EBUSY;
    }
    std::string folder() const { return bpffs / Pins::kFolder; }
    std::vector<std::string> records() const { return names_in(state / Pins::kRecords); }
    bool nothing_is_left() {
        return !attached() && records().empty() && names_in(folder()).empty();
    }

    test::TempDir bpffs;
    test::TempDir state;
};

TEST_F(PinsTest, WhatIsPinnedOutlivesItsBrokerAndIsAdopted) {
    const auto left = left_behind();
    EXPECT_TRUE(attached());
    EXPECT_THAT(names_in(folder() + "/count"), ElementsAre("link-0", "map-0", "program-0"));
    const auto found = pins().adopt();
    ASSERT_OK(found);
    EXPECT_THAT(found->others, IsEmpty());
    ASSERT_THAT(found->adopted, SizeIs(1));
    const auto& [record, held] = found->adopted[0];
    EXPECT_EQ(record.manifest, "manifest\n");
    EXPECT_EQ(record.signatures, "signatures");
    EXPECT_EQ(record.elf, left.elf);
    EXPECT_EQ(record.expires, 200U);
    EXPECT_EQ(drift(left.facts, look(held, record.facts).value()), "");
    ASSERT_OK(pins().unpin(record.artifact_id));
    EXPECT_TRUE(nothing_is_left()) << "though its descriptors are held";
}

// Or the first figure of the guard would be of all that ran before.
TEST_F(PinsTest, RunTimeBeforeTheAdoptionIsInItsFacts) {
    const auto left = left_behind();
    const auto enabled = bpf::enable_run_time().value();
    ASSERT_OK(test::run_program(bpf::get_pinned(folder() + "/count/program-0").value(), 500));
    const auto found = pins().adopt().value();
    ASSERT_THAT(found.adopted, SizeIs(1));
    EXPECT_EQ(run_count(found.adopted[0].record.facts), run_count(left.facts) + 500);
    ASSERT_OK(pins().unpin(left.artifact_id));
}

TEST_F(PinsTest, TheDirectoryIsRootsAlone) {
    left_behind();
    struct stat info {};
    ASSERT_EQ(::stat(folder().c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 0U);
    EXPECT_EQ(info.st_mode & 07777, 0700U);
}

TEST_F(PinsTest, WithoutPinsNothingIsMadeInBpffs) {
    ASSERT_OK(pins().adopt());
    ASSERT_OK(pins().unpin(protocol::JobId{BoundaryText<64>::create("count").value()}));
    EXPECT_FALSE(fs::exists(folder()));
}

TEST_F(PinsTest, AnotherFileSystemIsRefused) {
    ::umount2(bpffs.path().c_str(), MNT_DETACH);
    const auto objects = held();
    const auto pinned = pins().pin(record(objects), objects);
    ASSERT_FALSE(pinned);
    EXPECT_EQ(pinned.error().kind, Error::Kind::differs);
    EXPECT_THAT(pinned.error().what, HasSubstr("is no bpffs"));
    EXPECT_THAT(records(), IsEmpty());
}

// A bpffs that is not mounted, or not yet, does not mean that the pins are gone.
TEST_F(PinsTest, WithoutBpffsARecordStaysAndTheErrorIsTold) {
    left_behind();
    const test::TempDir elsewhere;
    const auto blind = Pins::open(state.open(), "this-boot", elsewhere.path()).value();
    EXPECT_FALSE(blind.adopt());
    EXPECT_FALSE(blind.unpin(protocol::JobId{BoundaryText<64>::create("count").value()}));
    EXPECT_THAT(records(), ElementsAre("count"));
    EXPECT_THAT(pins().adopt().value().adopted, SizeIs(1));
}

TEST_F(PinsTest, ADirectoryThatAStrangerMadeIsRefused) {
    fs::create_directory(folder());
    const auto objects = held();
    const auto refused = [&] {
        const auto pinned = pins().pin(record(objects), objects);
        return !pinned && pinned.error().kind == Error::Kind::differs && records().empty();
    };
    for (const mode_t mode : {0755, 0770, 0701, 01700}) {
        ASSERT_EQ(::chmod(folder().c_str(), mode), 0);
        EXPECT_TRUE(refused()) << std::oct << mode;
    }
    ASSERT_EQ(::chmod(folder().c_str(), 0700), 0);
    ASSERT_EQ(::chown(folder().c_str(), 1'000, 0), 0);
    EXPECT_TRUE(refused());
    ASSERT_EQ(::chown(folder().c_str(), 0, 0), 0);
    ASSERT_OK(pins().pin(record(objects), objects));
}

TEST_F(PinsTest, ABpffsInWhichOthersRenameIsRefused) {
    ASSERT_EQ(::chmod(bpffs.path().c_str(), 0777), 0);
    const auto objects = held();
    EXPECT_FALSE(pins().pin(record(objects), objects));
    ASSERT_EQ(::chmod(bpffs.path().c_str(), 01777), 0);
    EXPECT_OK(pins().pin(record(objects), objects));
}

TEST_F(PinsTest, ASymlinkInPlaceOfTheDirectoryIsRefused) {
    fs::create_directory(bpffs / "other");
    fs::create_directory_symlink(bpffs / "other", folder());
    const auto objects = held();
    EXPECT_FALSE(pins().pin(record(objects), objects));
    EXPECT_THAT(names_in(bpffs / "other"), IsEmpty());
}

TEST_F(PinsTest, AnIdThatIsPinnedIsNotPinnedAgain) {
    const auto left = left_behind();
    const auto found = pins().adopt().value();
    const auto again = pins().pin(left, found.adopted[0].held);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, EEXIST);
    EXPECT_THAT(pins().adopt().value().adopted, SizeIs(1)) << "the former is as it was";
}

TEST_F(PinsTest, AnIdThatIsNoneIsRefused) {
    const auto objects = held();
    for (const auto* id : {"", ".", "..", "../x", "a/b", "a_new"}) {
        EXPECT_FALSE(pins().pin(record(objects, id), objects)) << id;
    }
    EXPECT_THAT(records(), IsEmpty());
}

TEST_F(PinsTest, NoMoreArtifactsArePinnedThanMayBeLoaded) {
    auto objects = held();
    for (std::size_t i = 0; i < protocol::kMaxArtifacts; ++i) {
        ASSERT_OK(pins().pin(record(objects, "a" + std::to_string(i)), objects));
    }
    EXPECT_FALSE(pins().pin(record(objects, "more"), objects));
    EXPECT_THAT(records(), SizeIs(protocol::kMaxArtifacts));
    for (std::size_t i = 0; i < protocol::kMaxArtifacts; ++i) {
        ASSERT_OK(pins().unpin(record(objects, "a" + std::to_string(i)).artifact_id));
    }
}

TEST_F(PinsTest, WhatIsNotWhatWasRecordedIsNotPinned) {
    auto objects = held();
    auto other = record(objects);
    other.facts.programs.items[0].program.tag[0] ^= std::byte{1};
    EXPECT_FALSE(pins().pin(other, objects));
    EXPECT_THAT(names_in(folder()), IsEmpty());
}

TEST_F(PinsTest, AStrangersPinIsNeitherAdoptedNorRemoved) {
    left_behind("ours");
    ASSERT_TRUE(fs::create_directory(folder() + "/theirs"));
    const auto map = test::make_map(BPF_MAP_TYPE_ARRAY, "m", 8, 1).value();
    ASSERT_OK(bpf::pin(map, folder() + "/theirs/map-0"));
    ASSERT_OK(bpf::pin(map, folder() + "/evil\x1b"));
    const auto found = pins().adopt().value();
    EXPECT_THAT(found.adopted, SizeIs(1));
    ASSERT_THAT(found.others, SizeIs(2));
    for (const auto& other : found.others) EXPECT_FALSE(other.withdrawn);
    EXPECT_THAT(found.others[0].why, HasSubstr("evil\\x1b is not of this broker"));
    EXPECT_OK(pins().unpin(protocol::JobId{BoundaryText<64>::create("theirs").value()}));
    EXPECT_THAT(names_in(folder()), ElementsAre("evil\x1b", "ours", "theirs"));
    EXPECT_THAT(names_in(folder() + "/theirs"), ElementsAre("map-0"));
}

TEST_F(PinsTest, AStrangersPinOfTheSameIdIsAnErrorAndStays) {
    const auto objects = held();
    ASSERT_OK(pins().pin(record(objects, "first"), objects));
    fs::create_directory(folder() + "/count");
    const auto pinned = pins().pin(record(objects), objects);
    ASSERT_FALSE(pinned);
    EXPECT_EQ(pinned.error().code, EEXIST);
    EXPECT_THAT(names_in(folder()), ElementsAre("count", "first"));
}

// One of each kind of change to what lies in the artifact's directory.
TEST_F(PinsTest, WhatHasDriftedIsWithdrawnAndTold) {
    const auto dir = folder() + "/count/";
    const auto replace = [&](const std::string& name, const sys::Fd& by) {
        fs::remove(dir + name);
        EXPECT_OK(bpf::pin(by, dir + name));
    };
    const auto program = [] {
        return test::load_program(BPF_PROG_TYPE_XDP, "count", XDP_PASS).value();
    };
    const auto map = [] { return test::make_map(BPF_MAP_TYPE_ARRAY, "packets", 8, 1).value(); };
    const std::vector<std::pair<std::function<void()>, std::string>> changes = {
        {[&] { fs::remove(dir + "map-0"); }, "map-0: No such file or directory"},
        {[&] { fs::remove(dir + "link-0"); }, "link-0: No such file or directory"},
        {[&] { replace("program-0", program()); }, "program count: its id is "},
        {[&] { replace("program-0", map()); }, "program count: the descriptor is of no BPF"},
        {[&] { replace("link-0", program()); }, "program count: the descriptor is of no BPF link"},
        {[&] { replace("map-0", map()); }, "map packets: its id is "},
        {[&] { EXPECT_OK(bpf::pin(map(), dir + "map-1")); }, "map-1 lies among its pins"},
        {[&] { fs::create_directory(dir + "more"); }, "more lies among its pins"},
        {[&] { EXPECT_EQ(::chmod((dir + "map-0").c_str(), 0666), 0); }, "map-0 is no pin of root"},
        {[&] { EXPECT_EQ(::chown((dir + "map-0").c_str(), 1'000, 0), 0); }, "map-0 is no pin"},
        {[&] { EXPECT_OK(bpf::detach(bpf::get_pinned(dir + "link-0").value())); },
         "program count: its link is detached from interface 1, or that is gone"},
        {[&] { fs::remove_all(dir); }, "its pins are gone"},
        {[&] { fs::remove_all(folder()); }, "its pins are gone"},
        {[&] { fs::resize_file(state / "pinned/count", 9); }, ""},
        {[&] { fs::resize_file(state / "pinned/count", 0); }, ""},
    };
    for (const auto& [change, words] : changes) {
        left_behind();
        change();
        const auto found = pins().adopt();
        ASSERT_OK(found);
        EXPECT_THAT(found->adopted, IsEmpty()) << words;
        ASSERT_THAT(found->others, SizeIs(1)) << words;
        EXPECT_EQ(found->others[0].name, "count");
        EXPECT_THAT(found->others[0].why, HasSubstr(words));
        EXPECT_TRUE(found->others[0].withdrawn) << found->others[0].why;
        EXPECT_TRUE(nothing_is_left()) << words;
    }
}

TEST_F(PinsTest, ARecordOfAnotherArtifactIsNotBelieved) {
    left_behind("count");
    fs::copy_file(state / "pinned/count", state / "pinned/other");
    const auto found = pins().adopt().value();
    EXPECT_THAT(found.adopted, SizeIs(1));
    ASSERT_THAT(found.others, SizeIs(1));
    EXPECT_EQ(found.others[0].name, "other");
    EXPECT_THAT(records(), ElementsAre("count"));
}

TEST_F(PinsTest, DriftOfAPinIsSeenWhileTheBrokerRuns) {
    const auto left = left_behind();
    EXPECT_EQ(drift(left.facts, pins().look(left).value()), "");
    fs::remove(folder() + "/count/map-0");
    EXPECT_FALSE(pins().look(left));
}

TEST_F(PinsTest, ARecordOfAnEarlierBootIsRemovedAndTold) {
    left_behind();
    fs::remove_all(folder());
    const auto found = pins("next-boot").adopt().value();
    EXPECT_THAT(found.adopted, IsEmpty());
    ASSERT_THAT(found.others, SizeIs(1));
    EXPECT_TRUE(found.others[0].withdrawn);
    EXPECT_THAT(records(), IsEmpty());
}

TEST_F(PinsTest, AnotherHolderOfALinkDoesNotKeepItAttached) {
    const auto left = left_behind();
    const auto holder = bpf::get_pinned(folder() + "/count/link-0").value();
    ASSERT_OK(pins().unpin(left.artifact_id));
    EXPECT_FALSE(attached());
}

// --- A broker that is killed at each of its system calls.

TEST_F(PinsTest, ABrokerKilledWhilePinningLeavesAllOrNothing) {
    int adopted = 0, withdrawn = 0, call = 0;
    for (bool killed = true; killed; ++call) {
        killed = test::killed_at_call(call, [&] {
            const auto objects = held();
            static_cast<void>(pins().pin(record(objects), objects));
        });
        const auto found = pins().adopt();
        ASSERT_OK(found) << call;
        for (const auto& other : found->others) {
            EXPECT_TRUE(other.withdrawn) << call << other.why;
            ++withdrawn;
        }
        for (const auto& whole : found->adopted) {
            ++adopted;
            ASSERT_OK(pins().unpin(whole.record.artifact_id)) << call;
        }
        ASSERT_TRUE(nothing_is_left()) << call;
    }
    EXPECT_GT(adopted, 1);
    EXPECT_GT(withdrawn, 10);
    EXPECT_GT(call, 40);
}

TEST_F(PinsTest, ABrokerKilledWhileUnpinningLeavesNothingOrTheWhole) {
    int call = 0;
    for (bool killed = true; killed; ++call) {
        const auto left = left_behind();
        killed =
            test::killed_at_call(call, [&] { static_cast<void>(pins().unpin(left.artifact_id)); });
        const auto found = pins().adopt();
        ASSERT_OK(found) << call;
        for (const auto& whole : found->adopted) {
            EXPECT_EQ(drift(left.facts, look(whole.held, left.facts).value()), "") << call;
            ASSERT_OK(pins().unpin(whole.record.artifact_id));
        }
        for (const auto& other : found->others) EXPECT_TRUE(other.withdrawn) << call << other.why;
        ASSERT_TRUE(nothing_is_left()) << call;
    }
    EXPECT_GT(call, 20);
}

TEST_F(PinsTest, ABrokerKilledWhileAdoptingIsFollowedByOneThatEndsIt) {
    int call = 0;
    for (bool killed = true; killed; ++call) {
        left_behind("drifted");
        fs::remove(folder() + "/drifted/map-0");
        killed = test::killed_at_call(call, [&] { static_cast<void>(pins().adopt()); });
        const auto found = pins().adopt();
        ASSERT_OK(found) << call;
        EXPECT_THAT(found->adopted, IsEmpty()) << call;
        ASSERT_TRUE(nothing_is_left()) << call;
    }
    EXPECT_GT(call, 20);
}

}  // namespace
}  // namespace bulkhead::broker
