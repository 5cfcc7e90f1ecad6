// Every dialect this worker speaks: its name, its options and how to make one.
#pragma once
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "worker/backend/dialect.hpp"
#include "worker/backend/option.hpp"

namespace bulkhead::worker {

struct DialectRow {
    std::string_view name;
    std::string_view default_url;  // empty: the operator must name one
    // Variables that the backend's original agent takes: its URL, credential and interval.
    std::string_view url_variable;
    std::string_view credential_variable;
    std::string_view interval_variable;
    std::span<const DialectOption> options;
    std::unique_ptr<const Dialect> (*make)(const DialectOptions& options);
};

std::span<const DialectRow> dialects();
const DialectRow* find_dialect(std::string_view name);

}  // namespace bulkhead::worker
