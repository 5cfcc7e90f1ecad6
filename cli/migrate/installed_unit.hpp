// The unit of systemd that runs another agent.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/migrate/agents.hpp"
#include "cli/systemd/names.hpp"

namespace bulkhead::cli::migration {

// Looks for the agent's units and for instances of their templates; nothing if there is none.
// Errors: none can run (masked, or a template without an instance), or several can.
Result<std::optional<systemd::UnitFiles>> installed_unit(const OldAgent& agent,
                                                         const systemd::Tree& tree,
                                                         std::vector<std::string>& notes);

}  // namespace bulkhead::cli::migration
