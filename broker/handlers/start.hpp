// What every start of a job has in common: admit() judges it, the audit log and the ledger record
// it, then its process is started and the worker answered.
#pragma once
#include "broker/context/context.hpp"
#include "common/admission/admit.hpp"

namespace bulkhead::broker {

// A job as a worker asked for it, now or before the host restarted. Refers to what the caller has.
struct StartRequest {
    // `asked` is StartJob, StartCatalogueJob or KeptJob.
    StartRequest(const BoundaryText<32>& from, const auto& asked)
        : backend(from),
          delivery_id(asked.delivery_id),
          streams(asked.streams),
          params(asked.params) {
        for (const auto& param : params.items) {
            job.params.push_back({param.name.str(), param.value.str()});
        }
        job.delivery_digest = crypto::sha256(as_bytes(from.str() + "\n" + delivery_id.value.str()));
    }
    const protocol::BackendName& backend;
    const protocol::DeliveryId& delivery_id;
    protocol::Streams streams;
    const protocol::Bounded<protocol::Param, 32>& params;
    admission::JobBytes job{};
};

// Decides, records, and starts the job if it is admitted. A refusal is a reply; an error ends the
// worker's connection.
Result<protocol::StartReply> start(const StartRequest& request, Context& broker);

// Records the verdict in the audit log. An error: it is not recorded, and nothing may come of it.
Result<> record(const admission::Verdict& verdict, const StartRequest& request, Context& broker);

protocol::StartReply reply_to(const admission::Verdict& verdict);

// Records the verdict in the audit log and makes the worker's answer of it. An admission that
// cannot be recorded becomes a refusal, audit-write-failed.
protocol::StartReply recorded_reply(const admission::Verdict& verdict, const StartRequest& request,
                                    Context& broker);
// For `bulkhead status`: each refusal, whether or not the audit log has a line for it.
void count_refusal(const protocol::StartReply& reply, const StartRequest& request, Context& broker);

}  // namespace bulkhead::broker
