// What systemd's descriptor store does for a service, in small: it receives notifications, keeps
// descriptors by name, and hands them to the next start (sd_notify(3), sd_listen_fds(3)).
#pragma once
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/sys/fd.hpp"

namespace bulkhead::test {

// The end of the service manager at a path or, beginning with '@', at an abstract name (unix(7)).
class NotifySocket {
  public:
    explicit NotifySocket(std::string address);
    ~NotifySocket();
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;

    struct Datagram {
        std::string text;
        sys::Fd fd;  // what came with it, if any
    };
    // The next one; nothing if none has come by then.
    std::optional<Datagram> receive(std::chrono::milliseconds longest = {});
    const std::string& address() const { return address_; }

  private:
    std::string address_;
    sys::Fd socket_;
};

class ServiceManager {
  public:
    // Listens on a socket at `path`.
    explicit ServiceManager(std::string path);
    ~ServiceManager();
    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;

    // A program that becomes the one whose words follow, with what is kept at 3 and up.
    std::vector<std::string> launcher();
    std::vector<std::string> kept() const;  // names
    void keep(const std::string& name, sys::Fd fd);
    // As after `systemctl stop`.
    void forget_all();
    // What was said, one datagram each.
    std::vector<std::string> heard() const;

  private:
    void take(NotifySocket::Datagram datagram);
    void serve();

    NotifySocket socket_;
    mutable std::mutex mutex_;
    std::multimap<std::string, sys::Fd> kept_;
    std::vector<std::string> heard_;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

}  // namespace bulkhead::test
