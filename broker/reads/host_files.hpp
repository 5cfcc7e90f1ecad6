// Opens what rows of reads.policy name. What is opened is never read here.
//
// A file is opened only where root alone decides what stands there: from / down, every directory,
// every symlink followed and the file itself belong to root and are writable by nobody else. So no
// user can put a link or another file into the way, and there is no race to win.
#pragma once
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/policy/policy.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::broker {

struct FoundFile {
    std::string path;
    std::string_view reason;  // a stable code; "ok" with a descriptor
    sys::Fd fd;
};

struct FoundFiles {
    std::vector<FoundFile> files;  // sorted by path
    bool more = false;
};

struct FileQuestion {
    std::string_view only;   // path or pattern; empty: all that the rows name
    std::string_view after;  // files up to here are left out
    std::size_t most = 0;    // files
};

// True when one of the rows names `only`, or it is empty.
bool are_listed(std::span<const policy::ReadRow> rows, std::string_view only);

FoundFiles open_host_files(std::span<const policy::ReadRow> rows, const FileQuestion& question);

}  // namespace bulkhead::broker
