#include "worker/backend/bulkhead/bulkhead_artifacts.hpp"

#include <algorithm>

#include "common/base/text.hpp"
#include "worker/backend/bulkhead/bulkhead_wire.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

namespace {

using bulkhead_wire::bearer;
using bulkhead_wire::failure;
using bulkhead_wire::kMaxAnswerBytes;
using bulkhead_wire::reason_of;

constexpr std::chrono::seconds kFetchTime{120};
constexpr std::size_t kMaxId = 256;  // of one that is only told as declined

std::string path_of(std::string_view id, std::string_view part) {
    return "/v1/artifacts/" + percent_encoded(id) + "/" + std::string(part);
}

Exchange<Found> ask(const Identity& identity, std::string path, std::uint64_t max) {
    return {
        .request = {.path = std::move(path),
                    .headers = {bearer(identity)},
                    .timeout = kFetchTime,
                    .max_answer_bytes = max},
        .judge = [](const HttpAnswer& answer) { return judge_found(answer, reason_of(answer)); }};
}

Result<AssignedArtifact> read_one(const JsonValue& element) {
    AssignedArtifact artifact;
    artifact.id = TRY(TRY(element.member("id")).text(kMaxId));
    TRY(within("id", check_artifact_id(artifact.id)));
    const auto digest = TRY(TRY(element.member("sha256")).text(kMaxId));
    artifact.checksum = TRY(within("sha256", read_checksum(digest)));
    if (const auto size = element.find("size")) {
        artifact.size = static_cast<std::uint64_t>(TRY(size->integer(0, INT64_MAX)));
    }
    return artifact;
}

void read_one(const JsonValue& element, HeartbeatReceipt& receipt) {
    auto& all = *receipt.artifacts;
    auto artifact = read_one(element);
    if (artifact && std::ranges::find(all, artifact->id, &AssignedArtifact::id) != all.end()) {
        artifact = fail("it is assigned twice; the first counts");
    }
    if (artifact) return all.push_back(*std::move(artifact));
    const auto id = element.find("id");
    receipt.declined.push_back(
        {.what = "artifact " + quoted(id ? id->text(kMaxId).value_or("") : "", 128),
         .reason = "bad-artifact",
         .detail = artifact.error().what});
}

std::string state_body(const ArtifactReport& report) {
    JsonWriter json;
    json.begin_object()
        .put("state", report.state)
        .put("reason", report.reason)
        .put("detail", report.detail)
        .put("since", format_utc(report.since));
    if (report.expires) json.put("expires", format_utc(*report.expires));
    if (!report.elf_sha256.empty()) json.put("elf_sha256", report.elf_sha256);
    if (!report.manifest.empty()) json.put("manifest_sha256", report.manifest);
    json.put("programs", report.programs)
        .put("run_count", report.run_count)
        .put("run_time_ns", report.run_time_ns)
        .put("cpu_millipercent", report.cpu_millipercent)
        .put("drops", report.drops)
        .put("pinned", report.pinned)
        .end();
    return std::move(json).take();
}

// A proxy whose backend is down may answer 404 too: a backend that knows no such artifact says so.
Answer<> judge_report(const HttpAnswer& answer) {
    if (answer.status == 200 || answer.status == 204) return {};
    auto judged = failure(answer);
    if (judged.error().kind == Failure::Kind::refused && reason_of(answer).empty()) {
        judged.error().kind = Failure::Kind::retry;
    }
    return judged;
}

}  // namespace

Result<> read_artifacts(const JsonValue& answer, HeartbeatReceipt& receipt) {
    const auto list = answer.find("artifacts");
    if (!list) return {};
    receipt.artifacts.emplace();
    for (const auto& element : TRY(list->items(kMaxAssigned))) read_one(element, receipt);
    return {};
}

Result<std::vector<Exchange<Found>>> BulkheadArtifacts::bundle(const Identity& identity,
                                                               const AssignedArtifact& artifact,
                                                               std::string_view) const {
    std::vector<Exchange<Found>> places;
    places.push_back(ask(identity, path_of(artifact.id, "bundle"), kMaxBundle));
    return places;
}

Result<Exchange<Found>> BulkheadArtifacts::approval(const Identity& identity,
                                                    const AssignedArtifact& artifact,
                                                    std::string_view, std::size_t) const {
    return ask(identity, path_of(artifact.id, "approval"), kMaxApproval);
}

std::optional<Exchange<>> BulkheadArtifacts::report(const Identity& identity,
                                                    const ArtifactReport& report) const {
    return Exchange<>{.request = {.method = "PUT",
                                  .path = path_of(report.id, "state"),
                                  .headers = {bearer(identity), bulkhead_wire::json_body()},
                                  .body = state_body(report),
                                  .max_answer_bytes = kMaxAnswerBytes},
                      .judge = &judge_report};
}

}  // namespace bulkhead::worker
