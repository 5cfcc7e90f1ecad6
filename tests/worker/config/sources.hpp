// Short ways to ask for a configuration.
#pragma once
#include <gtest/gtest.h>

#include "tests/support/ok.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::worker::test {

inline ConfigSources from_file(std::string text) {
    return {.file_name = "agent.yaml", .file = std::move(text)};
}

// What an editor would mark in this file by the schema; "" when nothing.
std::string marked(const std::string& file);

// Whatever the worker accepts, its JSON Schema does.
inline void expect_schema_allows(const ConfigSources& sources) {
    if (sources.file) {
        EXPECT_EQ(marked(*sources.file), "") << *sources.file;
    }
}

// All that is wrong with it; "" when nothing is.
inline std::string problems(const ConfigSources& sources) {
    const auto config = parse_config(sources);
    if (config) expect_schema_allows(sources);
    return config ? "" : config.error().what;
}
inline std::string problems(std::string file) { return problems(from_file(std::move(file))); }

inline Config parsed(const ConfigSources& sources) {
    auto config = parse_config(sources);
    EXPECT_OK(config);
    if (config) expect_schema_allows(sources);
    return config ? *std::move(config) : Config{.backends = {{}}};
}
inline Config parsed(std::string file) { return parsed(from_file(std::move(file))); }

}  // namespace bulkhead::worker::test
