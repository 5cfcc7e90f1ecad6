// A cgroup beside this process's own, for what holds the processes of one.
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

// The errno of `act` in that cgroup, 0 for success.
inline int errno_in(int cgroup, const std::function<long()>& act) {
    auto child = sandbox::Child::start(0, cgroup, [&] { ::_exit(act() < 0 ? errno : 0); });
    return WEXITSTATUS(child.value().reap().status);
}

// Where cgroup2 is mounted, and the path in it of a process.
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

// Gone with the object. Needs root and cgroup2_is_mounted().
class ScratchCgroup {
  public:
    ScratchCgroup() : path_(cgroup_of("self") + "/egress-test-" + std::to_string(::getpid())) {
        std::filesystem::create_directory(path_);
        dir_ = sys::Fd(::open(path_.c_str(), O_DIRECTORY | O_CLOEXEC));
    }
    ~ScratchCgroup() { ::rmdir(path_.c_str()); }
    ScratchCgroup(const ScratchCgroup&) = delete;
    int fd() const { return dir_.get(); }
    int in_it(const std::function<long()>& act) const { return errno_in(fd(), act); }

  private:
    std::string path_;
    sys::Fd dir_;
};

}  // namespace bulkhead::test
