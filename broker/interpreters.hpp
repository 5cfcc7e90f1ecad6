// What the kernel says of the programs that may run a script.
#pragma once
#include "common/admission/admit.hpp"

namespace bulkhead::broker {

// Each interpreter of policy: a regular executable file, which root owns and nobody else can change
// or replace anywhere along its real path.
std::map<std::string, admission::InterpreterFacts, std::less<>> look_at(
    const policy::Named<policy::Source>& interpreters);

}  // namespace bulkhead::broker
