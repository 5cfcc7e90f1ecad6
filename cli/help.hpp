// What `bulkhead --help` and `bulkhead COMMAND --help` print.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace bulkhead::cli {

// A command as the table in main.cpp has it.
struct Usage {
    std::string_view name;
    std::string arguments;
    std::string_view help;
};

// All commands, and the meaning of the exit statuses.
std::string help_of(std::span<const Usage> commands);
// One command: its usage, what the words in capitals stand for, and an example.
std::string help_of(const Usage& command);

}  // namespace bulkhead::cli
