#include "broker/jobs/path_param.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "common/base/text.hpp"
#include "common/policy/walls.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::broker {

namespace {

Result<std::string> resolved(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                           &std::free);
    if (!real) return sys::fail_errno("cannot be resolved");
    return std::string(real.get());
}

// The path that `value` leads to. Of one that does not exist it is the value itself, where its
// directory leads to itself.
Result<std::string> destination(const std::string& value) {
    auto real = resolved(value);
    if (real || real.error().code != ENOENT) return real;
    struct stat info {};
    if (::lstat(value.c_str(), &info) == 0) return fail("is a symlink that leads nowhere");
    if (errno != ENOENT) return real;
    const auto slash = value.rfind('/');
    return TRY(resolved(value.substr(0, slash))) + value.substr(slash);
}

}  // namespace

Result<> require_beneath(const PathParam& param) {
    const auto where = "parameter " + param.name + ": " + param.value;
    const auto real = TRY(within(where, destination(param.value)));
    if (real != param.prefix && policy::lies_within(real, param.prefix)) return {};
    return fail(where + ": leads to " + quoted(real) + ", which is not beneath " + param.prefix);
}

}  // namespace bulkhead::broker
