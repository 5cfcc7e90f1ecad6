#include "tests/sandbox/sandbox.hpp"

#include <filesystem>

namespace bulkhead::test {

std::string Sandbox::of_cgroup(const std::string& file) const {
    std::error_code gone;
    const auto jobs = const_cast<Sandbox*>(this)->place().cgroup() + "/jobs";
    for (const auto& entry : std::filesystem::directory_iterator(jobs, gone)) {
        if (entry.is_directory()) return contents(entry.path() / file);
    }
    return "";
}

bool Sandbox::missing(const std::string& feature) const {
    const auto started = audit("agent-started");
    if (started.empty()) return false;
    const auto list = " " + started.back()["missing"].get<std::string>() + " ";
    return list.find(" " + feature + " ") != list.npos;
}

}  // namespace bulkhead::test
