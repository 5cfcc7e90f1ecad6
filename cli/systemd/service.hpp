// What systemd 252 gives to the process of a service: environment and command line.
#pragma once
#include <string>
#include <vector>

#include "cli/systemd/environment_file.hpp"
#include "cli/systemd/exec.hpp"
#include "cli/systemd/names.hpp"

namespace bulkhead::cli::systemd {

struct Service {
    std::vector<Variable> environment;  // each name once
    std::vector<Variable> passed;       // PassEnvironment=, not assigned here; `text` is empty
    std::vector<Command> commands;      // with variables replaced, and without env(1) in front
    std::string directory;              // WorkingDirectory=; "" where the files do not say it
    std::vector<std::string> read;      // paths of units, drop-ins and environment files
    std::vector<std::string> notes;     // what systemd passes over, with its place
};

// Reads the unit with its drop-ins and environment files. Errors name file and line: what systemd
// would not start, and what is in no file, such as the value of %b.
Result<Service> read_service(const Tree& tree, const UnitFiles& files);

}  // namespace bulkhead::cli::systemd
