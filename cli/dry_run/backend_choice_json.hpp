// BackendChoice as a member of reports in JSON.
#pragma once
#include <nlohmann/json.hpp>

#include "cli/dry_run/backend_choice.hpp"

namespace bulkhead::cli {

inline nlohmann::ordered_json json_of(const BackendChoice& choice) {
    auto values = nlohmann::ordered_json::array();
    for (const auto& value : choice.values) {
        values.push_back({{"name", value.name},
                          {"rule", value.rule},
                          {"bits", static_cast<long>(value.bits)},
                          {"free_text", value.free_text}});
    }
    return {{"hosts", choice.hosts},
            {"when", choice.when},
            {"runs", choice.runs},
            {"parameters", values},
            {"warnings", choice.warnings}};
}

}  // namespace bulkhead::cli
