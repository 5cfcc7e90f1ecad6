// Parses files that hold another agent's settings and that it read itself (NAME=value, YAML), into
// names and texts, each with file and line. What systemd read for it: cli/systemd.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/systemd/text.hpp"
#include "common/base/result.hpp"

namespace bulkhead::cli::migration {

// `name` is that of an environment variable, or a flag with its dashes.
using Found = systemd::Variable;

// Parses lines NAME=value, also with "export " in front, and with quotes around the value. Errors:
// lines that a program could read in more than one way, such as a backslash within quotes.
Result<std::vector<Found>> parse_settings_lines(std::string_view text, const std::string& file);

// Parses a YAML map without nested values. Each key becomes the flag of its name: server_url
// becomes
// --server-url.
Result<std::vector<Found>> parse_flat_yaml(const std::string& text, const std::string& file);

}  // namespace bulkhead::cli::migration
