#include "worker/backend/aegisflux/artifact_list.hpp"

#include <algorithm>

#include "common/base/parse.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxArtifacts = 512;
constexpr std::size_t kMaxIdBytes = 4096;  // of an id that is only reported as declined

bool is_given(const JsonValue& element, std::string_view member) {
    const auto value = element.find(member);
    const auto text = value ? value->text(kMaxIdBytes) : fail("absent");
    return text && !text->empty();
}

AssignedArtifact read_one(const JsonValue& element) {
    AssignedArtifact artifact;
    auto id = element.find("artifact_id");
    if (!id) id = element.find("id");
    const auto text = id ? id->text(kMaxIdBytes) : fail("names no artifact");
    if (text) artifact.id = *text;
    const auto usable = text ? check_artifact_id(*text) : std::unexpected(text.error());
    if (!usable) artifact.odd = usable.error().what;
    artifact.is_signed = is_given(element, "signature") && is_given(element, "signature_algorithm");
    return artifact;
}

}  // namespace

Result<std::vector<AssignedArtifact>> parse_artifact_list(std::string_view body) {
    if (trimmed(body) == "null" || trimmed(body) == "null\n")
        return std::vector<AssignedArtifact>{};
    auto list = TRY(JsonValue::parse(body));
    if (list.is_object()) {
        // "artifacts" is null, as Go encodes a nil slice, which JsonValue reports as absent, or it
        // is left out of a list of none.
        const auto inside = list.find("artifacts");
        const auto total = list.find("total");
        const bool none = total && total->integer(0, 0).has_value();
        if (!inside && !none && body.find("\"artifacts\"") == body.npos) {
            return fail("has no artifacts");
        }
        if (!inside) return std::vector<AssignedArtifact>{};
        list = *inside;
    }
    std::vector<AssignedArtifact> all;
    for (const auto& element : TRY(list.items(kMaxArtifacts))) all.push_back(read_one(element));
    return all;
}

Result<> check_artifact_id(std::string_view id) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    if (id.empty() || id.size() > 128) return fail("not 1..128 bytes");
    if (id.starts_with('.')) return fail("begins with a dot");
    if (!std::ranges::all_of(id, fits)) return fail("holds more than letters, digits, . _ -");
    return {};
}

}  // namespace bulkhead::worker
