// A file that holds an install token, emptied once the token has done its work.
#pragma once
#include <string>

#include "common/base/result.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::worker {

class InstallTokenFile {
  public:
    // Before the sandbox closes. A file that we may not write to, or that is gone, is no error
    // here: spend() will say so, for the operator to delete it.
    static InstallTokenFile open(std::string path);

    // After the credential is safely stored: the token would enroll another host.
    Result<> spend();

  private:
    InstallTokenFile(std::string path, sys::Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
    std::string path_;
    sys::Fd fd_;
};

}  // namespace bulkhead::worker
