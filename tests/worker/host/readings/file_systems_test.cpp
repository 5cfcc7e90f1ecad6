#include "worker/host/readings/file_systems.hpp"

#include <gmock/gmock.h>

namespace bulkhead::worker {
namespace {

using testing::ElementsAre;

std::string row(const std::string& device, const std::string& path) {
    return device + " " + path + " 4096 100 40 20 10 1\n";
}

std::vector<std::string> paths(const std::string& rows) {
    std::vector<std::string> all;
    const auto systems = parse_file_systems(rows).value();
    for (const auto& disk : systems.disks) all.push_back(disk.path);
    return all;
}

TEST(FileSystems, FiguresAreThoseOfDf) {
    const auto disk = parse_file_systems(row("8:1", "/srv")).value().disks.at(0);
    EXPECT_EQ(disk.path, "/srv");
    EXPECT_EQ(disk.total_bytes, 409'600U);
    EXPECT_EQ(disk.used_bytes, 245'760U);
    EXPECT_DOUBLE_EQ(disk.used_percent, 75);
    EXPECT_DOUBLE_EQ(disk.inodes_used_percent, 90);
}

TEST(FileSystems, EachCountsOnceByItsShortestPath) {
    EXPECT_THAT(paths(row("8:1", "/mnt/bound") + row("8:1", "/") + row("8:2", "/v\\040r") +
                      row("0:30", "/run") + row("8:1", "/mnt/b")),
                ElementsAre("/", "/run", "/v r"));
    EXPECT_THAT(paths(""), ElementsAre());
}

TEST(FileSystems, EscapesInAPlaceAreThreeOctalDigits) {
    EXPECT_THAT(paths(row("8:1", "/a\\040b\\134c\\303\\244")), ElementsAre("/a b\\c\xc3\xa4"));
    EXPECT_THAT(paths(row("8:1", "/a\\089\\0")), ElementsAre("/a\\089\\0"));
}

// A device that was judged by way of another place lacks nothing.
TEST(FileSystems, APlaceWithoutFiguresIsUnseenUnlessItsDeviceIsSeenElsewhere) {
    const auto systems =
        parse_file_systems("8:2 /fuse/b\n8:1 /fuse/a\n" + row("8:1", "/srv") + "8:3 /fuse/\\040\n")
            .value();
    EXPECT_THAT(systems.unseen, ElementsAre("/fuse/ ", "/fuse/b"));
    EXPECT_EQ(systems.disks.size(), 1U);
}

TEST(FileSystems, PlacesThatTheSettingsLeaveOutStandForNoDevice) {
    const auto rows =
        row("8:1", "/e/1") + row("8:1", "/mnt/longer") + row("8:2", "/e/2") + "8:3 /e/3\n";
    const auto systems = parse_file_systems(rows, {.include = {}, .exclude = {"/e/*"}}).value();
    ASSERT_EQ(systems.disks.size(), 1U);
    EXPECT_EQ(systems.disks[0].path, "/mnt/longer");
    EXPECT_THAT(systems.unseen, ElementsAre());
}

TEST(FileSystems, HalfARowOrAWordTooManyIsAnError) {
    for (const auto* rows : {"8:1\n", "8:1 / 1\n", "8:1 / 1 2 3 4 5\n", "8:1 / 1 2 3 4 5 6 7\n",
                             "8:1 / 1 2 3 4 5 x\n", "8:1 / 1 2 3 4 5 -6\n"}) {
        EXPECT_FALSE(parse_file_systems(rows)) << rows;
    }
}

}  // namespace
}  // namespace bulkhead::worker
