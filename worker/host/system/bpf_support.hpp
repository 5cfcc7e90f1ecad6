// BpfSupport: what the kernel offers to BPF programs, as far as a process without privileges can
// read it. An absent value is unknown.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "common/base/parse.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::worker {

// A kind of program that a process with the privileges for it loaded and attached for a trial.
struct BpfTrial {
    bool works = false;
    std::string why;  // why not: the step, and the kernel's answer
};

struct BpfSupport {
    std::optional<bool> btf;                    // /sys/kernel/btf/vmlinux exists
    std::map<std::string, bool> features;       // by kind of program: "kprobe", "tracepoint", ...
    std::map<std::string, bool> hooks;          // by group of events: "syscalls", "network", ...
    std::map<std::string, std::string> limits;  // by setting: the first line of it in /proc/sys
    UnixTime read_at{};
    // By kind: "xdp", "tc-ingress", "cgroup-connect4", "lsm", ...; nullopt: nothing was tried.
    std::optional<std::map<std::string, BpfTrial, std::less<>>> trials;
};

// `root` is /. Never fails, tries nothing.
BpfSupport read_bpf_support(const sys::Dir& root);

}  // namespace bulkhead::worker
