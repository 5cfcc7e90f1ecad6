#include "worker/backend/hyprbox/hyprbox_findings.hpp"

#include "worker/backend/hyprbox/hyprbox_wire.hpp"
#include "worker/backend/json/finding_json.hpp"

namespace bulkhead::worker {

namespace {

constexpr FindingWords kWords{{"INFO", "WARN", "CRITICAL"}, "relatedEntities"};

Answer<> judge(const HttpAnswer& answer) {
    if (hyprbox_wire::is_success(answer.status)) return {};
    return hyprbox_wire::failure(answer);
}

}  // namespace

Exchange<> HyprboxFindings::findings(const Identity& identity, const SystemInfo& system,
                                     const std::vector<Finding>& findings) const {
    auto words = kWords;
    words.list = options_.findings_member;
    JsonWriter json;
    json.begin_object().put("nodeId", hyprbox_wire::node_id(options_, system));
    put_findings(json, findings, words);
    json.end();
    return {.request = {.method = "POST",
                        .path = options_.findings_path,
                        .headers = hyprbox_wire::headers(identity, true),
                        .body = std::move(json).take(),
                        .max_answer_bytes = hyprbox_wire::kMaxAnswerBytes},
            .judge = &judge};
}

}  // namespace bulkhead::worker
