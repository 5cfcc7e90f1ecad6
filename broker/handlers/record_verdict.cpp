// What the audit log and the worker are told of a verdict.
#include "broker/handlers/start.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::broker {

namespace {

using admission::Reason, admission::Verdict;

constexpr std::size_t kMostOfList = 2048;  // bytes of the line; three of them fit into it
// A byte becomes five in the line, where it is escaped.
constexpr std::size_t kWholeParam = 192, kWholeParams = 384;

// What a verdict's line says of signatures and parameters.
struct Particulars {
    Particulars(const Verdict& verdict, const StartRequest& request) {
        for (const auto& one : verdict.signatures) {
            keys.push_back(one.principals + " " + one.fingerprint);
            signatures.push_back(crypto::hex(crypto::sha256(as_bytes(one.text))));
        }
        std::string all;
        for (const auto& param : request.job.params) {
            const auto& text = params.emplace_back(param.name + "=" + param.value);
            all += text + "\n";
            whole = whole && text.size() <= kWholeParam && all.size() <= kWholeParams;
        }
        params_digest = crypto::hex(crypto::sha256(as_bytes(all)));
    }
    std::vector<std::string> keys, signatures, params;
    bool whole = true;  // the parameters fit into the line, whatever is escaped in them
    std::string params_digest;
};

}  // namespace

// A decision that cannot be recorded must not be carried out. An admission is forced to disk with
// the ledger's record of the start, by Jobs, before there is a process. Of refusals only so many
// are recorded, the others counted.
Result<> record(const Verdict& verdict, const StartRequest& request, Context& broker) {
    if (!verdict.admitted && !broker.refused_starts.admits(sys::Clock::now())) return {};
    const Particulars more(verdict, request);
    if (verdict.admitted && !more.whole) {
        for (const auto& param : request.job.params) {
            TRY(broker.audit.event("parameter",
                                   {{"delivery", request.delivery_id.value.str()},
                                    {"name", param.name},
                                    {"value", param.value, records::kMaxLine / 2}},
                                   records::Durable::later));
        }
    }
    TRY(broker.audit.event(
        "verdict",
        {{"decision", verdict.admitted ? "admit" : "refuse"},
         {"reason", admission::code(verdict.reason)},
         {"job", verdict.manifest ? verdict.manifest->job_id.value : ""},
         {"manifest", verdict.manifest ? crypto::hex(verdict.manifest->digest) : ""},
         {"script", crypto::hex(verdict.script_digest)},
         {"script_bytes", verdict.script.size()},
         {"policy", crypto::hex(broker.policy->policy.digest)},
         {"profile", verdict.manifest ? verdict.manifest->profile : ""},
         {"rule", verdict.rule},
         {"signers", verdict.signers},
         {"backend", request.backend.str()},
         {"delivery", request.delivery_id.value.str()},
         {"keys", more.keys, kMostOfList},
         {"signatures", more.signatures, kMostOfList},
         {"params_sha256", more.params_digest},
         {"params", more.params, kMostOfList},
         {"left_out", broker.refused_starts.left_out()},
         {"remarks", verdict.remarks},
         {"detail", verdict.detail}},
        verdict.admitted ? records::Durable::soon : records::Durable::yes));
    if (!verdict.admitted) {
        broker.log.warning("job-refused",
                           {{"job", verdict.manifest ? verdict.manifest->job_id.value : ""},
                            {"delivery", request.delivery_id.value.str()},
                            {"backend", request.backend.str()},
                            {"reason", admission::code(verdict.reason)},
                            {"left_out", broker.refused_starts.left_out()},
                            {"why", verdict.detail}});
    }
    broker.refused_starts.wrote(!verdict.admitted);
    return {};
}

protocol::StartReply reply_to(const Verdict& verdict) {
    protocol::StartReply reply;
    reply.decision = verdict.admitted ? protocol::Decision::admitted : protocol::Decision::refused;
    reply.reason = protocol::Code::clipped(admission::code(verdict.reason));
    reply.detail = protocol::Detail::clipped(verdict.detail);
    reply.rule = protocol::Label::clipped(verdict.rule);
    if (verdict.early <= admission::kSoon) {
        reply.due_in_s = static_cast<std::uint32_t>(verdict.early.count());
    }
    if (verdict.manifest) {
        reply.job_id.value = protocol::Name::clipped(verdict.manifest->job_id.value);
        reply.output_max = verdict.manifest->output_max;
    }
    return reply;
}

protocol::StartReply recorded_reply(const Verdict& verdict, const StartRequest& request,
                                    Context& broker) {
    const auto written = record(verdict, request, broker);
    tell_audit(broker);
    auto reply =
        written || !verdict.admitted
            ? reply_to(verdict)
            : reply_to(admission::refuse(Reason::audit_write_failed, written.error().what));
    if (reply.decision != protocol::Decision::admitted) count_refusal(reply, request, broker);
    return reply;
}

void count_refusal(const protocol::StartReply& reply, const StartRequest& request,
                   Context& broker) {
    broker.tally.refused({.at = sys::now(),
                          .backend = request.backend.str(),
                          .job_id = reply.job_id.value.str(),
                          .reason = reply.reason.str(),
                          .detail = reply.detail.str()});
    broker.changed();
}

}  // namespace bulkhead::broker
