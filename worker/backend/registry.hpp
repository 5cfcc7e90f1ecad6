// Every dialect this worker speaks: its name, its options and how to make one.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/base/secret.hpp"
#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/dialect/option.hpp"

namespace bulkhead::worker {

// What a file holds that an option names; "" when it is absent. A secret must not be for everybody
// to read.
using ReadOptionFile = std::function<Result<std::string>(std::string_view option, bool secret)>;

struct DialectRow {
    std::string_view name;
    std::string_view default_url;  // empty: the operator must name one
    bool enrolls;  // with an install token; else it needs a credential from the configuration
    // Takes a credential as well: one of an earlier agent, or that an administrator made anew.
    bool takes_credential = false;
    std::span<const DialectVariable> variables;
    std::span<const DialectOption> options;
    std::unique_ptr<const Dialect> (*make)(const DialectOptions& options);
    // Whether they go together.
    Result<> (*check)(const DialectOptions& options) = nullptr;
    // Options that name files, and what their contents mean. Where they hold a credential, its
    // place; else "".
    std::span<const std::string_view> files = {};
    Result<std::string> (*load)(DialectOptions& options, const ReadOptionFile& read,
                                Secret& credential) = nullptr;
};

std::span<const DialectRow> dialects();
const DialectRow* find_dialect(std::string_view name);

}  // namespace bulkhead::worker
