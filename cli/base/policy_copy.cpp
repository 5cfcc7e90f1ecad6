#include "cli/base/policy_copy.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "cli/base/command.hpp"
#include "common/policy/vendor.hpp"

namespace bulkhead::cli {

Result<PolicyCopy> load_policy(const std::string& directory, const Options& options) {
    std::error_code failed;
    auto path = std::filesystem::absolute(directory, failed).lexically_normal().string();
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    struct stat info {};
    if (failed || ::stat(path.c_str(), &info) != 0) {
        return wrong("there is no policy in " + directory + "; give its directory: --policy DIR");
    }
    PolicyCopy copy{.directory = path};
    copy.is_copy = info.st_uid != 0;
    const auto vendor =
        options.value(kVendorPolicy.name, policy::vendor_directory(BULKHEAD_FROM_CLI_TO_POLICY));
    copy.vendor = TRY(or_wrong(policy::read_vendor(vendor, policy::Trust::caller)));
    const auto load = [&](policy::Trust trust) -> Result<> {
        copy.files = TRY(policy::read(path, trust));
        copy.policy = TRY(policy::merge(copy.vendor, copy.files));
        return {};
    };
    const auto strict = load(policy::Trust::root);
    if (strict) return copy;
    copy.host_would_say = strict.error().what;
    if (load(policy::Trust::caller)) return copy;
    TRY(or_wrong(load(policy::Trust::anybody)));  // a checkout of somebody else, such as in CI
    return copy;
}

}  // namespace bulkhead::cli
