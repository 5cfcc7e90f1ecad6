#include "broker/reads/file_systems.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/base/parse.hpp"
#include "common/sys/mounts.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

namespace fs = std::filesystem;
using std::string_literals::operator""s;

constexpr const char* kPlace = "/place";

std::string at(const std::string& name) { return std::string(kPlace) + "/" + name; }

void mount_at(const std::string& path, const char* type, const std::string& data = {},
              unsigned long flags = 0) {
    fs::create_directories(path);
    if (::mount(type, path.c_str(), type, flags, data.c_str()) != 0) throw "mount " + path;
}

void mount(const std::string& name, const char* type, const std::string& data,
           unsigned long flags = 0) {
    mount_at(at(name), type, data, flags);
}

// Nobody answers for it: whoever asks it anything waits until it is killed.
sys::Fd mount_dead(const std::string& name) {
    sys::Fd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
    mount(name, "fuse", "rootmode=40000,user_id=0,group_id=0,fd=" + std::to_string(device.get()));
    return device;
}

// What the reading makes of the mounts below kPlace: "NAME KiB, ..."; "..." when it is not whole.
std::string found(std::uint64_t max_bytes = 1 << 20) {
    const auto value = read_file_systems(max_bytes);
    if (!value) return value.error().what;
    if (value->bytes.size() > max_bytes) return "too large";
    std::string all;
    for (const auto row : split(value->bytes, '\n')) {
        const auto fields = words(row);
        if (fields.size() == 2 && fields[1].starts_with(at(""))) {
            all += std::string(fields[1].substr(at("").size())) + " unseen, ";
        }
        if (fields.size() != 8 || !fields[1].starts_with(at(""))) continue;
        const auto number = [&](int i) { return *parse_number<std::uint64_t>(fields[i]); };
        all += std::string(fields[1].substr(at("").size())) + " " +
               std::to_string(number(2) * number(3) >> 10) + ", ";
    }
    return all + (value->complete ? "" : "...");
}

// An empty tmpfs becomes the root of this process, with /proc and the device of FUSE: what this
// machine has mounted is not in its mountinfo any more.
void take_root(const std::string& root) {
    struct stat fuse {};
    const bool has_fuse = ::stat("/dev/fuse", &fuse) == 0;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) throw "private"s;
    mount_at(root, "tmpfs");
    mount_at(root + "/proc", "proc");
    fs::create_directories(root + "/dev");
    if (has_fuse && ::mknod((root + "/dev/fuse").c_str(), S_IFCHR | 0600, fuse.st_rdev) != 0) {
        throw "mknod"s;
    }
    fs::current_path(root);
    // The old root is put on top of the new one, as pivot_root(2) says.
    if (::syscall(SYS_pivot_root, ".", ".") != 0) throw "pivot_root"s;
    if (::umount2(".", MNT_DETACH) != 0) throw "umount2"s;
}

// In a child, whose mounts end with it.
struct FileSystemsTest : testing::Test {
    test::TempDir root;

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root: to mount";
    }
    std::string in_own_root(const std::function<std::string()>& act) const {
        return test::forked([&]() -> std::string {
            ::alarm(20);  // only a reading that waits for a dead file system ever meets it
            if (::unshare(CLONE_NEWNS) != 0) return "unshare";
            try {
                take_root(root.path());
                return act();
            } catch (const std::string& failed) {
                return failed;
            }
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
    EXPECT_EQ(in_own_root([&] {
                  mount("a b c", "tmpfs", "size=64k");
                  mount("fine", "tmpfs", "size=128k");
                  mount("fixed", "tmpfs", "size=64k", MS_RDONLY);
                  mount("kernels", "proc", "");
                  return found();
              }),
              "a\\040b\\040c 64, fine 128, ");
}

TEST_F(FileSystemsTest, APlaceWhoseNameIsOddIsFound) {
    EXPECT_EQ(in_own_root([&] {
                  mount("fine", "tmpfs", "size=64k");
                  mount("back\\slash", "tmpfs", "size=64k");
                  mount("t\ta\nb", "tmpfs", "size=64k");
                  return found();
              }),
              "back\\134slash 64, fine 64, t\\011a\\012b 64, ");
}

TEST_F(FileSystemsTest, FiguresAreThoseOfTheFileSystem) {
    EXPECT_EQ(in_own_root([&] {
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
    EXPECT_EQ(in_own_root([&] {
                  mount("good", "tmpfs", "size=64k");
                  mount("covered", "tmpfs", "size=64k");
                  // One lies beneath what dies later: the way to it leads through the dead one.
                  mount("beneath/it", "tmpfs", "size=64k");
                  const auto one = mount_dead("dead");
                  const auto two = mount_dead("covered");
                  const auto three = mount_dead("beneath");
                  return found();
              }),
              "beneath/it unseen, good 64, ");
}

// LXD and nspawn mount a boot id of the container's own, docker hides files, a chroot has a bound
// /sys with a tmpfs for control groups: no disks, and no way to them that the kernel has cached.
TEST_F(FileSystemsTest, WhatIsMountedBeneathProcfsAndSysfsIsNoDisk) {
    EXPECT_EQ(in_own_root([&] {
                  mount("fine", "tmpfs", "size=64k");
                  mount("proc", "proc", "");
                  mount("proc/fs", "tmpfs", "size=64k");
                  mount("sys", "sysfs", "");
                  mount("sys/fs/cgroup", "tmpfs", "size=64k");
                  std::ofstream(at("fine/id")) << "x\n";
                  for (const auto* file : {"/proc/sys/kernel/random/boot_id", "/proc/timer_list"}) {
                      if (!fs::exists(file)) continue;
                      if (::mount(at("fine/id").c_str(), file, nullptr, MS_BIND, nullptr) != 0) {
                          return std::string("bind");
                      }
                  }
                  const auto rows = read_file_systems(1 << 20)->bytes;
                  if (rows.find("/proc/") != rows.npos) return rows;
                  return found();
              }),
              "fine 64, ");
}

TEST_F(FileSystemsTest, AtItsBoundTheReadingEndsAndSaysSo) {
    EXPECT_EQ(in_own_root([&] {
                  for (int i = 0; i < 20; ++i) mount(std::to_string(i), "tmpfs", "size=64k");
                  const auto whole = read_file_systems(1 << 20).value();
                  const auto size = whole.bytes.size();
                  const auto cut = read_file_systems(size - 1).value();
                  const auto exact = read_file_systems(size).value();
                  return std::string(whole.complete && exact.complete && !cut.complete ? "" : "?") +
                         (exact.bytes == whole.bytes ? "" : "not the same") +
                         (cut.bytes.size() < size && !cut.bytes.empty() ? "cut" : "not cut");
              }),
              "cut");
}

}  // namespace
}  // namespace bulkhead::broker
