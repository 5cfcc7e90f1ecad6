#include "worker/credentials/install_token_file.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace bulkhead::worker {

InstallTokenFile InstallTokenFile::open(std::string path) {
    if (path.empty()) return {std::move(path), sys::Fd()};
    sys::Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    return {std::move(path), std::move(fd)};
}

Result<> InstallTokenFile::spend() {
    if (path_.empty()) return {};
    if (!fd_) return fail(path_ + " holds a token that is used up; it can be deleted");
    if (::ftruncate(fd_.get(), 0) != 0) return sys::fail_errno("empty " + path_);
    if (::fsync(fd_.get()) != 0) return sys::fail_errno("fsync " + path_);
    fd_.reset();
    path_.clear();
    return {};
}

}  // namespace bulkhead::worker
