#include "tests/support/service_manager.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "common/base/parse.hpp"

namespace bulkhead::test {

NotifySocket::NotifySocket(std::string address)
    : address_(std::move(address)), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un own{};
    own.sun_family = AF_UNIX;
    const auto size = address_.copy(own.sun_path, sizeof own.sun_path - 1);
    if (own.sun_path[0] == '@') own.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), length) != 0) std::abort();
}

NotifySocket::~NotifySocket() {
    if (!address_.starts_with('@')) ::unlink(address_.c_str());
}

std::optional<NotifySocket::Datagram> NotifySocket::receive(std::chrono::milliseconds longest) {
    pollfd watched{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&watched, 1, static_cast<int>(longest.count())) <= 0) return std::nullopt;
    std::array<char, 4096> text{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec part{.iov_base = text.data(), .iov_len = text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    Datagram got{.text = {text.data(), static_cast<std::size_t>(size)}, .fd = {}};
    if (const auto* head = CMSG_FIRSTHDR(&message);
        head != nullptr && head->cmsg_type == SCM_RIGHTS) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(head), sizeof number);
        got.fd = sys::Fd(number);
    }
    return got;
}

ServiceManager::ServiceManager(std::string path) : socket_(std::move(path)) {
    thread_ = std::thread([this] { serve(); });
}

ServiceManager::~ServiceManager() {
    over_ = true;
    thread_.join();
}

// Takes what it receives under the lock, so that launcher() finds all that was sent before.
void ServiceManager::serve() {
    while (!over_) {
        {
            const std::lock_guard lock(mutex_);
            while (auto datagram = socket_.receive()) take(*std::move(datagram));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

void ServiceManager::take(NotifySocket::Datagram datagram) {
    auto& [said, fd] = datagram;
    heard_.push_back(said);
    std::map<std::string, std::string> values;
    for (const auto line : split(said, '\n')) {
        const auto sign = line.find('=');
        if (sign == line.npos) continue;
        values.emplace(line.substr(0, sign), line.substr(sign + 1));
    }
    if (values["FDSTOREREMOVE"] == "1") kept_.erase(values["FDNAME"]);
    if (values["FDSTORE"] == "1" && fd) kept_.emplace(values["FDNAME"], std::move(fd));
}

std::vector<std::string> ServiceManager::launcher() {
    const std::lock_guard lock(mutex_);
    while (auto datagram = socket_.receive()) take(*std::move(datagram));
    std::string script = "export NOTIFY_SOCKET='" + socket_.address() + "'\n";
    std::string names;
    int place = 3;
    for (const auto& [name, fd] : kept_) {
        script += "exec " + std::to_string(place++) + "</proc/" + std::to_string(::getpid()) +
                  "/fd/" + std::to_string(fd.get()) + "\n";
        names += (names.empty() ? "" : ":") + name;
    }
    if (place > 3) {
        script += "export LISTEN_PID=$$ LISTEN_FDS=" + std::to_string(place - 3) +
                  " LISTEN_FDNAMES='" + names + "'\n";
    }
    return {"/bin/bash", "-c", script + "exec \"$@\"", "service-manager"};
}

std::vector<std::string> ServiceManager::kept() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, fd] : kept_) names.push_back(name);
    return names;
}

void ServiceManager::keep(const std::string& name, sys::Fd fd) {
    const std::lock_guard lock(mutex_);
    kept_.emplace(name, std::move(fd));
}

void ServiceManager::forget_all() {
    const std::lock_guard lock(mutex_);
    kept_.clear();
}

std::vector<std::string> ServiceManager::heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
}

}  // namespace bulkhead::test
