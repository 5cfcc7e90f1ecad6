// Filters that are attached by name, where a kernel has no link for TC: their record, their end,
// and what is told of what may still be attached.
#include "common/protocol/codec.hpp"
#include "tests/broker/artifacts/scripted_loader.hpp"

namespace bulkhead::broker {
namespace {

using protocol::ArtifactState;
using protocol::NamedFilter;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::string_view kTrouble = "artifact-still-attached";

// The record, as the broker writes it.
struct FilterFile {
    protocol::Bounded<NamedFilter, 256> filters;
    static constexpr auto fields = std::tuple{protocol::field("filters", &FilterFile::filters)};
};

struct FiltersTest : test::ScriptedTest {
    void SetUp() override {
        ScriptedTest::SetUp();
        if (IsSkipped()) return;
        auto manifest = test::manifest_of("elf", "counter", "count");
        manifest.programs[0].type = approval::ProgramType::tc_ingress;
        pin("counter", manifest);
    }
    bool is_recorded() const { return dir.open_at(Artifacts::kFilters, O_RDONLY).has_value(); }
    // With the filter of the order that waits.
    protocol::ArtifactLoaded by_name() const {
        auto loaded = one_program(BPF_PROG_TYPE_SCHED_CLS);
        const auto& frame = std::get<protocol::LoadArtifact>(order->frame);
        loaded.programs.items[0].filter = NamedFilter{.interface = test::kLoopback,
                                                      .egress = false,
                                                      .handle = frame.filter_handle,
                                                      .priority = protocol::kFilterPriority};
        return loaded;
    }
    // As many filters as an earlier broker may have left.
    void leave(std::size_t filters) const {
        FilterFile file;
        for (std::uint32_t handle = 1; handle <= filters; ++handle) {
            file.filters.items.push_back(
                {.interface = 77, .egress = false, .handle = handle, .priority = 1});
        }
        const auto frame = protocol::encode(1, 0, file).value();
        ASSERT_OK(dir.write_atomic(Artifacts::kFilters, as_text(frame.bytes), 0600));
    }
    std::string trouble() const {
        const auto standing = context->troubles.find(kTrouble);
        return standing ? standing->why.str() : "";
    }
};

TEST_F(FiltersTest, OneIsRecordedBeforeItCanBeThereAndForgottenWhenItIsGone) {
    bool recorded_before = false;
    when_ordered = [&] { recorded_before = is_recorded(); };
    begin_on_kernel(false);
    EXPECT_FALSE(recorded_before);
    ASSERT_EQ(offer("elf").decision, protocol::Decision::admitted);
    ASSERT_TRUE(until_load("elf"));
    EXPECT_TRUE(recorded_before);
    EXPECT_TRUE(answer(by_name()));
    ASSERT_THAT(list(), SizeIs(1));
    EXPECT_EQ(list()[0].state, ArtifactState::loaded);
    EXPECT_TRUE(is_recorded());
    EXPECT_TRUE(artifacts->remove("counter", "a test"));
    ASSERT_TRUE(until_ordered());
    ASSERT_THAT(to_remove(), SizeIs(1));
    EXPECT_TRUE(is_recorded());
    answer(protocol::KernelProbed{});
    EXPECT_FALSE(is_recorded());
}

TEST_F(FiltersTest, OneIsNotTakenOnAKernelThatHasLinks) {
    begin_on_kernel(true);
    ASSERT_EQ(offer("elf").decision, protocol::Decision::admitted);
    ASSERT_TRUE(until_load("elf"));
    EXPECT_FALSE(is_recorded()) << "none is expected there";
    EXPECT_FALSE(answer(by_name())) << "what it made is not taken";
    EXPECT_EQ(told.back().second, "artifact-not-as-approved");
    EXPECT_THAT(heard.back().status.detail.str(), HasSubstr("this kernel has links"));
    until_idle();
    EXPECT_EQ(list()[0].state, ArtifactState::failed);
}

TEST_F(FiltersTest, WithoutTheirRecordNoLoaderStarts) {
    begin_on_kernel(false);
    const auto in_its_way = std::string(Artifacts::kFilters);
    ASSERT_EQ(::mkdirat(dir.fd(), in_its_way.c_str(), 0700), 0);
    ASSERT_EQ(offer("elf").decision, protocol::Decision::admitted);
    until_told(1);
    EXPECT_THAT(loads, IsEmpty());
    EXPECT_EQ(told.back(), std::pair(ArtifactState::failed, std::string("loader-failed")));
    EXPECT_THAT(heard.back().status.detail.str(), HasSubstr("the record of filters"));
    EXPECT_TRUE(context->troubles.stands("artifact-failed"));
    // That none is there is seen to, and what is written later has none of it.
    ASSERT_TRUE(until_ordered());
    EXPECT_THAT(to_remove(), SizeIs(1));
    answer(protocol::KernelProbed{});
    ASSERT_EQ(::unlinkat(dir.fd(), in_its_way.c_str(), AT_REMOVEDIR), 0);
    ASSERT_EQ(offer("elf").decision, protocol::Decision::admitted);
    ASSERT_TRUE(until_load("elf"));
    EXPECT_TRUE(answer(by_name()));
    EXPECT_EQ(told.back().first, ArtifactState::loaded);
    const auto text = dir.read_file(Artifacts::kFilters, 4096).value();
    std::vector<sys::Fd> none;
    EXPECT_THAT(protocol::decode<FilterFile>(as_bytes(text), none)->filters.items, SizeIs(1));
}

TEST_F(FiltersTest, ThoseOfAnEarlierBrokerAreRemovedByTheNext) {
    leave(1);
    begin();
    ASSERT_TRUE(until_ordered());
    ASSERT_THAT(to_remove(), SizeIs(1));
    EXPECT_EQ(to_remove()[0].interface, 77U);
    answer(protocol::KernelProbed{});
    EXPECT_FALSE(is_recorded());
    EXPECT_EQ(trouble(), "");
}

TEST_F(FiltersTest, ARecordThatCannotBeReadIsTold) {
    for (const auto& text :
         {std::string(), std::string("torn"), std::string(12, '\0'), std::string(40, 'x')}) {
        ASSERT_OK(dir.write_atomic(Artifacts::kFilters, text, 0600));
        begin();
        EXPECT_THAT(trouble(), HasSubstr("filters of artifacts may be left that nobody knows"))
            << text;
        artifacts.reset();
        order.reset();
    }
}

TEST_F(FiltersTest, AllThatMayStillBeAttachedIsTold) {
    operators["artifacts.policy"] += "pins allowed   # of the test\n";
    ASSERT_OK(dir.write_atomic(Pins::kRecords, "in the place of the directory", 0600));
    leave(1);
    begin();
    EXPECT_THAT(trouble(), HasSubstr("pinned artifacts stay as they are"));
    ASSERT_TRUE(until_ordered());
    fail_load("remove", EPERM, "not permitted");
    EXPECT_THAT(trouble(), HasSubstr("filters of artifacts that ended are left"));
    EXPECT_THAT(trouble(), HasSubstr("pinned artifacts stay as they are")) << "as before";
    EXPECT_THAT(trouble(), HasSubstr("systemctl restart bulkhead"));
    EXPECT_TRUE(is_recorded()) << "for the next broker";
}

TEST_F(FiltersTest, HoweverMuchIsStillAttachedItsTextIsBounded) {
    leave(256);
    begin();
    for (int turn = 0; turn < 32; ++turn) {
        ASSERT_TRUE(until_ordered());
        ASSERT_THAT(to_remove(), SizeIs(8)) << turn;
        fail_load("remove", EPERM, "number " + std::to_string(turn) + std::string(300, 'x'));
        EXPECT_THAT(trouble(), HasSubstr("number " + std::to_string(turn))) << "the newest";
        EXPECT_THAT(trouble(), HasSubstr("systemctl restart bulkhead"));
    }
    EXPECT_THAT(trouble(), HasSubstr("and 31 more, which the log has"));
    EXPECT_THAT(trouble(), Not(HasSubstr("number 30")));
}

}  // namespace
}  // namespace bulkhead::broker
