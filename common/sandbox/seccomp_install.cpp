#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "common/sandbox/seccomp.hpp"

namespace bulkhead::sandbox {

Result<sys::Fd> to_memfd(const Filter& filter) {
    return sys::sealed_memfd("seccomp", std::as_bytes(std::span(filter)));
}

Result<Filter> from_memfd(const sys::Fd& fd) {
    const auto bytes = TRY(sys::read_from_start(fd, BPF_MAXINSNS * sizeof(sock_filter)));
    if (bytes.empty() || bytes.size() % sizeof(sock_filter) != 0) {
        return fail("seccomp program of an odd size");
    }
    Filter filter(bytes.size() / sizeof(sock_filter));
    std::memcpy(filter.data(), bytes.data(), bytes.size());
    return filter;
}

Result<> install(const Filter& filter) {
    const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                             .filter = const_cast<sock_filter*>(filter.data())};
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
        return sys::fail_errno("install seccomp filter");
    }
    return {};
}

}  // namespace bulkhead::sandbox
