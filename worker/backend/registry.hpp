// The registry: one row for each dialect of this worker, with its name, options and constructor.
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

// Returns the content of the file that an option names; "" if it is absent. Error: it cannot be
// read, or it is `secret` and others may read it.
using ReadOptionFile = std::function<Result<std::string>(std::string_view option, bool secret)>;

struct DialectRow {
    std::string_view name;
    std::string_view default_url;  // empty: the configuration must name one
    bool enrolls;  // by an install token; else the configuration must have a credential
    // A dialect that enrolls also accepts a credential from the configuration: that of an earlier
    // agent, or one that an administrator renewed.
    bool takes_credential = false;
    std::span<const DialectVariable> variables;
    std::span<const DialectOption> options;
    std::unique_ptr<const Dialect> (*make)(const DialectOptions& options);
    // Checks the options together; null: each is checked alone.
    Result<> (*check)(const DialectOptions& options) = nullptr;
    // Reads the files that options of type path name into `options` and `credential`. Returns where
    // the credential was found, for the log; "" if the files hold none. Null: there are no such
    // files.
    Result<std::string> (*load)(DialectOptions& options, const ReadOptionFile& read,
                                Secret& credential) = nullptr;
    // The files of the original agent whose identity is taken over; null: it had none on disk.
    std::vector<OriginalFile> (*original_files)(const DialectOptions& options) = nullptr;
};

std::span<const DialectRow> dialects();
// Their names, in the same order.
std::span<const std::string_view> dialect_names();
// Null if there is no dialect of this name.
const DialectRow* find_dialect(std::string_view name);

}  // namespace bulkhead::worker
