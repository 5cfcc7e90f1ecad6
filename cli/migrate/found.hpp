// What lies on a host of another agent's settings: environment files, units, YAML; as names and
// texts, each with its place.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::cli::migration {

struct Found {
    std::string name;   // a variable, or a flag with its dashes
    std::string text;   // perhaps a secret
    std::string where;  // "/etc/hyprbox/hyprnode.env:3"
};

// KEY=VALUE lines as systemd reads them with EnvironmentFile=; also with "export ".
Result<std::vector<Found>> parse_environment_file(std::string_view text, const std::string& file);

// One level of keys; each becomes the flag of its name: server_url is --server-url.
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
// The [Service] part of a unit, systemd.exec(5); what is not about settings is passed over.
Result<UnitFile> parse_unit(std::string_view text, const std::string& file);

}  // namespace bulkhead::cli::migration
