#include "common/host/host_facts.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <memory>

namespace bulkhead::host {

namespace {

std::string fault_of(const std::string& path, bool last) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return path + ": absent";
    if (info.st_uid != 0) return path + ": not owned by root";
    if ((info.st_mode & 022) != 0) return path + ": writable by group or others";
    if (last && (!S_ISREG(info.st_mode) || (info.st_mode & 0111) == 0)) {
        return path + ": not an executable file";
    }
    return "";
}

admission::InterpreterFacts look_at_one(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                           &std::free);
    if (!real) return {.trusted = false, .detail = path + ": absent"};
    const std::string whole = real.get();
    for (auto end = whole.find('/', 1);; end = whole.find('/', end + 1)) {
        const bool last = end == whole.npos;
        const auto fault = fault_of(whole.substr(0, end), last);
        if (!fault.empty()) return {.trusted = false, .detail = fault};
        if (last) return {.trusted = true, .detail = {}};
    }
}

}  // namespace

admission::HostFacts look_at(const policy::Policy& policy, const std::string& policy_directory) {
    admission::HostFacts facts;
    facts.intake_suspended = ::access((policy_directory + "/jobs.disabled").c_str(), F_OK) == 0;
    for (const auto& [path, source] : policy.interpreters) {
        facts.interpreters.emplace(path, look_at_one(path));
    }
    return facts;
}

}  // namespace bulkhead::host
