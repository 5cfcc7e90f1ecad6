// Asks the backend of the old installation who this host is to it.
#pragma once
#include <string>

#include "cli/migrate/compose.hpp"

namespace bulkhead::cli::migration {

// Asks once, with the identity that `plan` carries over, and changes nothing at the backend. What
// meets the network is a child that is not root and gains no privileges. Files that agent.yaml
// names are looked up beneath `root`. Errors: the child could not be made, or no answer says
// anything.
Result<worker::Standing> ask_backend(const Plan& plan, const std::string& root);

}  // namespace bulkhead::cli::migration
