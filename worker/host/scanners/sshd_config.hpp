// SshdConfig: the configuration of the OpenSSH server, read by the rules of sshd_config(5): the
// first value of a keyword counts, an Include is read where it occurs, and the values of a Match
// block override the global ones for the connections that it matches.
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

// By keyword in lower case. Only the keywords that the functions below need are kept.
using SshdValues = std::map<std::string, SshdValue, std::less<>>;

struct SshdMatch {
    std::string criteria;  // as written: "user backup"; for nested blocks "A and B"
    SshdValues values;
};

struct SshdConfig {
    SshdValues global;
    std::vector<SshdMatch> matches;
    std::vector<HostFile> unreadable;  // files, or patterns of an Include, with the reason
    std::string path;                  // of the main file; empty: this host has no sshd
    bool readable = false;             // at least one file could be read
};

// Reads the files of the rows called `name`, beginning with the first file among them called
// sshd_config. At most 128 Includes are read, nested 16 deep. Error: the broker is gone.
Result<SshdConfig> read_sshd_config(HostFiles& host, std::string_view name);

// True if sshd accepts a password, or keyboard-interactive by PAM, as the only authentication.
bool takes_passwords(const SshdValues& values);
// True if PermitRootLogin is yes, so that root may use every method that others may.
bool lets_root_in(const SshdValues& values);
// `values` overridden by `over`: what counts for the connections of a Match block.
SshdValues overlaid(SshdValues values, const SshdValues& over);

}  // namespace bulkhead::worker
