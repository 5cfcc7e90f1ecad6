// Each loader has a cgroup of its own: what an earlier one has loaded takes none of its memory.
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "tests/broker/artifacts/artifacts_site.hpp"
#include "tests/support/scratch_cgroup.hpp"

namespace bulkhead::broker {
namespace {

using protocol::ArtifactState;
using test::manifest_of;

struct LoaderCgroupTest : test::ArtifactsTest {
    LoaderCgroupTest() { between_loads = std::chrono::seconds(0); }

    // Of this test's loaders: it is beside that of this process.
    static std::string path() {
        const auto own = test::cgroup_of("self");
        return own.substr(0, own.rfind('/')) + "/loader";
    }
    // A cgroup's number is never given to another one.
    static std::uint64_t number() {
        struct stat info {};
        return ::stat(path().c_str(), &info) == 0 ? info.st_ino : 0;
    }
    void SetUp() override {
        ArtifactsTest::SetUp();
        if (IsSkipped()) return;
        if (!tree->absent().empty()) GTEST_SKIP() << tree->absent();
        for (const char byte : {'1', '2', '3'}) {
            elves.push_back(test::example("count_packets") + byte);  // an object of its own
            auto manifest = manifest_of(elves.back(), std::string("counter-") + byte, "count");
            pin(manifest.id, manifest);
        }
        begin();
        until_idle();
    }
    void load_and_remove(std::size_t which) {
        const auto before = told.size();
        ASSERT_EQ(offer(elves[which]).decision, protocol::Decision::admitted);
        until_told(before + 1);
        EXPECT_EQ(told.back().first, ArtifactState::loaded) << recorded();
        EXPECT_TRUE(artifacts->remove("counter-" + std::to_string(which + 1), "a test"));
    }
    std::vector<std::string> elves;
};

TEST_F(LoaderCgroupTest, IsMadeAnewForEachLoader) {
    std::set<std::uint64_t> numbers{number()};
    for (std::size_t which = 0; which < elves.size(); ++which) {
        load_and_remove(which);
        EXPECT_TRUE(numbers.insert(number()).second) << "the cgroup of the loader before";
    }
    EXPECT_FALSE(numbers.contains(0));
}

// The kernel removes no cgroup that somebody is in (EBUSY).
TEST_F(LoaderCgroupTest, OneThatIsNotEmptyYetIsUsedOnceMore) {
    load_and_remove(0);
    const auto first = number();
    const sys::Fd cgroup(::open(path().c_str(), O_DIRECTORY | O_CLOEXEC));
    {
        auto straggler =
            sandbox::Child::start(0, cgroup.get(), [] { ::pause(), ::_exit(0); }).value();
        load_and_remove(1);
        EXPECT_EQ(number(), first);
        straggler.kill();
        straggler.reap();
    }
    load_and_remove(2);
    EXPECT_NE(number(), first);
}

}  // namespace
}  // namespace bulkhead::broker
