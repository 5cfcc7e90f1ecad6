// Checks of registrations and reports by the rules of Grapheon's schema (backend/schemas.py). A
// refusal names the field, by which an agent finds the element to leave out.
#pragma once

#include <optional>

#include "tests/backend/message.hpp"

namespace bulkhead::reference::grapheon {

struct Problems {
    nlohmann::json errors = nlohmann::json::array();

    void add(const std::string& field, const std::string& message, const std::string& type);
    [[nodiscard]] std::optional<Answer> answer() const;  // 422; nullopt without problems
};

/// Null if the member is absent or null.
const nlohmann::json* member(const nlohmann::json& object, const char* name);
bool is_ip(const std::string& text, bool unspecified_too);

void check_text(const nlohmann::json& object, const char* name, const std::string& at,
                std::size_t least, std::size_t most, bool required, Problems& problems);
void check_number(const nlohmann::json& element, const char* name, const std::string& at,
                  std::int64_t most, bool required, Problems& problems);
/// Checks each array and each of its elements.
void check_arrays(const nlohmann::json& body, std::initializer_list<const char*> arrays,
                  Problems& problems);
/// Checks the members about the host that registrations and reports share.
void check_host(const nlohmann::json& body, Problems& problems);

}  // namespace bulkhead::reference::grapheon
