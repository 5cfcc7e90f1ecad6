// What the kernel offers to programs that run inside it (BPF), as far as a process without
// privileges can tell. What it cannot tell is left out: absent is unknown, not no.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "common/base/parse.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::worker {

struct BpfSupport {
    std::optional<bool> btf;                    // the kernel describes its own types
    std::map<std::string, bool> features;       // kinds of programs it could run
    std::map<std::string, bool> hooks;          // groups of events it traces
    std::map<std::string, std::string> limits;  // kernel settings, as they stand in /proc/sys
    UnixTime read_at{};
};

// `root` is /.
BpfSupport read_bpf_support(const sys::Dir& root);

}  // namespace bulkhead::worker
