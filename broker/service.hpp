// The service manager's side of the process: signals and the watchdog.
#pragma once
#include <functional>

#include "broker/notify.hpp"
#include "common/sys/loop.hpp"

namespace bulkhead::broker {

class Service {
  public:
    Service(sys::Loop& loop, Notifier notifier) : loop_(loop), notifier_(std::move(notifier)) {}

    // `reload` is called on SIGHUP, `stop` on SIGTERM and SIGINT.
    Result<> watch_signals(std::function<void()> reload, std::function<void()> stop);
    void feed_watchdog();
    // As Notifier::send(). Where no descriptor is sent, nobody need look at the answer: the service
    // manager has its timeouts.
    Result<> send(std::string_view state, const sys::Fd* fd) const {
        return notifier_.send(state, fd);
    }
    void send(std::string_view state) const { static_cast<void>(notifier_.send(state)); }
    bool is_there() const { return notifier_.is_there(); }
    Notifier::Kept take_kept() { return notifier_.take_kept(); }

  private:
    sys::Loop& loop_;
    Notifier notifier_;
    sys::Fd signals_;
};

}  // namespace bulkhead::broker
