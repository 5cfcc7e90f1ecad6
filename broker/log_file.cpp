#include "broker/log_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "common/sys/walk.hpp"

namespace bulkhead::broker {

Result<> log_to(const std::string& path) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
    const auto place = TRY(within("--log-file", sys::walk_to_place(path)));
    const sys::Fd file(::openat(place.dir.fd(), place.name.c_str(), kFlags | O_CLOEXEC, 0640));
    if (!file) return sys::fail_errno(path);
    TRY(sys::require_roots_file(file, path));
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
        if (::dup2(file.get(), stream) < 0) return sys::fail_errno("dup2");
    }
    return {};
}

}  // namespace bulkhead::broker
