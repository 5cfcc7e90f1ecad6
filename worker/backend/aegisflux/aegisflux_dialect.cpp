#include "worker/backend/aegisflux/aegisflux_dialect.hpp"

#include "common/base/text.hpp"
#include "worker/backend/aegisflux/artifact_list.hpp"
#include "worker/backend/dialect/http_status.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

namespace {

Declined decline(const AssignedArtifact& artifact) {
    if (!artifact.odd.empty()) {
        return {.what = "artifact " + quoted(artifact.id, 128),
                .reason = "bad-artifact-id",
                .detail = artifact.odd};
    }
    return {.what = "artifact " + artifact.id,
            .reason = artifact.is_signed ? "artifacts-unsupported" : "artifact-unsigned",
            .detail = artifact.is_signed
                          ? "this version executes nothing that a registry assigns"
                          : "it has no signature; this version would not execute it either way"};
}

Answer<HeartbeatReceipt> judge_poll(const HttpAnswer& answer) {
    if (answer.status == 404) return HeartbeatReceipt{};  // no artifact is assigned to this host
    if (answer.status != 200) {
        // Every failure is retry: a poll carries no credential, and the next may be answered.
        auto failed = judge_failure(answer, answer.body.substr(0, answer.body.find('\n'))).error();
        failed.kind = Failure::Kind::retry;
        return std::unexpected(std::move(failed));
    }
    const auto assigned = parse_artifact_list(answer.body);
    if (!assigned) return judge_unreadable(assigned.error());
    HeartbeatReceipt receipt;
    for (const auto& artifact : *assigned) receipt.declined.push_back(decline(artifact));
    return receipt;
}

}  // namespace

const DialectTraits& AegisfluxDialect::traits() const {
    static const DialectTraits kTraits{.heartbeat_interval = std::chrono::seconds(10),
                                       .wants_credential = false,
                                       .wants_bpf_support = true,
                                       .reports_name_agent = false,
                                       .first_after_interval = true};
    return kTraits;
}

Exchange<HeartbeatReceipt> AegisfluxDialect::heartbeat(const Identity&,
                                                       const Heartbeat& beat) const {
    const auto& host = options_.host_id.empty() ? beat.host_id : options_.host_id;
    return {.request = {.path = "/artifacts/for-host/" + percent_encoded(host)},
            .judge = &judge_poll};
}

}  // namespace bulkhead::worker
