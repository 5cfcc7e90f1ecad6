// Findings as JSON. The bulkhead and hyprbox dialects differ in some names only.
#pragma once
#include <array>

#include "worker/backend/dialect/messages.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

struct FindingWords {
    std::array<std::string_view, 3> severities;  // values for info, warn, critical
    std::string_view related;                    // name of the member for Finding::related
    std::string_view list = "findings";          // name of the array
};

// Writes the array of findings as a member of the object that is open in `json`.
inline void put_findings(JsonWriter& json, const std::vector<Finding>& findings,
                         const FindingWords& words) {
    json.begin_array(words.list);
    for (const auto& finding : findings) {
        json.begin_object()
            .put("type", finding.type)
            .put("key", finding.key)
            .put("severity", words.severities[static_cast<std::size_t>(finding.severity)])
            .put("title", finding.title)
            .put("message", finding.message)
            .begin_object("metadata");
        for (const auto& [name, value] : finding.metadata) {
            std::visit([&json, &name](const auto& known) { json.put(name, known); }, value);
        }
        json.end().begin_array(words.related);
        for (const auto& entity : finding.related) json.add(entity);
        json.end().end();
    }
    json.end();
}

}  // namespace bulkhead::worker
