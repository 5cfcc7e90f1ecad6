#include "cli/status/merge.hpp"

#include "cli/status/verdict.hpp"

namespace bulkhead::cli {

StatusJson merge(const std::vector<Asked>& asked) {
    auto whole = StatusJson::object();
    auto backends = StatusJson::array();
    auto unanswered = StatusJson::array();
    for (const auto& one : asked) {
        auto entry = own_entry(one);
        if (!entry) {
            unanswered.push_back({{"backend", one.backend}, {"why", entry.error().what}});
            continue;
        }
        auto otherwise = StatusJson::object();
        for (const auto& [name, value] : one.answer->items()) {
            if (name == "backends" || name == "unanswered") continue;
            if (backends.empty()) whole[name] = value;
            if (whole.value(name, StatusJson()) != value) otherwise[name] = value;
        }
        entry->erase("worker");
        if (!otherwise.empty()) (*entry)["worker"] = std::move(otherwise);
        backends.push_back(*std::move(entry));
    }
    whole["backends"] = std::move(backends);
    whole["unanswered"] = std::move(unanswered);
    return whole;
}

}  // namespace bulkhead::cli
