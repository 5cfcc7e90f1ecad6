#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "broker/context/profiles.hpp"
#include "broker/handlers/handlers.hpp"
#include "common/admission/admit.hpp"
#include "common/admission/host_facts.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::broker {

namespace {

using admission::JobBytes, admission::Reason, admission::Verdict;

constexpr std::uint64_t kMaxSignatures = 16_KiB;

// What a delivery is known by, the same in both kinds. The backend is who asks.
struct Delivery {
    const protocol::BackendName& backend;
    const protocol::DeliveryId& id;
    protocol::Streams streams;
};

crypto::Digest digest_of(const Delivery& delivery) {
    return crypto::sha256(as_bytes(delivery.backend.str() + "\n" + delivery.id.value.str()));
}

std::vector<admission::ParamValue> values(const auto& params) {
    std::vector<admission::ParamValue> out;
    for (const auto& param : params.items) out.push_back({param.name.str(), param.value.str()});
    return out;
}

admission::HostFacts facts(const Delivery& delivery, Context& broker) {
    auto facts = host::look_at(broker.policy->policy, broker.policy_directory);
    const auto& backend = delivery.backend.str();
    if (broker.intake.suspended(backend, broker.audit) || broker.draining) {
        facts.intake_suspended = true;
    }
    if (broker.reboot != nullptr && broker.reboot->pending()) {
        facts.intake_suspended = true;
        facts.suspended_by = "the host is about to restart, as a job asked";
    }
    facts.running_jobs = broker.jobs.running();
    facts.max_running_jobs =
        broker.jobs.has_room(backend, broker.backends) ? kMaxRunning : facts.running_jobs;
    for (const auto& [name, seen] : broker.policy->profiles) {
        auto& of_profile = facts.profiles[name];
        of_profile.unusable = seen.unusable;
        // First, for what is told of them has an end.
        of_profile.remarks.insert(of_profile.remarks.begin(), seen.remarks.begin(),
                                  seen.remarks.end());
        of_profile.running = broker.jobs.running(name);
    }
    return facts;
}

Result<std::string> sealed_bytes(const sys::Fd& fd, std::uint64_t max) {
    TRY(sys::require_sealed(fd, max));
    return sys::read_from_start(fd, max);
}

// The script that was judged: the backend's, or the one that lies in policy; empty where policy has
// none of that name.
std::string_view script_of(const JobBytes& job, const policy::Policy& policy) {
    if (job.kind == JobBytes::Kind::script) return job.script;
    const auto* entry = policy::find(policy.approved, job.name);
    return entry != nullptr && entry->script ? std::string_view(*entry->script) : "";
}

protocol::StartReply reply_to(const Verdict& verdict) {
    protocol::StartReply reply;
    reply.decision = verdict.admitted ? protocol::Decision::admitted : protocol::Decision::refused;
    reply.reason = protocol::Code::clipped(admission::code(verdict.reason));
    reply.detail = protocol::Detail::clipped(verdict.detail);
    reply.rule = protocol::Label::clipped(verdict.rule);
    if (verdict.manifest) {
        reply.job_id.value = protocol::Name::clipped(verdict.manifest->job_id.value);
        reply.output_max = verdict.manifest->output_max;
    }
    return reply;
}

// A decision that cannot be recorded must not be carried out. An admission is forced to disk with
// the ledger's record of the start, by Jobs, before there is a process. Of refusals only so many
// are recorded, the others counted.
Result<> record(const Verdict& verdict, const Delivery& delivery, std::string_view script,
                Context& broker) {
    if (!verdict.admitted && !broker.refused_starts.admits(sys::Clock::now())) return {};
    TRY(broker.audit.event(
        "verdict",
        {{"decision", verdict.admitted ? "admit" : "refuse"},
         {"reason", admission::code(verdict.reason)},
         {"job", verdict.manifest ? verdict.manifest->job_id.value : ""},
         {"manifest", verdict.manifest ? crypto::hex(verdict.manifest->digest) : ""},
         {"script", crypto::hex(crypto::sha256(as_bytes(script)))},
         {"profile", verdict.manifest ? verdict.manifest->profile : ""},
         {"rule", verdict.rule},
         {"signers", verdict.signers},
         {"backend", delivery.backend.str()},
         {"delivery", delivery.id.value.str()},
         {"left_out", broker.refused_starts.left_out()},
         {"remarks", verdict.remarks},
         {"detail", verdict.detail}},
        verdict.admitted ? records::Durable::soon : records::Durable::yes));
    broker.refused_starts.wrote(!verdict.admitted);
    return {};
}

protocol::StartReply recorded_reply(const Verdict& verdict, const Delivery& delivery,
                                    std::string_view script, Context& broker) {
    const auto written = record(verdict, delivery, script, broker);
    if (written) return reply_to(verdict);
    broker.log.error("audit log: verdict", {{"why", written.error().what}});
    if (!verdict.admitted) return reply_to(verdict);
    return reply_to(admission::refuse(Reason::audit_write_failed, written.error().what));
}

// Ties the verdict to the number under which its end will be found.
void note_start(JobNumber number, const Verdict& verdict, const Delivery& delivery,
                Context& broker) {
    const auto written = broker.audit.event("job-started",
                                            {{"number", number.value},
                                             {"job", verdict.manifest->job_id.value},
                                             {"manifest", crypto::hex(verdict.manifest->digest)},
                                             {"profile", verdict.manifest->profile},
                                             {"signers", verdict.signers},
                                             {"delivery", delivery.id.value.str()}},
                                            records::Durable::later);
    if (!written) broker.log.error("audit log: start", {{"why", written.error().what}});
}

Result<JobPlan> plan_for(const Verdict& verdict, const JobBytes& job, const Delivery& delivery,
                         const Context& broker) {
    const auto& policy = broker.policy->policy;
    const auto& profile = policy.profiles.find(verdict.manifest->profile)->second;
    auto plan = TRY(plan_of(profile, *broker.policy, broker));
    plan.interpreter = verdict.manifest->interpreter;
    plan.arguments = verdict.arguments;
    plan.script = TRY(sys::sealed_memfd("job", as_bytes(script_of(job, policy))));
    plan.script_name = verdict.manifest->job_id.value;
    plan.environment.push_back("BULKHEAD_JOB_ID=" + verdict.manifest->job_id.value);
    for (const auto& param : job.params) {
        plan.environment.push_back("JOB_P_" + param.name + "=" + param.value);
    }
    if (plan.ids.user.uid == 0) {
        plan.reboot_mark = broker.reboot_directory + "/" + crypto::hex(job.delivery_digest);
        plan.environment.push_back("BULKHEAD_REBOOT_MARK=" + plan.reboot_mark);
    }
    plan.remarks = verdict.remarks;
    plan.init_stays = true;
    plan.merged = delivery.streams == protocol::Streams::merged;
    return plan;
}

// What a job needs that goes on after the restart it may ask for.
KeptJob kept_of(const JobBytes& job, const auto& params, const Delivery& delivery,
                const Context& broker) {
    KeptJob kept;
    kept.boot = decltype(kept.boot)::clipped(broker.boot);
    kept.backend = delivery.backend;
    kept.delivery_id = delivery.id;
    kept.streams = delivery.streams;
    kept.params = params;
    kept.catalogue = job.kind == JobBytes::Kind::catalogue;
    kept.name = protocol::Name::clipped(job.name);
    kept.with_manifest = job.manifest.has_value();
    kept.script = job.script;
    kept.manifest = job.manifest.value_or("");
    kept.signatures = job.signatures;
    return kept;
}

records::Start start_of(const approval::Manifest& manifest, const JobBytes& job,
                        const Delivery& delivery) {
    records::Start start;
    start.manifest = manifest.digest;
    start.job_id_digest = crypto::sha256(as_bytes(manifest.job_id.value));
    start.delivery_digest = job.delivery_digest;
    start.started = sys::now();
    // Until when the ledger keeps it. Of what may run again only the last day counts, as a quota.
    start.not_after = manifest.runs.once() ? manifest.not_after : start.started;
    start.output_max = manifest.output_max;
    start.job_id.value = protocol::Name::clipped(manifest.job_id.value);
    start.backend = delivery.backend;
    start.delivery_id = delivery.id;
    start.profile = protocol::Name::clipped(manifest.profile);
    return start;
}

Result<protocol::StartReply> decide(const JobBytes& job, const auto& params,
                                    const Delivery& delivery, Context& broker) {
    const auto verdict = admission::admit(job, broker.policy->policy, facts(delivery, broker),
                                          broker.ledger.view(), sys::now());
    const auto answer = [&](const Verdict& last) {
        return recorded_reply(last, delivery, script_of(job, broker.policy->policy), broker);
    };
    if (!verdict.admitted) return answer(verdict);
    auto plan = plan_for(verdict, job, delivery, broker);
    if (!plan) return answer(admission::refuse(Reason::profile_unusable, plan.error().what));
    if (verdict.manifest->resumes && !plan->reboot_mark.empty())
        plan->kept = kept_of(job, params, delivery, broker);
    auto reply = answer(verdict);
    if (reply.decision != protocol::Decision::admitted) return reply;
    const auto number = broker.jobs.start(*plan, start_of(*verdict.manifest, job, delivery),
                                          verdict.manifest->timeout);
    if (!number) {
        return answer(admission::refuse(Reason::ledger_write_failed, number.error().what));
    }
    reply.number = *number;
    note_start(*number, verdict, delivery, broker);
    auto [out, err] = TRY(broker.jobs.pipes(*number));
    reply.out = protocol::Handle{std::move(out)};
    reply.err = protocol::Handle{std::move(err)};
    return reply;
}

}  // namespace

// Safe because: nothing runs that admit() has not found approved, byte for byte, by policy's
// signers or by policy itself; the bytes judged are the bytes run, from a memfd of our own; and the
// ledger holds the start before the process exists.
Result<protocol::StartReply> handle(const protocol::StartJob& request, const Caller& caller,
                                    Context& broker) {
    const Delivery delivery{caller.backend, request.delivery_id, request.streams};
    const auto script = sealed_bytes(request.script.fd, approval::kMaxScript);
    Result<std::string> manifest{""};
    Result<std::string> signatures{""};
    if (request.manifest) manifest = sealed_bytes(request.manifest->fd, approval::kMaxManifest);
    if (request.signatures) signatures = sealed_bytes(request.signatures->fd, kMaxSignatures);
    for (const auto* bytes :
         std::array{&script, &std::as_const(manifest), &std::as_const(signatures)}) {
        if (*bytes) continue;
        const auto& error = bytes->error();
        const auto refused = admission::refuse(
            error.kind == Error::Kind::too_large ? Reason::size_exceeded : Reason::not_sealed,
            error.what);
        return recorded_reply(refused, delivery, "", broker);
    }
    JobBytes job;
    job.script = *script;
    if (request.manifest) job.manifest = *manifest;
    job.signatures = *signatures;
    job.params = values(request.params);
    job.delivery_digest = digest_of(delivery);
    return decide(job, request.params, delivery, broker);
}

// Safe because: as above; the script does not even come from the worker.
Result<protocol::StartReply> handle(const protocol::StartCatalogueJob& request,
                                    const Caller& caller, Context& broker) {
    const Delivery delivery{caller.backend, request.delivery_id, request.streams};
    JobBytes job;
    job.kind = JobBytes::Kind::catalogue;
    job.name = request.name.str();
    job.params = values(request.params);
    job.delivery_digest = digest_of(delivery);
    return decide(job, request.params, delivery, broker);
}

// Safe because: as above, judged anew by the policy of now, as of the time when it began, as if
// that had not been: it is the same run. It runs once, for its leave is gone from the disk.
void resume(const KeptJob& kept, const records::Unreported& left, Context& broker) {
    const Delivery delivery{kept.backend, kept.delivery_id, kept.streams};
    JobBytes job;
    job.kind = kept.catalogue ? JobBytes::Kind::catalogue : JobBytes::Kind::script;
    job.script = kept.script;
    if (kept.with_manifest) job.manifest = kept.manifest;
    job.signatures = kept.signatures;
    job.name = kept.name.str();
    job.params = values(kept.params);
    job.delivery_digest = digest_of(delivery);
    const auto past = broker.ledger.view();
    std::vector<admission::PastRun> others(past.runs.begin(), past.runs.end());
    std::erase_if(others,
                  [&](const auto& run) { return run.delivery_digest == job.delivery_digest; });
    auto verdict =
        admission::admit(job, broker.policy->policy, facts(delivery, broker),
                         {.runs = others, .clock_floor = left.start.started}, left.start.started);
    if (verdict.admitted && verdict.manifest->digest != left.start.manifest) {
        verdict = admission::refuse(Reason::not_approved, "not the manifest that it began with");
    }
    auto plan = verdict.admitted
                    ? plan_for(verdict, job, delivery, broker)
                    : Result<JobPlan>(fail("refused by the policy of now: " + verdict.detail));
    const auto recorded = record(verdict, delivery, script_of(job, broker.policy->policy), broker);
    if (!recorded) plan = std::unexpected(recorded.error());
    if (!plan) return broker.jobs.give_up(left.number, plan.error().what);
    plan->environment.emplace_back("BULKHEAD_REBOOTED=1");
    note_start(left.number, verdict, delivery, broker);
    broker.jobs.resume(left.number, *plan, verdict.manifest->timeout);
}

}  // namespace bulkhead::broker
