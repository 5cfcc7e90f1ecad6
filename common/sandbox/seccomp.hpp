// Seccomp (seccomp(2)): compiles a list of policy/seccomp to a BPF filter, and installs a filter.
#pragma once
#include <linux/filter.h>

#include <vector>

#include "common/policy/policy.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sandbox {

using Filter = std::vector<sock_filter>;

// The system call's number on this architecture. Nothing if neither libseccomp nor the table in
// seccomp_compile.cpp has the name. A call that this architecture lacks has a negative number.
std::optional<int> syscall_number(std::string_view name);

// A list with many "not-in" takes some 20 ms, so filters are compiled when policy is loaded, and
// not in a child. Calls by another architecture's entry (32-bit, x32) kill the process, whatever
// the list says. An error names file and line of the rule.
Result<Filter> compile(const policy::SeccompList& list);
// The same filter in libseccomp's pseudo code (seccomp_export_pfc(3)).
Result<std::string> pseudo_code(const policy::SeccompList& list);

// A sealed memfd that holds the instructions, to send to the worker, and the inverse.
Result<sys::Fd> to_memfd(const Filter& filter);
Result<Filter> from_memfd(const sys::Fd& fd);

// Adds the filter to the calling thread and its future children, for good. Needs no_new_privs or
// CAP_SYS_ADMIN.
Result<> install(const Filter& filter);

}  // namespace bulkhead::sandbox
