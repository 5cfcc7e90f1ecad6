// The table of subcommands: what runs each, and what --help, the manual page and the shell's
// completion say of it.
#pragma once
#include <span>
#include <string_view>

#include "cli/base/command.hpp"
#include "cli/help.hpp"

namespace bulkhead::cli {

struct Command {
    std::string_view name;
    std::string_view arguments;
    std::string_view help;
    Result<int> (*run)(const Arguments&);
    std::string (*names)() = nullptr;  // what stands for "..." in the arguments
};

std::span<const Command> commands();
const Command* find_command(std::string_view name);  // null where there is none
Usage usage_of(const Command& command);

// `bulkhead complete WORD...`, which shells call and --help does not list. The words are those of
// the command line that is being typed, without the program's name; the last one, which may be
// empty, is to be completed. Prints a line for each way to go on: "WORD<tab>MEANING", or ":file" or
// ":directory" where the shell completes paths. Exit status: always 0.
Result<int> complete(const Arguments& words);

}  // namespace bulkhead::cli
