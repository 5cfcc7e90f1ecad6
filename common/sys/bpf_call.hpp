// bpf(2), for which the C library has no function. Errors carry errno in `code`.
#pragma once
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/sys/fd.hpp"

namespace bulkhead::sys {

// How `union bpf_attr` and the structures of linux/bpf.h hold a pointer.
inline std::uint64_t bpf_address(const void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer);
}

// A command that returns 0.
inline Result<> bpf_call(bpf_cmd command, bpf_attr& attribute, std::string_view what) {
    return check(::syscall(SYS_bpf, command, &attribute, sizeof attribute), what);
}

// A command that returns a descriptor. The kernel makes it close-on-exec.
inline Result<Fd> bpf_open(bpf_cmd command, bpf_attr& attribute, std::string_view what) {
    Fd fd(static_cast<int>(::syscall(SYS_bpf, command, &attribute, sizeof attribute)));
    if (!fd) return fail_errno(what);
    return fd;
}

}  // namespace bulkhead::sys
