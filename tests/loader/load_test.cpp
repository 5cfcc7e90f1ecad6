// What a loader loads and where it attaches it, and what it refuses.
#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include "tests/loader/site.hpp"
#include "tests/support/scratch_cgroup.hpp"

namespace bulkhead::test {
namespace {

using approval::ProgramType;
using testing::HasSubstr;

using Load = LoaderTest;

TEST_F(Load, XdpCountsPacketsUntilItsLinkIsClosed) {
    const auto before = attached_now();
    {
        auto answer = Loader().load(example("count_packets"), {{"count", ProgramType::xdp, ""}});
        ASSERT_TRUE(answer.loaded) << answer.words();
        EXPECT_EQ(answer.status, 0);
        ASSERT_EQ(answer.loaded->programs.items.size(), 1U);
        EXPECT_TRUE(answer.loaded->programs.items[0].link);
        EXPECT_FALSE(answer.loaded->programs.items[0].filter);
        EXPECT_NE(attached_now(), before);
        send_packet();
        EXPECT_GE(count_in(*answer.loaded, "packets"), 1U);  // and an answer of ICMP
        EXPECT_EQ(count_in(*answer.loaded, "dropped"), 0U);
    }
    EXPECT_EQ(attached_now(), before);
}

}  // namespace
}  // namespace bulkhead::test
