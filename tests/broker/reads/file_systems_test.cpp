#include "broker/reads/file_systems.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/base/parse.hpp"
#include "common/sys/mounts.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

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
        std::string all;
        for (const auto row : split(value->bytes, '\n')) {
            const auto fields = words(row);
            if (fields.size() != 8 || !fields[1].starts_with(place.path())) continue;
            const auto number = [&](int i) { return *parse_number<std::uint64_t>(fields[i]); };
            all += std::string(fields[1].substr(place.path().size() + 1)) + " " +
                   std::to_string(number(2) * number(3) >> 10) + ", ";
        }
        return all + (value->complete ? "" : "...");
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

TEST(ParseMounts, TakesApartWhatTheKernelPrintsAndPassesOverTheRest) {
    const auto mounts = sys::parse_mounts(
        "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=x\n"
        "22 27 0:21 / /proc ro - proc  rw\n"
        "36 35 98:0 /mnt1 /short rw\n"
        "36 35 98:0 - /early rw - ext3\n"
        "nonsense\n"
        "27 1 254:0 / / rw,relatime - tmpfs none ro");
    ASSERT_EQ(mounts.size(), 3U);
    const auto& [id, device, at, options, type, super] = mounts[0];
    EXPECT_EQ(id, "36");
    EXPECT_EQ(device, "98:0");
    EXPECT_EQ(at, "/mnt\\0402");
    EXPECT_EQ(options, "rw,noatime");
    EXPECT_EQ(type, "ext3");
    EXPECT_EQ(super, "rw,errors=x");
    EXPECT_EQ(mounts[1].super_options, "rw") << "without a source";
    EXPECT_EQ(mounts[2].type, "tmpfs");
    EXPECT_EQ(mounts[2].super_options, "ro") << "the last line has no end";
}

TEST_F(FileSystemsTest, WhatIsLocalAndWritableIsTold) {
    EXPECT_EQ(in_own_mounts([&] {
                  mount("a b c", "tmpfs", "size=64k");
                  mount("fine", "tmpfs", "size=128k");
                  mount("fixed", "tmpfs", "size=64k", MS_RDONLY);
                  mount("kernels", "proc", "");
                  return found();
              }),
              "a\\040b\\040c 64, fine 128, ");
}

TEST_F(FileSystemsTest, APlaceWhoseNameIsOddIsSaidToBeLeftOut) {
    EXPECT_EQ(in_own_mounts([&] {
                  mount("fine", "tmpfs", "size=64k");
                  mount("back\\slash", "tmpfs", "size=64k");
                  return found();
              }),
              "fine 64, ...");
}

TEST_F(FileSystemsTest, FiguresAreThoseOfTheFileSystem) {
    EXPECT_EQ(in_own_mounts([&] {
                  mount("a", "tmpfs", "size=64k,nr_inodes=10");
                  std::ofstream(at("a/file")) << std::string(32'768, 'x');
                  const auto rows = read_file_systems(1 << 20)->bytes;
                  for (const auto row : split(rows, '\n')) {
                      const auto fields = words(row);
                      if (fields.size() != 8 || fields[1] != at("a")) continue;
                      const auto begin = static_cast<std::size_t>(fields[2].data() - row.data());
                      return std::string(row.substr(begin));
                  }
                  return std::string("not there");
              }),
              "4096 16 8 8 10 8");
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
                  Reading whole, cut, exact;
                  std::size_t size = 0;
                  // Until the disks of this machine hold still so long.
                  for (int i = 0; i < 100 && (i == 0 || exact.bytes != whole.bytes); ++i) {
                      whole = read_file_systems(1 << 20).value();
                      size = whole.bytes.size();
                      cut = read_file_systems(size - 1).value();
                      exact = read_file_systems(size).value();
                  }
                  return std::string(whole.complete && exact.complete && !cut.complete ? "" : "?") +
                         (exact.bytes == whole.bytes ? "" : "not the same") +
                         (cut.bytes.size() < size && !cut.bytes.empty() ? "cut" : "not cut");
              }),
              "cut");
}

}  // namespace
}  // namespace bulkhead::host
