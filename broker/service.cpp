#include "broker/service.hpp"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace bulkhead::broker {

Result<> Service::watch_signals(std::function<void()> reload, std::function<void()> stop) {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, number);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return sys::fail_errno("sigprocmask");
    signals_ = sys::Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return sys::fail_errno("signalfd");
    return loop_.watch(signals_.get(), EPOLLIN,
                       [this, reload = std::move(reload), stop = std::move(stop)](std::uint32_t) {
                           signalfd_siginfo info{};
                           while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
                               info.ssi_signo == SIGHUP ? reload() : stop();
                           }
                       });
}

void Service::feed_watchdog() {
    if (const auto interval = notifier_.watchdog()) {
        send("WATCHDOG=1");
        loop_.after(*interval, [this] { feed_watchdog(); });
    }
}

}  // namespace bulkhead::broker
