#include "broker/reads/builtins.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <bit>
#include <filesystem>
#include <fstream>

#include "common/protocol/codec.hpp"
#include "common/protocol/requests.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

namespace fs = std::filesystem;

std::vector<protocol::FileSystem> decoded(const Value& value) {
    protocol::FileSystems all;
    std::vector<sys::Fd> none;
    protocol::Decoder decoder(value.bytes, none);
    if (!decoder.get(all) || !decoder.finish()) return {};
    return std::move(all.rows.items);
}

struct statvfs figures_of(const protocol::FileSystem& row) {
    return std::bit_cast<struct statvfs>(row.figures);
}

// Mounts of its own in a child, and what the reading makes of them: "NAME KiB, ...", the
// others of this machine left out; "..." when it is not whole.
struct FileSystemsTest : testing::Test {
    test::TempDir place;

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root: to mount";
    }
    std::string at(const std::string& name) const { return place.path() + "/" + name; }
    void mount(const std::string& name, const char* type, const std::string& data,
               unsigned long flags = 0) const {
        fs::create_directories(at(name));
        if (::mount(type, at(name).c_str(), type, flags, data.c_str()) != 0) throw name + type;
    }
    // Nobody answers for it: whoever asks it anything waits until it is killed.
    sys::Fd mount_dead(const std::string& name) const {
        sys::Fd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
        mount(name, "fuse",
              "rootmode=40000,user_id=0,group_id=0,fd=" + std::to_string(device.get()));
        return device;
    }
    std::string found(std::uint64_t max_bytes = 1 << 20) const {
        const auto value = read_file_systems(max_bytes);
        if (!value) return value.error().what;
        if (value->bytes.size() > max_bytes) return "too large";
        std::string words;
        for (const auto& row : decoded(*value)) {
            const auto& path = row.path.str();
            if (!path.starts_with(place.path())) continue;
            const auto figures = figures_of(row);
            words += path.substr(place.path().size() + 1) + " " +
                     std::to_string(figures.f_blocks * figures.f_frsize >> 10) + ", ";
        }
        return words + (value->complete ? "" : "...");
    }
    static std::string in_own_mounts(const std::function<std::string()>& act) {
        return test::forked([&]() -> std::string {
            ::alarm(20);  // only a reading that waits for a dead file system ever meets it
            if (::unshare(CLONE_NEWNS) != 0) return "unshare";
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
            return act();
        });
    }
};

TEST_F(FileSystemsTest, WhatIsLocalAndWritableIsTold) {
    EXPECT_EQ(in_own_mounts([&] {
                  mount("a b", "tmpfs", "size=64k");
                  mount("back\\slash", "tmpfs", "size=128k");
                  mount("fixed", "tmpfs", "size=64k", MS_RDONLY);
                  mount("kernels", "proc", "");
                  return found();
              }),
              "a b 64, back\\slash 128, ");
}

TEST_F(FileSystemsTest, FiguresAreThoseOfTheFileSystem) {
    EXPECT_EQ(in_own_mounts([&] {
                  mount("a", "tmpfs", "size=64k,nr_inodes=10");
                  std::ofstream(at("a/file")) << std::string(32'768, 'x');
                  for (const auto& row : decoded(*read_file_systems(1 << 20))) {
                      if (row.path.str() != at("a")) continue;
                      const auto figures = figures_of(row);
                      return std::to_string(figures.f_bfree * figures.f_frsize) + " " +
                             std::to_string(figures.f_bavail * figures.f_frsize) + " " +
                             std::to_string(figures.f_files) + " " +
                             std::to_string(figures.f_ffree);
                  }
                  return std::string("not there");
              }),
              "32768 32768 10 8");
}

TEST_F(FileSystemsTest, ADeadFileSystemIsNotWaitedForWhereverItStands) {
    if (!fs::exists("/dev/fuse")) GTEST_SKIP() << "needs FUSE";
    EXPECT_EQ(in_own_mounts([&] {
                  mount("good", "tmpfs", "size=64k");
                  mount("covered", "tmpfs", "size=64k");
                  // One lies beneath what dies later: the way to it leads through the dead one.
                  mount("beneath/it", "tmpfs", "size=64k");
                  const auto one = mount_dead("dead");
                  const auto two = mount_dead("covered");
                  const auto three = mount_dead("beneath");
                  return found();
              }),
              "good 64, ...");
}

TEST_F(FileSystemsTest, AtItsBoundTheReadingEndsAndSaysSo) {
    EXPECT_EQ(in_own_mounts([&] {
                  for (int i = 0; i < 20; ++i) mount(std::to_string(i), "tmpfs", "size=64k");
                  const auto whole = decoded(*read_file_systems(1 << 20)).size();
                  const auto cut = read_file_systems(10 * protocol::FileSystem::kMaxBytes).value();
                  return std::to_string(decoded(cut).size()) + (cut.complete ? " whole" : " cut") +
                         (whole > 20 ? "" : " too few");
              }),
              "10 cut");
}

}  // namespace
}  // namespace bulkhead::broker
