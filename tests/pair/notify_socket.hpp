// The service manager's end of sd_notify(3).
#pragma once
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <set>
#include <sstream>
#include <string>

#include "common/sys/fd.hpp"
#include "tests/pair/pair.hpp"

namespace bulkhead::test {

class NotifySocket {
  public:
    explicit NotifySocket(const std::string& path)
        : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        const auto* generic = reinterpret_cast<const sockaddr*>(&address);
        bound_ = ::bind(fd_.get(), generic, sizeof address) == 0;
    }
    bool bound() const { return bound_; }

    // Everything that has come so far, a line each.
    const std::multiset<std::string>& lines() {
        std::string packet(4096, '\0');
        for (ssize_t got; (got = ::recv(fd_.get(), packet.data(), packet.size(), 0)) > 0;) {
            std::istringstream text(packet.substr(0, static_cast<std::size_t>(got)));
            for (std::string line; std::getline(text, line);) lines_.insert(line);
        }
        return lines_;
    }
    bool wait_for(const std::string& line, std::size_t times = 1) {
        return eventually([&] { return lines().count(line) >= times; }, kPatience);
    }

  private:
    sys::Fd fd_;
    bool bound_ = false;
    std::multiset<std::string> lines_;
};

}  // namespace bulkhead::test
