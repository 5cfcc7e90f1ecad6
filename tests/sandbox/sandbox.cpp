#include "tests/sandbox/sandbox.hpp"

#include <filesystem>

#include "tests/support/files.hpp"

namespace bulkhead::test {

// Without a pids controller processes are counted by user: jobs of other tests, which are nobody's,
// must not be counted with ours. Every Debian has the accounts.
void Sandbox::use_own_account() {
    const std::pair<std::string, std::string> accounts[] = {
        {"inspect", "games"}, {"maintain", "games"}, {"diagnose", "list"}};
    for (const auto& [profile, account] : accounts) {
        const auto file = "policy/profiles/" + profile + ".profile";
        auto text = place().read(file);
        for (const std::string line : {"user nobody ", "group nogroup "}) {
            const auto at = text.find(line);
            ASSERT_NE(at, text.npos) << file;
            text.replace(at, line.size(), line.substr(0, line.find(' ') + 1) + account + " ");
        }
        place().write(file, text);
    }
}

std::string Sandbox::of_cgroup(const std::string& file) const {
    std::error_code gone;
    const auto jobs = const_cast<Sandbox*>(this)->place().cgroup() + "/jobs";
    for (const auto& entry : std::filesystem::directory_iterator(jobs, gone)) {
        if (entry.is_directory()) return content_of(entry.path() / file);
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
