#include "worker/backend/aegisflux/artifact_list.hpp"

#include <algorithm>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxElements = 512;
constexpr std::size_t kMaxId = 4'096;  // of an id that is only told as declined
constexpr std::size_t kMaxText = 4'096;

// Of a member that is text; "" where it is absent.
Result<std::string> text_of(const JsonValue& element, std::string_view member) {
    const auto value = element.find(member);
    return value ? value->text(kMaxText) : "";
}

Result<AssignedArtifact> read_members(const JsonValue& element) {
    AssignedArtifact artifact;
    const auto checksum = TRY(text_of(element, "checksum"));
    if (!checksum.empty()) artifact.checksum = TRY(within("checksum", read_checksum(checksum)));
    if (const auto size = element.find("size")) {
        artifact.size = static_cast<std::uint64_t>(TRY(size->integer(0, INT64_MAX)));
    }
    artifact.version = TRY(text_of(element, "version")) + " " + TRY(text_of(element, "updated_at"));
    artifact.bundle_url = TRY(text_of(element, "bundle_url"));
    artifact.approval_url = TRY(text_of(element, "approval_url"));
    artifact.signature = {.algorithm = TRY(text_of(element, "signature_algorithm")),
                          .key_id = TRY(text_of(element, "key_id")),
                          .value = TRY(text_of(element, "signature"))};
    return artifact;
}

bool holds_something(const std::optional<JsonValue>& value) {
    if (!value) return false;
    const auto members = value->members(kMaxElements);
    return !members || !members->empty();
}

// What AegisFlux' agents take from the registry, and here approvers sign.
void decline_wishes(const JsonValue& element, const std::string& id, ArtifactList& list) {
    const auto metadata = element.find("metadata");
    const bool lives = element.find("ttl_sec") || (metadata && metadata->find("ttl"));
    if (lives) {
        list.declined.push_back(
            {.what = "ttl of the artifact " + id,
             .reason = "in-the-manifest",
             .detail =
                 "how long it stays loaded is what its manifest says, which approvers signed"});
    }
    if (holds_something(element.find("parameters"))) {
        list.declined.push_back(
            {.what = "parameters of the artifact " + id,
             .reason = "in-the-manifest",
             .detail = "its constants are those of its manifest, which approvers signed"});
    }
}

void decline(ArtifactList& list, std::string_view id, std::string reason, std::string detail) {
    list.declined.push_back({.what = "artifact " + quoted(id, 128),
                             .reason = std::move(reason),
                             .detail = std::move(detail)});
}

void read_one(const JsonValue& element, ArtifactList& list) {
    auto named = element.find("artifact_id");
    if (!named) named = element.find("id");
    const auto id = named ? named->text(kMaxId) : fail("names no artifact");
    const auto usable = id ? check_artifact_id(*id) : std::unexpected(id.error());
    if (!usable) return decline(list, id.value_or(""), "bad-artifact-id", usable.error().what);
    if (std::ranges::find(list.assigned, *id, &AssignedArtifact::id) != list.assigned.end()) {
        return decline(list, *id, "bad-artifact-id", "it is assigned twice; the first counts");
    }
    if (list.assigned.size() == kMaxAssigned) {
        return decline(list, *id, "too-many-artifacts",
                       std::to_string(kMaxAssigned) + " are the most of one host");
    }
    auto artifact = read_members(element);
    if (!artifact) return decline(list, *id, "bad-artifact", artifact.error().what);
    artifact->id = *id;
    decline_wishes(element, *id, list);
    list.assigned.push_back(*std::move(artifact));
}

}  // namespace

Result<ArtifactList> parse_artifact_list(std::string_view body) {
    if (trimmed(body) == "null" || trimmed(body) == "null\n") return ArtifactList{};
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
        if (!inside) return ArtifactList{};
        list = *inside;
    }
    ArtifactList all;
    for (const auto& element : TRY(list.items(kMaxElements))) read_one(element, all);
    return all;
}

}  // namespace bulkhead::worker
