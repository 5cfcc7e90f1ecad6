// What `bulkhead --help` and `bulkhead COMMAND --help` print.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// Parts of these, for the manual page.
using Meaning = std::pair<std::string_view, std::string_view>;  // a word in capitals, its meaning
std::span<const Meaning> words_in_capitals();
std::string_view example_of(std::string_view command);  // "" where there is none
std::string_view exit_statuses(std::string_view command = "");

}  // namespace bulkhead::cli
