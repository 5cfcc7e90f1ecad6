#include "worker/readings/file_systems.hpp"

#include <gmock/gmock.h>

#include <bit>

#include "common/protocol/codec.hpp"
#include "common/protocol/requests.hpp"

namespace bulkhead::worker {
namespace {

using testing::ElementsAre;

protocol::FileSystem row(const std::string& device, const std::string& path) {
    struct statvfs figures {};
    figures.f_frsize = 4'096;
    figures.f_blocks = 100;
    figures.f_bfree = 40;
    figures.f_bavail = 20;
    figures.f_files = 10;
    figures.f_ffree = 1;
    return {.device = protocol::Code::clipped(device),
            .path = protocol::HostPath::clipped(path),
            .figures = std::bit_cast<decltype(protocol::FileSystem::figures)>(figures)};
}

Bytes encoded(std::vector<protocol::FileSystem> rows) {
    protocol::Encoder out;
    out.put(protocol::FileSystems{{std::move(rows)}});
    return out.bytes();
}

std::vector<std::string> paths(std::vector<protocol::FileSystem> rows) {
    std::vector<std::string> all;
    const auto systems = parse_file_systems(encoded(std::move(rows))).value();
    for (const auto& disk : systems.disks) all.push_back(disk.path);
    return all;
}

TEST(FileSystems, FiguresAreThoseOfDf) {
    const auto disk = parse_file_systems(encoded({row("8:1", "/srv")})).value().disks.at(0);
    EXPECT_EQ(disk.path, "/srv");
    EXPECT_EQ(disk.total_bytes, 409'600U);
    EXPECT_EQ(disk.used_bytes, 245'760U);
    EXPECT_DOUBLE_EQ(disk.used_percent, 75);
    EXPECT_DOUBLE_EQ(disk.inodes_used_percent, 90);
}

TEST(FileSystems, EachCountsOnceByItsShortestPath) {
    EXPECT_THAT(paths({row("8:1", "/mnt/bound"), row("8:1", "/"), row("8:2", "/var"),
                       row("0:30", "/run"), row("8:1", "/mnt/b")}),
                ElementsAre("/", "/run", "/var"));
    EXPECT_THAT(paths({}), ElementsAre());
}

TEST(FileSystems, HalfARowOrAByteTooManyIsAnError) {
    auto bytes = encoded({row("8:1", "/")});
    bytes.push_back(std::byte{});
    EXPECT_FALSE(parse_file_systems(bytes));
    bytes.resize(bytes.size() - 2);
    EXPECT_FALSE(parse_file_systems(bytes));
}

}  // namespace
}  // namespace bulkhead::worker
