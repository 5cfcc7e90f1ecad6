// The service manager's notification datagram, written by hand: root links no libsystemd.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/sys/fd.hpp"

namespace bulkhead::broker {

class Notifier {
  public:
    // Reads and removes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID (sd_notify(3),
    // sd_watchdog_enabled(3)), LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES (sd_listen_fds(3));
    // without them every call does nothing. Owns the descriptors that these name.
    static Notifier from_environment();

    // Sends "READY=1\nSTATUS=...", with a duplicate of `fd` unless that is null (SCM_RIGHTS,
    // unix(7)). Does not wait: an error with code EAGAIN if the service manager does not keep up.
    // Without one it does nothing.
    Result<> send(std::string_view state, const sys::Fd* fd = nullptr) const;
    void status(std::string_view text) const {
        static_cast<void>(send("STATUS=" + std::string(text)));
    }
    // What the service manager has kept for this start, by name; once (sd_listen_fds(3)).
    using Kept = std::vector<std::pair<std::string, sys::Fd>>;
    Kept take_kept() { return std::exchange(kept_, {}); }
    // How often "WATCHDOG=1" is due: half of what the unit asks for.
    // A service manager has started this process.
    bool is_there() const { return !address_.empty(); }
    std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

  private:
    std::string address_;
    Kept kept_;
    std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace bulkhead::broker
