#include "cli/policy_copy.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "cli/command.hpp"
#include "common/policy/load.hpp"

namespace bulkhead::cli {

Result<PolicyCopy> load_policy(const std::string& directory) {
    std::error_code failed;
    auto path = std::filesystem::absolute(directory, failed).lexically_normal().string();
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    struct stat info {};
    if (failed || ::stat(path.c_str(), &info) != 0) {
        return wrong("there is no policy in " + directory + "; give its directory: --policy DIR");
    }
    PolicyCopy copy{.policy = {}, .directory = path, .host_would_say = {}};
    copy.is_copy = info.st_uid != 0;
    auto strict = policy::load(path, policy::Trust::root);
    if (strict) {
        copy.policy = *std::move(strict);
        return copy;
    }
    copy.host_would_say = strict.error().what;
    copy.policy = TRY(or_wrong(policy::load(path, policy::Trust::caller)));
    return copy;
}

}  // namespace bulkhead::cli
