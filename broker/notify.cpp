#include "broker/notify.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "common/base/parse.hpp"

namespace bulkhead::broker {

namespace {

std::string taken(const char* name) {
    const char* value = ::getenv(name);
    std::string text = value == nullptr ? "" : value;
    ::unsetenv(name);
    return text;
}

bool is_for_us(const std::string& pid) { return pid == std::to_string(::getpid()); }

// From descriptor 3 on. Where there is not a name for each, none is known: all are closed.
Notifier::Kept taken_descriptors() {
    constexpr int kFirst = 3;
    constexpr std::size_t kMost = 4096;  // more than FileDescriptorStoreMax= of any unit of ours
    const bool ours = is_for_us(taken("LISTEN_PID"));
    const auto count = parse_number<std::size_t>(taken("LISTEN_FDS"));
    const auto text = taken("LISTEN_FDNAMES");
    const auto names = split(text, ':');
    Notifier::Kept kept;
    if (!ours || !count) return kept;
    const bool named = *count == names.size();
    for (std::size_t i = 0; i < std::min(*count, kMost); ++i) {
        const int number = kFirst + static_cast<int>(i);
        if (::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) continue;
        sys::Fd fd(number);
        if (named) kept.emplace_back(names[i], std::move(fd));
    }
    return kept;
}

}  // namespace

Notifier Notifier::from_environment() {
    Notifier notifier;
    notifier.address_ = taken("NOTIFY_SOCKET");
    const auto pid = taken("WATCHDOG_PID");
    const auto interval = parse_number<std::int64_t>(taken("WATCHDOG_USEC"));
    const bool for_us = pid.empty() || is_for_us(pid);
    if (interval && *interval > 0 && for_us) {
        notifier.watchdog_ = std::chrono::microseconds(*interval / 2);
    }
    notifier.kept_ = taken_descriptors();
    return notifier;
}

Result<> Notifier::send(std::string_view state, const sys::Fd* fd) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (address_.size() < 2 || address_.size() >= sizeof address.sun_path) return {};
    std::memcpy(address.sun_path, address_.data(), address_.size());
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
    const sys::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return sys::fail_errno("socket");
    iovec part{.iov_base = const_cast<char*>(state.data()), .iov_len = state.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (fd != nullptr) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        auto* head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        const int number = fd->get();
        std::memcpy(CMSG_DATA(head), &number, sizeof number);
    }
    const auto sent = ::sendmsg(socket.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? sys::fail_errno("notify the service manager") : Result<>{};
}

}  // namespace bulkhead::broker
