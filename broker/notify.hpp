// The service manager's notification datagram, written by hand: root links no libsystemd.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/sys/fd.hpp"

namespace bulkhead::broker {

class Notifier {
  public:
    // Reads and removes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID (sd_notify(3),
    // sd_watchdog_enabled(3)); without them every call does nothing.
    static Notifier from_environment();

    // Sends "READY=1\nSTATUS=...". A failure is ignored: the service manager has its timeouts.
    void send(std::string_view state) const;
    void status(std::string_view text) const { send("STATUS=" + std::string(text)); }
    // How often "WATCHDOG=1" is due: half of what the unit asks for.
    std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

  private:
    std::string address_;
    std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace bulkhead::broker
