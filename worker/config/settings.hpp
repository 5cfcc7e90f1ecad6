// The one table of settings: parsing, checking, messages, --help and the documentation follow from
// it.
#pragma once
#include <span>
#include <string_view>

#include "worker/config/config.hpp"

namespace bulkhead::worker {

enum class Scope {
    agent,          // once, at the top of the file
    backend,        // in a backend's entry; flag and variable mean the first backend
    every_backend,  // at the top for all, or in a backend's entry; flag and variable mean all
};

// Where a setting's value goes; `backend` is null for settings of the agent.
struct Draft {
    Config* config = nullptr;
    BackendConfig* backend = nullptr;
};

struct Setting {
    std::string_view key;  // with its section: "spool.max_bytes"; a backend's without: "url"
    Scope scope;
    std::string_view fallback;  // "" where none
    std::string_view variable;
    std::string_view flag;    // "" where a command line would give a secret away
    std::string_view values;  // what to write, for people
    std::string_view help;
    Result<> (*store)(const Draft& draft, std::string_view text);
};

std::span<const Setting> settings();

}  // namespace bulkhead::worker
