#include "common/sys/journal.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace bulkhead::sys {

bool is_journal(int fd) {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat info {};
    if (stream == nullptr || ::fstat(fd, &info) != 0) return false;
    return stream == std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

void add_journal_field(std::string& entry, std::string_view name, std::string_view value) {
    entry.append(name) += '\n';
    auto size = static_cast<std::uint64_t>(value.size());  // 8 bytes, the lowest first
    for (int i = 0; i < 8; ++i, size >>= 8) entry += static_cast<char>(size & 0xff);
    entry.append(value) += '\n';
}

Journal::Journal(std::string path)
    : path_(std::move(path)), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

bool Journal::send(std::string_view entry) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (!socket_ || path_.size() >= sizeof address.sun_path) return false;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    const auto* to = reinterpret_cast<const sockaddr*>(&address);
    ssize_t sent = -1;
    do {
        sent = ::sendto(socket_.get(), entry.data(), entry.size(), MSG_DONTWAIT | MSG_NOSIGNAL, to,
                        sizeof address);
    } while (sent < 0 && errno == EINTR);
    return sent == static_cast<ssize_t>(entry.size());
}

}  // namespace bulkhead::sys
