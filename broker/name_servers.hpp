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

// Reads the file, and again whenever it changes or another takes its place, behind whatever links.
// Nothing in it is an error: what is not understood is said once.
class NameServers {
  public:
    NameServers(sys::Loop& loop, const sys::Log& log, std::string path = "/etc/resolv.conf");
    ~NameServers();
    NameServers(const NameServers&) = delete;

    // From now on called when others stand there.
    void follow(std::function<void()> changed);
    const std::vector<policy::Address>& addresses() const { return addresses_; }
    // The number of the file that stands there, 0 of a link. Who was given the file itself, and not
    // its place, goes on reading the old one when this is another.
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
        watched_;  // a directory, and the name in it that counts
    bool pending_ = false;
    sys::TimerId timer_;
};

}  // namespace bulkhead::broker
