#include "tests/backend/message.hpp"

namespace bulkhead::reference {

std::string Call::header(const std::string& lower_case_name) const {
    const auto found = headers.find(lower_case_name);
    return found == headers.end() ? std::string{} : found->second;
}

std::string Call::bearer() const {
    const auto value = header("authorization");
    constexpr std::string_view kScheme = "Bearer ";
    return value.starts_with(kScheme) ? value.substr(kScheme.size()) : std::string{};
}

Answer Answer::json(int status, const nlohmann::json& body) {
    return {.status = status, .body = dump(body)};
}

Answer Answer::empty(int status) { return {.status = status, .content_type = {}}; }

Answer Answer::error(int status, std::string_view code, std::string_view message) {
    return json(status, {{"error", {{"code", code}, {"message", message}}}});
}

std::string dump(const nlohmann::json& value, int indent) {
    return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace bulkhead::reference
