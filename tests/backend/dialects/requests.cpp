#include "tests/backend/dialects/requests.hpp"

#include <openssl/rand.h>

#include <charconv>

namespace bulkhead::reference {

using nlohmann::json;

OrAnswer<json> json_body(const Call& call, const Shape& shape) {
    auto body = json::parse(call.body, nullptr, false);
    if (body.is_discarded())
        return std::unexpected(Answer::error(400, "bad_json", "the body is not JSON"));
    if (const auto complaint = shape.mismatch(body))
        return std::unexpected(Answer::error(400, "bad_request", *complaint));
    return body;
}

OrAnswer<std::uint64_t> number_in_query(const Call& call, const std::string& name,
                                        const std::string& otherwise) {
    const auto found = call.query.find(name);
    return whole_number(found == call.query.end() ? otherwise : found->second, name);
}

OrAnswer<std::uint64_t> whole_number(const std::string& text, const std::string& name) {
    std::uint64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end)
        return std::unexpected(
            Answer::error(400, "bad_request", name + ": must be a whole number"));
    return number;
}

std::string random_hex(std::size_t octets) {
    std::string raw(octets, '\0');
    RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(octets));
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string text;
    for (const char c : raw) {
        text += kHex[static_cast<unsigned char>(c) >> 4U];
        text += kHex[static_cast<unsigned char>(c) & 0xfU];
    }
    return text;
}

void say_findings(Narrator& narrator, const std::string& who, const json& findings) {
    for (const auto& finding : findings)
        narrator.say("finding " + who + "  " + finding["severity"].get<std::string>() + "  " +
                     finding["type"].get<std::string>() + ": " +
                     finding["title"].get<std::string>());
}

}  // namespace bulkhead::reference
