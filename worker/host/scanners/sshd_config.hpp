// The OpenSSH server's configuration as the server takes it (sshd_config(5)): the first value of a
// keyword counts, Include is followed where it stands, and what a Match block sets counts for the
// connections it matches, wherever in the file the block is.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "worker/host/readings/host_files.hpp"

namespace bulkhead::worker {

struct SshdValue {
    std::string text;
    std::string where;  // "/etc/ssh/sshd_config:12"
};

// By keyword in lower case; only those that decide who may log in and how.
using SshdValues = std::map<std::string, SshdValue, std::less<>>;

struct SshdMatch {
    std::string criteria;  // as written: "user backup"; of nested blocks both
    SshdValues values;
};

struct SshdConfig {
    SshdValues global;
    std::vector<SshdMatch> matches;
    std::vector<HostFile> unreadable;  // files, or the patterns of an Include, and why
    std::string path;                  // of the file it begins with; empty: there is no server here
    bool readable = false;             // that file; without it nothing can be said
};

// From the rows called `name`, beginning with the first file called sshd_config among them. An
// error: the broker is gone.
Result<SshdConfig> read_sshd_config(HostFiles& host, std::string_view name);

// Can somebody log in with nothing but a password?
bool takes_passwords(const SshdValues& values);
// Can root log in with whatever others log in with?
bool lets_root_in(const SshdValues& values);
// What counts for the connections of a block.
SshdValues overlaid(SshdValues values, const SshdValues& over);

}  // namespace bulkhead::worker
