// The agents that Bulkhead can replace, and where each keeps its settings and its state.
#pragma once
#include <span>
#include <string_view>

namespace bulkhead::cli::migration {

struct OldAgent {
    std::string_view name;                    // the argument of --from
    std::string_view dialect;                 // the dialect of its backend
    std::span<const std::string_view> units;  // file names in the directories of systemd
    std::string_view settings_file;           // path; "" if it has none
    bool settings_are_yaml = false;           // false: NAME=value
    bool settings_win = false;                // true: the file has precedence over the environment
    std::string_view settings_flag = "";      // the flag that names another such file
    std::string_view settings_variable = "";  // the environment variable that does
    std::string_view state = "";              // directory whose content is converted
    std::span<const std::string_view> notes;  // sentences about what changes for the operator
};

std::span<const OldAgent> old_agents();
// nullptr if there is no such agent.
const OldAgent* find_old_agent(std::string_view name);

}  // namespace bulkhead::cli::migration
