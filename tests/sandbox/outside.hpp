// What jobs might reach outside of their sandbox: made for them to try, and gone with the object.
#pragma once
#include <string>

#include "common/sys/fd.hpp"
#include "tests/sandbox/tricks/trick.hpp"

namespace bulkhead::sandbox_test {

class Outside {
  public:
    // `root`: the installation of the agent under test.
    explicit Outside(const std::string& root);
    ~Outside();
    Outside(const Outside&) = delete;
    Outside& operator=(const Outside&) = delete;

    // In a directory where every profile may run programs.
    std::string program() const { return programs_ + "/one-trick"; }
    // What a trick may have removed is there again; `place` tells tricks about all of it.
    void renew(Place place) const;

  private:
    void furnish_yard() const;

    std::string root_;
    std::string programs_ = "/usr/local/lib/bulkhead-test-XXXXXX";
    std::string others_;  // a stranger's file in /var/tmp
    std::string yard_;    // a directory in /var/tmp with what others left, see tricks/yard.cpp
    std::string cache_;   // root's, of packages
    std::string tmp_;     // root's file in /tmp, which everybody may read
    std::string queue_;
    std::string abstract_;
    int shm_ = -1;
    sys::Fd fifo_;  // a daemon of root's reads from it
    sys::Fd on_path_;
    sys::Fd datagrams_;
    sys::Fd without_path_;
};

}  // namespace bulkhead::sandbox_test
