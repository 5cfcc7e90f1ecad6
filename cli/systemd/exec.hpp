// Command lines of units (systemd.service(5), "Command lines"; systemd 252).
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/systemd/specifiers.hpp"
#include "cli/systemd/text.hpp"

namespace bulkhead::cli::systemd {

struct Command {
    std::string program;             // path or file name
    std::vector<std::string> words;  // what the program is given, from argv[0] on
    std::string where;
    std::vector<Variable> assigned;  // by env(1), over the unit's environment
    bool expands = true;             // $NAME means a variable
    std::string trouble;             // why the words are not known; else ""
};

// Appends the commands of one ExecStart= to `commands`. Errors, a clause with its place, are those
// at which systemd stops reading the file; a line that it passes over becomes a note.
Result<> parse_commands(const Assignment& line, const Specifiers& specifiers,
                        std::vector<Command>& commands, std::vector<std::string>& notes);

// The value of a variable; nothing if it is not set. Error: it is not known.
using Lookup = std::function<Result<std::optional<std::string>>(const std::string& name)>;

// Replaces ${NAME}, and words that are $NAME, as systemd does before it starts a program.
Result<std::vector<std::string>> expand_variables(const std::vector<std::string>& words,
                                                  const Lookup& lookup);

// Whether the name or path is that of a shell.
bool is_shell(std::string_view program);

// Takes away env(1) in front of a command. Errors: options of env, and programs such as sh and sudo
// that start another one, since what they give to it is not read.
Result<> unwrap(Command& command);

}  // namespace bulkhead::cli::systemd
