#include "worker/backend/http/resolver.hpp"

#include <dlfcn.h>
#include <fcntl.h>

#include <cerrno>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::worker {

std::vector<std::string_view> host_services(std::string_view nsswitch) {
    std::vector<std::string_view> services;
    for (auto line : split(nsswitch, '\n')) {
        line = trimmed(line.substr(0, line.find('#')));
        if (!line.starts_with("hosts:")) continue;
        bool in_action = false;
        for (const auto word : words(line.substr(6))) {
            if (word.starts_with('[')) in_action = true;
            if (!in_action) services.push_back(word);
            if (word.ends_with(']')) in_action = false;
        }
    }
    return services;
}

Result<> load_resolver_modules() {
    const sys::Fd file(::open("/etc/nsswitch.conf", O_RDONLY | O_CLOEXEC));
    // Without the file glibc uses "files" and "dns".
    if (!file && errno == ENOENT) return {};
    if (!file) return sys::fail_errno("open /etc/nsswitch.conf");
    const auto text = TRY(within("/etc/nsswitch.conf", sys::read_to_end(file, 64_KiB)));
    for (const auto service : host_services(text)) {
        if (service == "files" || service == "dns") continue;  // part of libc since 2.34
        if (service.find('/') != service.npos) continue;
        const auto module = "libnss_" + std::string(service) + ".so.2";
        // It is never closed: the module stays loaded until the process ends.
        [[maybe_unused]] const void* const kept = ::dlopen(module.c_str(), RTLD_NOW);
    }
    return {};
}

}  // namespace bulkhead::worker
