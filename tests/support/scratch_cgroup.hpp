// ScratchCgroup: a cgroup below that of this process, for tests of what is attached to a cgroup.
#pragma once
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "common/sandbox/child.hpp"

namespace bulkhead::test {

// Runs `act` in a child in the cgroup with this descriptor. Returns its errno, or 0 for success.
inline int errno_in(int cgroup, const std::function<long()>& act) {
    auto child = sandbox::Child::start(0, cgroup, [&] { ::_exit(act() < 0 ? errno : 0); });
    return WEXITSTATUS(child.value().reap().status);
}

// The path of the cgroup of a process (a pid, or "self"), below the mount point of cgroup2.
inline std::string cgroup_of(const std::string& process) {
    std::ifstream mounts("/proc/self/mountinfo");
    std::string place;
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream words(line);
        std::string skipped;
        words >> skipped >> skipped >> skipped >> skipped >> place;
        if (line.find(" - cgroup2 ") != line.npos) break;
    }
    std::ifstream own("/proc/" + process + "/cgroup");
    for (std::string line; std::getline(own, line);) {
        if (line.starts_with("0::")) place += line.substr(3);
    }
    return place;
}

// The destructor removes the cgroup. Needs root and cgroup2_is_mounted().
class ScratchCgroup {
  public:
    ScratchCgroup() : path_(cgroup_of("self") + "/egress-test-" + std::to_string(::getpid())) {
        std::filesystem::create_directory(path_);
        dir_ = sys::Fd(::open(path_.c_str(), O_DIRECTORY | O_CLOEXEC));
    }
    ~ScratchCgroup() { ::rmdir(path_.c_str()); }
    ScratchCgroup(const ScratchCgroup&) = delete;
    int fd() const { return dir_.get(); }
    // As a manifest names it: its absolute path below /sys/fs/cgroup.
    std::string name() const {
        return "/" + std::filesystem::path(path_).lexically_relative("/sys/fs/cgroup").string();
    }
    int in_it(const std::function<long()>& act) const { return errno_in(fd(), act); }

  private:
    std::string path_;
    sys::Fd dir_;
};

}  // namespace bulkhead::test
