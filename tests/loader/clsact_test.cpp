// Filters of clsact, by which TC programs are attached before Linux 6.6. Newer kernels have it as
// well, so it is tried on each.
#include "loader/bpf/clsact.hpp"

#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <linux/bpf.h>

#include "loader/bpf/attach.hpp"
#include "loader/bpf/messages.hpp"
#include "tests/loader/site.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::test {
namespace {

class Clsact : public LoaderTest {
  protected:
    void SetUp() override {
        LoaderTest::SetUp();
        if (IsSkipped()) return;
        loader::keep_messages();
        const bpf_insn code[] = {
            {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = -1},
            {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
        LIBBPF_OPTS(bpf_prog_load_opts, options);
        program_ =
            sys::Fd(::bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "idle", "GPL", code, 2, &options));
        ASSERT_TRUE(program_);
        before_ = attached_now();
    }
    protocol::NamedFilter filter(bool egress, std::uint32_t handle) const {
        return {.interface = kLoopback,
                .egress = egress,
                .handle = handle,
                .priority = protocol::kFilterPriority};
    }
    sys::Fd program_;
    std::string before_;
};

TEST_F(Clsact, FiltersGoByNameAndTheQdiscWithTheLast) {
    ASSERT_OK(loader::add_filter(filter(false, 1), program_.get()));
    ASSERT_OK(loader::add_filter(filter(true, 2), program_.get()));
    EXPECT_THAT(attached_now(), testing::HasSubstr("clsact"));
    EXPECT_OK(loader::remove_filter(filter(false, 1)));
    EXPECT_THAT(attached_now(), testing::HasSubstr("clsact"));
    EXPECT_THAT(attached_now(), testing::HasSubstr("handle 0x2"));
    EXPECT_OK(loader::remove_filter(filter(true, 2)));
    EXPECT_EQ(attached_now(), before_);
}

TEST_F(Clsact, ANameThatIsTakenIsRefusedAndTheOtherStays) {
    ASSERT_OK(loader::add_filter(filter(false, 1), program_.get()));
    const auto with_one = attached_now();
    const auto second = loader::add_filter(filter(false, 1), program_.get());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, EEXIST) << second.error().what;
    EXPECT_EQ(attached_now(), with_one);
    EXPECT_OK(loader::remove_filter(filter(false, 1)));
    EXPECT_EQ(attached_now(), before_);
}

TEST_F(Clsact, AFilterThatCannotBeAddedLeavesNoQdisc) {
    const auto refused = loader::add_filter(filter(false, 1), -1);
    EXPECT_FALSE(refused);
    EXPECT_EQ(attached_now(), before_);
}

TEST_F(Clsact, WhatWasAttachedIsRemovedByTheEndOfItsOwner) {
    {
        ASSERT_OK(loader::add_filter(filter(true, 3), program_.get()));
        const loader::Attached attached(filter(true, 3));
        EXPECT_NE(attached_now(), before_);
    }
    EXPECT_EQ(attached_now(), before_);
}

}  // namespace
}  // namespace bulkhead::test
