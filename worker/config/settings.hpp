// The one table of settings: names, parsing, checks, messages, --help, the documentation and the
// JSON Schema of agent.yaml follow from it.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "worker/backend/dialect/value_type.hpp"
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
    std::string_view key = "";  // with its section: "spool.max_bytes"; a backend's without: "url"
    Scope scope = Scope::agent;
    ValueType type = value::text();
    std::string_view fallback = "";  // the default; "" where there is none, or the dialect has it
    std::string_view help = "";
    std::string_view form = "";  // for people, where the words of the type say too little
    bool has_variable = true;
    bool has_flag = true;  // false where a command line would give a secret away
    Result<> (*check)(std::string_view text) = nullptr;  // what the type does not say
    Result<> (*keep)(const Draft& draft, const ValueType& type, std::string_view text) = nullptr;

    // Of the key "spool.max_bytes": BULKHEAD_SPOOL_MAX_BYTES and --spool-max-bytes; "" without one.
    std::string variable() const;
    std::string flag() const;
    std::string values() const;  // what to write, for people: "1s..24h"

    // Checks `text` and keeps what it means; the error says what to write instead.
    Result<> store(const Draft& draft, std::string_view text) const;
};

// The check of each setting that is a secret: check_credential(), and what an unclosed quotation
// mark in agent.yaml brings about, which makes the text go on in the next lines.
Result<> check_secret(std::string_view text);

std::span<const Setting> settings();

// Null where there is none.
const Setting* find_setting(std::string_view key);
const Setting* find_by_variable(std::string_view variable);
const Setting* find_by_flag(std::string_view flag);

}  // namespace bulkhead::worker
