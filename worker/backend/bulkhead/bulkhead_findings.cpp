#include "worker/backend/bulkhead/bulkhead_findings.hpp"

#include "worker/backend/bulkhead/bulkhead_wire.hpp"
#include "worker/backend/json/finding_json.hpp"

namespace bulkhead::worker {

namespace {

constexpr FindingWords kWords{{"info", "warn", "critical"}, "related"};

Answer<> judge(const HttpAnswer& answer) {
    if (answer.status == 200 || answer.status == 204) return {};
    return bulkhead_wire::failure(answer);
}

}  // namespace

Exchange<> BulkheadFindings::findings(const Identity& identity, const SystemInfo&,
                                      const std::vector<Finding>& findings) const {
    JsonWriter json;
    json.begin_object().put("agent_id", identity.agent_id);
    put_findings(json, findings, kWords);
    json.end();
    return {.request = {.method = "POST",
                        .path = "/v1/findings",
                        .headers = {bulkhead_wire::bearer(identity), bulkhead_wire::json_body()},
                        .body = std::move(json).take(),
                        .max_answer_bytes = bulkhead_wire::kMaxAnswerBytes},
            .judge = &judge};
}

}  // namespace bulkhead::worker
