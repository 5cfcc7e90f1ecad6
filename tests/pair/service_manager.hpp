// What systemd's descriptor store does for a service, in small: it receives notifications, keeps
// descriptors by name, and hands them to the next start (sd_notify(3), sd_listen_fds(3)).
#pragma once
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/sys/fd.hpp"

namespace bulkhead::test {

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
    void receive();
    void serve();

    std::string path_;
    sys::Fd socket_;
    mutable std::mutex mutex_;
    std::multimap<std::string, sys::Fd> kept_;
    std::vector<std::string> heard_;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

}  // namespace bulkhead::test
