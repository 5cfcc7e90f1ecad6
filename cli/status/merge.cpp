#include "cli/status/merge.hpp"

#include <algorithm>

namespace bulkhead::cli {

namespace {

Result<StatusJson> own_entry(const Asked& one) {
    if (!one.answer) return std::unexpected(one.answer.error());
    const auto backends = one.answer->find("backends");
    if (backends != one.answer->end() && backends->is_array()) {
        for (const auto& entry : *backends) {
            if (entry.is_object() && entry.value("name", StatusJson()) == one.backend) return entry;
        }
    }
    return fail("it does not speak of its own backend");
}

}  // namespace

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
