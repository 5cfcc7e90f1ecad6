// Seccomp: a policy list compiled once into BPF, and a ready program installed.
#pragma once
#include <linux/filter.h>

#include <vector>

#include "common/policy/policy.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sandbox {

using Filter = std::vector<sock_filter>;

// The system call's number on this machine; nothing for a name that neither libseccomp nor we know.
// A known call that this architecture lacks has a negative number.
std::optional<int> syscall_number(std::string_view name);

// Takes some 20 ms for a list with many "not-in", so it happens when policy is loaded and never in
// a child. Another architecture's entry (32-bit, x32) is killed whatever the list says.
Result<Filter> compile(const policy::SeccompList& list);
// The same program for people to read, as libseccomp spells it.
Result<std::string> pseudo_code(const policy::SeccompList& list);

// A sealed memfd of the instructions, to hand to the worker.
Result<sys::Fd> to_memfd(const Filter& filter);
Result<Filter> from_memfd(const sys::Fd& fd);

// For the calling thread and all its children, for ever; needs no_new_privs or CAP_SYS_ADMIN.
Result<> install(const Filter& filter);

}  // namespace bulkhead::sandbox
