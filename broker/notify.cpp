#include "broker/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

}  // namespace

Notifier Notifier::from_environment() {
    Notifier notifier;
    notifier.address_ = taken("NOTIFY_SOCKET");
    const auto pid = taken("WATCHDOG_PID");
    const auto interval = parse_number<std::int64_t>(taken("WATCHDOG_USEC"));
    const bool for_us = pid.empty() || pid == std::to_string(::getpid());
    if (interval && *interval > 0 && for_us) {
        notifier.watchdog_ = std::chrono::microseconds(*interval / 2);
    }
    return notifier;
}

void Notifier::send(std::string_view state) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (address_.size() < 2 || address_.size() >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, address_.data(), address_.size());
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
    const sys::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return;
    const auto length = offsetof(sockaddr_un, sun_path) + address_.size();
    ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(length));
}

}  // namespace bulkhead::broker
