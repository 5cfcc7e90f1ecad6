#include "worker/credentials/install_token_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

TEST(InstallTokenFile, IsEmptiedOnceItsTokenIsSpent) {
    const auto files = bulkhead::test::tree({{"token", "bit_x\n"}});
    auto file = InstallTokenFile::open(files.path() + "/token");
    EXPECT_EQ(*files.open().read_file("token", 100), "bit_x\n");
    EXPECT_TRUE(file.spend());
    EXPECT_EQ(*files.open().read_file("token", 100), "");
    EXPECT_TRUE(file.spend()) << "again, without harm";
}

TEST(InstallTokenFile, OneThatCannotBeWrittenIsNamedForTheOperator) {
    const auto files = bulkhead::test::tree({});
    auto file = InstallTokenFile::open(files.path() + "/absent");
    const auto spent = file.spend();
    ASSERT_FALSE(spent);
    EXPECT_EQ(spent.error().what,
              files.path() + "/absent holds a token that is used up; it can be deleted");
}

TEST(InstallTokenFile, NoFileIsFine) { EXPECT_TRUE(InstallTokenFile::open("").spend()); }

}  // namespace
}  // namespace bulkhead::worker
