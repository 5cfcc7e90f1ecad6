// What the agents that we stand in for took from their environment and command line, as settings of
// ours.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "worker/backend/dialect/option.hpp"
#include "worker/config/sources.hpp"

namespace bulkhead::worker {

// An option of the command line that is none of ours.
struct ForeignFlag {
    std::string flag;
    std::string text;
};

// Of whichever dialect; null: nobody's. A flag takes a value in all agents that have it, or in
// none.
const DialectVariable* find_foreign(std::string_view flag);
// Every flag of every dialect, to suggest from.
std::vector<std::string_view> foreign_flags();

struct OtherAgents {
    std::vector<Assignment> from_environment;
    std::vector<Assignment> from_flags;
    std::vector<std::string> problems;
    std::vector<std::string> remarks;
};

// They mean the first backend of their agent's dialect. When nobody says what the first backend is,
// an agent's URL says it. `known` is all that our own sources say.
OtherAgents read_other_agents(const std::map<std::string, std::string>& environment,
                              const std::vector<ForeignFlag>& flags, const Gathered& known);

}  // namespace bulkhead::worker
