#include "cli/base/policy_copy.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "cli/base/command.hpp"
#include "common/policy/vendor.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::cli {

namespace {

// Merges the policy of `copy`, if need be without the files `spare`.
Result<> merge_into(PolicyCopy& copy, const std::vector<std::string>& spare) {
    auto whole = policy::merge(copy.vendor, copy.files);
    if (whole) {
        copy.policy = *std::move(whole);
        return {};
    }
    for (const auto& file : spare) {
        const auto node = copy.files.texts.extract(file);
        if (!node.empty()) copy.left_out.emplace(file, node.mapped());
    }
    auto rest = policy::merge(copy.vendor, copy.files);
    if (copy.left_out.empty() || !rest) return std::unexpected(std::move(whole).error());
    copy.policy = *std::move(rest);
    return {};
}

}  // namespace

Result<PolicyCopy> load_policy(const std::string& directory, const Options& options,
                               const std::vector<std::string>& spare) {
    std::error_code failed;
    auto path = std::filesystem::absolute(directory, failed).lexically_normal().string();
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    struct stat info {};
    if (failed || path.empty()) return wrong(directory + ": not a path");
    if (::stat(path.c_str(), &info) != 0) {
        if (errno != ENOENT) return or_wrong<PolicyCopy>(sys::fail_errno(path));
        return wrong(path + ": there is no such directory; name the one of a policy");
    }
    PolicyCopy copy{.directory = path};
    copy.is_copy = info.st_uid != 0;
    const auto vendor =
        options.value(kVendorPolicy.name, policy::vendor_directory(BULKHEAD_FROM_CLI_TO_POLICY));
    copy.vendor = TRY(or_wrong(policy::read_vendor(vendor, policy::Trust::caller)));
    const auto load = [&](policy::Trust trust) -> Result<> {
        copy.files = TRY(policy::read(path, trust));
        copy.left_out.clear();
        return merge_into(copy, spare);
    };
    const auto strict = load(policy::Trust::root);
    if (strict) return copy;
    copy.host_would_say = strict.error().what;
    if (load(policy::Trust::caller)) return copy;
    TRY(or_wrong(load(policy::Trust::anybody)));  // a checkout of somebody else, such as in CI
    return copy;
}

}  // namespace bulkhead::cli
