// Parses files that hold another agent's settings (environment files, systemd units, YAML) into
// names and texts, each with file and line.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::cli::migration {

struct Found {
    std::string name;   // the name of an environment variable, or a flag with its dashes
    std::string text;   // the value; may be a secret
    std::string where;  // "/etc/hyprbox/hyprnode.env:3"
};

// Parses KEY=VALUE lines as systemd does for EnvironmentFile= (systemd.exec(5)), also with "export
// " in front.
Result<std::vector<Found>> parse_environment_file(std::string_view text, const std::string& file);

// Parses a YAML map without nested values. Each key becomes the flag of its name: server_url
// becomes
// --server-url.
Result<std::vector<Found>> parse_flat_yaml(const std::string& text, const std::string& file);

struct UnitFile {
    struct Named {
        std::string path;
        bool optional = false;
        std::string where;
    };
    struct Word {
        std::string text;
        std::string where;
    };
    std::vector<Found> environment;
    std::vector<Named> files;     // EnvironmentFile=
    std::vector<Word> arguments;  // of ExecStart=, without the program
};
// Parses the [Service] section of a unit (systemd.exec(5)). Lines other than Environment=,
// EnvironmentFile= and ExecStart= are skipped.
Result<UnitFile> parse_unit(std::string_view text, const std::string& file);

}  // namespace bulkhead::cli::migration
