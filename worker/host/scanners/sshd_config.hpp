// SshdConfig: the configuration of the OpenSSH server, read by the rules of sshd_config(5) and
// servconf.c: the first value of a keyword counts, an Include is read where it occurs, and the
// values of Match blocks override the global ones for the connections that they match.
#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "worker/host/readings/host_files.hpp"
#include "worker/host/scanners/sshd_match.hpp"

namespace bulkhead::worker {

struct SshdValue {
    std::string text;   // in lower case where sshd does not care
    std::string where;  // "/etc/ssh/sshd_config:12"
};

// By keyword in lower case. Only the keywords that the functions below need are kept.
using SshdValues = std::map<std::string, SshdValue, std::less<>>;

struct SshdMatch {
    SshdCriteria criteria;
    SshdValues values;
};

// A line that sshd refuses, so that it would not start, or that is not understood here.
struct SshdProblem {
    std::string path;
    std::size_t line = 0;
    std::string why;
};

struct SshdConfig {
    SshdValues global;
    std::vector<SshdMatch> matches;     // in the order in which sshd meets them
    std::vector<HostFile> unreadable;   // files, or patterns of an Include, with the reason
    std::vector<SshdProblem> problems;  // in the order of the lines
    std::string path;                   // of the main file; empty: this host has no sshd
    bool readable = false;              // at least one file could be read
};

// Reads the files of the rows called `name`, beginning with /etc/ssh/sshd_config, where it is
// absent with /usr/etc/ssh/sshd_config, else with the first file among them called sshd_config.
// Error: the broker is gone.
Result<SshdConfig> read_sshd_config(HostFiles& host, std::string_view name);

// What counts for a connection of which `known` is known: of the blocks that it surely matches the
// first value of each keyword, else the global one.
SshdValues values_for(const SshdConfig& config, std::span<const SshdTest> known);

// True if sshd accepts a password, or keyboard-interactive by PAM, as the only authentication.
bool takes_passwords(const SshdValues& values);
// True if PermitRootLogin is yes, so that root may use every method that others may.
bool lets_root_in(const SshdValues& values);
// True if each list of AuthenticationMethods holds one that is turned off: sshd does not start.
bool lacks_methods(const SshdValues& values);

}  // namespace bulkhead::worker
