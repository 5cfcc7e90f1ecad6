// The name servers of this host, by resolv.conf as it stands: those the worker may ask.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/policy/connect.hpp"
#include "common/sys/log.hpp"
#include "common/sys/loop.hpp"

namespace bulkhead::broker {

// As the C library takes it (resolv.conf(5)): three at most, and 127.0.0.1 where there is none.
// Other lines than "nameserver" are not looked at. `remarks`: what was passed over.
std::vector<policy::Address> parse_name_servers(std::string_view text,
                                                std::vector<std::string>& remarks);

// Reads resolv.conf, and again whenever it changes or is replaced, also at the end of symlinks
// (inotify(7)). No content is an error: a line that is not understood is logged once.
class NameServers {
  public:
    NameServers(sys::Loop& loop, const sys::Log& log, std::string path = "/etc/resolv.conf");
    ~NameServers();
    NameServers(const NameServers&) = delete;

    // From now on `changed` is called when the addresses have changed.
    void follow(std::function<void()> changed);
    const std::vector<policy::Address>& addresses() const { return addresses_; }
    // The inode number of the file, 0 if the path is a symlink. A process that has the file itself
    // in its view, and not its directory, keeps the old one when this number changes.
    std::uint64_t file() const { return file_; }

  private:
    void read();
    Result<> watch();
    Result<> watch_name(const std::string& path);
    void on_events();
    void look();
    void say(const std::string& remark);

    sys::Loop& loop_;
    const sys::Log& log_;
    std::string path_;
    std::function<void()> changed_;
    std::vector<policy::Address> addresses_;
    std::uint64_t file_ = 0;
    std::vector<std::string> said_;
    sys::Fd notify_;
    std::vector<std::pair<int, std::string>>
        watched_;  // a directory, and the file name in it that is of interest
    bool pending_ = false;
    sys::TimerId timer_;
};

}  // namespace bulkhead::broker
