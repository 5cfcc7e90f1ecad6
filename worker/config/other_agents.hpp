// Variables and flags of the agents that this one replaces, as assignments to settings of this
// agent.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "worker/backend/dialect/option.hpp"
#include "worker/config/sources.hpp"

namespace bulkhead::worker {

// A flag of the command line that no setting has.
struct ForeignFlag {
    std::string flag;
    std::string text;
};

// The row of the first dialect that has the flag; null where none has. A flag takes a value in all
// agents that have it, or in none.
const DialectVariable* find_foreign(std::string_view flag);
// Every flag of every dialect, to suggest from.
std::vector<std::string_view> foreign_flags();

struct OtherAgents {
    std::vector<Assignment> from_environment;
    std::vector<Assignment> from_flags;
    std::vector<std::string> problems;
    std::vector<std::string> remarks;
};

// An agent's variables mean the first backend of its dialect. Where no source of ours names the
// first backend's dialect or URL, the agent whose URL is given decides. `known`: all from our own
// sources.
OtherAgents read_other_agents(const std::map<std::string, std::string>& environment,
                              const std::vector<ForeignFlag>& flags, const Gathered& known);

}  // namespace bulkhead::worker
