#include "broker/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/fd.hpp"

namespace bulkhead::broker {

Result<> log_to(const std::string& path) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
    const sys::Fd file(::open(path.c_str(), kFlags | O_CLOEXEC, 0640));
    if (!file) return sys::fail_errno(path);
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return sys::fail_errno(path);
    if (!S_ISREG(info.st_mode) || info.st_uid != 0 || (info.st_mode & 022) != 0) {
        return fail(path + ": not a regular file that only root can write");
    }
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
        if (::dup2(file.get(), stream) < 0) return sys::fail_errno("dup2");
    }
    return {};
}

}  // namespace bulkhead::broker
