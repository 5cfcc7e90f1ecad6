#include "common/admission/host_facts.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <string>

#include "common/base/text.hpp"
#include "common/policy/hidden.hpp"
#include "common/policy/near_miss.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::admission {

namespace {

std::string fault_of(const std::string& step, const struct stat& info, bool last) {
    if (info.st_uid != 0) return step + ": not owned by root";
    if (S_ISLNK(info.st_mode)) return "";  // the mode of a symlink is not used (symlink(7))
    if ((info.st_mode & 022) != 0) return step + ": writable by group or others";
    if (last && (!S_ISREG(info.st_mode) || (info.st_mode & 0111) == 0)) {
        return step + ": not an executable file";
    }
    return "";
}

std::string target_of(const std::string& link) {
    std::string target(PATH_MAX, '\0');
    const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
    target.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return target.starts_with('/') ? target : link.substr(0, link.rfind('/') + 1) + target;
}

// Checks each directory and symlink from "/" to the program, and those on the way of each symlink's
// target, because a user who can change one of them chooses what runs.
std::string fault_along(const std::string& path, int links_left) {
    for (auto end = path.find('/', 1);; end = path.find('/', end + 1)) {
        const bool last = end == path.npos;
        const auto step = path.substr(0, end);
        struct stat info {};
        if (::lstat(step.c_str(), &info) != 0) return path + ": absent";
        if (auto fault = fault_of(step, info, last); !fault.empty()) return fault;
        if (S_ISLNK(info.st_mode)) {
            if (links_left == 0) return path + ": too many symlinks";
            return fault_along(target_of(step) + (last ? "" : path.substr(end)), links_left - 1);
        }
        if (last) return "";
    }
}

InterpreterFacts look_at_one(const std::string& path) {
    constexpr int kMostLinks = 40;  // as many as the kernel follows, path_resolution(7)
    const auto fault = fault_along(path, kMostLinks);
    return {.trusted = fault.empty(), .detail = fault};
}

}  // namespace

std::string suspended_by(const std::string& directory) {
    const auto names = [&]() -> Result<std::vector<std::string>> {
        return TRY(sys::Dir::open(directory)).list();
    }();
    if (!names) return directory + " cannot be read: " + names.error().what;
    for (const auto& name : *names) {
        if (policy::meant_by(name) != policy::kJobsDisabled) continue;
        return quoted(name, 64) + " in " + directory + " suspends jobs; remove it";
    }
    return "";
}

HostFacts look_at(const policy::Policy& policy, const std::string& policy_directory) {
    HostFacts facts;
    facts.suspended_by = suspended_by(policy_directory);
    facts.intake_suspended = !facts.suspended_by.empty();
    for (const auto& [path, source] : policy.interpreters) {
        facts.interpreters.emplace(path, look_at_one(path));
    }
    for (const auto& [name, profile] : policy.profiles) {
        auto& of_profile = facts.profiles[name];
        for (const auto& [wall, source] : profile.without) {
            of_profile.remarks.push_back("without " + wall + ": " + source.reason);
        }
        const auto* calls = policy::find(policy.seccomp, profile.seccomp);
        if (calls == nullptr) continue;  // does not happen: policy::complete() has checked it
        const auto hidden = policy::hidden_from(profile, *calls);
        of_profile.remarks.insert(of_profile.remarks.end(), hidden.begin(), hidden.end());
    }
    return facts;
}

}  // namespace bulkhead::admission
