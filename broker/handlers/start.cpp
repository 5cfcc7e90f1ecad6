#include "broker/handlers/start.hpp"

#include "broker/context/memory.hpp"
#include "broker/context/profiles.hpp"
#include "broker/handlers/handlers.hpp"
#include "common/admission/host_facts.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::broker {

namespace {

using admission::JobBytes, admission::Reason, admission::Verdict;

admission::HostFacts facts(const StartRequest& request, Context& broker) {
    auto facts = admission::look_at(broker.policy->policy, broker.policy_directory);
    const auto& backend = request.backend.str();
    if (broker.intake.suspended(backend, broker.audit) || broker.draining) {
        facts.intake_suspended = true;
    }
    if (const auto& why = broker.intake.held(); !why.empty()) {
        facts.intake_suspended = true;
        facts.suspended_by = why;
    }
    if (!broker.ledger.readable()) {
        facts.intake_suspended = true;
        facts.suspended_by = "the ledger: " + broker.ledger.later();
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
        // These come first: the reply holds a bounded number of bytes of remarks.
        of_profile.remarks.insert(of_profile.remarks.begin(), seen.remarks.begin(),
                                  seen.remarks.end());
        of_profile.running = broker.jobs.running(name);
    }
    return facts;
}

// The verdict of the policy in force, and after a rejected reload also of what is granted now.
Verdict judge(const StartRequest& request, const admission::LedgerView& ledger, UnixTime now,
              Context& broker) {
    const auto of_host = facts(request, broker);
    auto verdict = admission::admit(request.job, broker.policy->policy, of_host, ledger, now);
    if (!verdict.admitted || broker.granted_now == nullptr) return verdict;
    auto second = admission::admit(request.job, *broker.granted_now, of_host, ledger, now);
    if (!second.admitted) return second;
    if (second.manifest->digest == verdict.manifest->digest) return verdict;
    return admission::refuse(Reason::not_approved,
                             "the policy directory has another manifest for it now", verdict);
}

// Ties the verdict to the number under which its end will be found.
void note_start(JobNumber number, const Verdict& verdict, const StartRequest& request,
                Context& broker) {
    broker.log.info("job-started", {{"number", number.value},
                                    {"job", verdict.manifest->job_id.value},
                                    {"delivery", request.delivery_id.value.str()},
                                    {"backend", request.backend.str()},
                                    {"profile", verdict.manifest->profile},
                                    {"rule", verdict.rule}});
    note(broker, "job-started",
         {{"number", number.value},
          {"job", verdict.manifest->job_id.value},
          {"manifest", crypto::hex(verdict.manifest->digest)},
          {"profile", verdict.manifest->profile},
          {"signers", verdict.signers},
          {"delivery", request.delivery_id.value.str()},
          {"ledger_records", broker.ledger.records()},
          {"ledger_head", crypto::hex(broker.ledger.head())}},
         records::Durable::later);
}

// The script that was judged goes into a memfd of our own, which nobody else can write to.
Result<JobPlan> plan_for(const Verdict& verdict, const StartRequest& request,
                         const Context& broker) {
    const auto& manifest = *verdict.manifest;
    auto plan = TRY(plan_of(*verdict.profile, *broker.policy, broker));
    plan.interpreter = manifest.interpreter;
    plan.arguments = verdict.arguments;
    plan.script = TRY(sys::sealed_memfd("job", as_bytes(verdict.script)));
    plan.script_name = manifest.job_id.value;
    plan.environment.push_back("BULKHEAD_JOB_ID=" + manifest.job_id.value);
    for (const auto& param : request.job.params) {
        plan.environment.push_back("JOB_P_" + param.name + "=" + param.value);
        for (const auto& rule : manifest.params) {
            if (rule.name != param.name || rule.prefix.empty()) continue;
            plan.paths.push_back({param.name, param.value, rule.prefix});
        }
    }
    if (plan.ids.user.uid == 0) {
        plan.reboot_mark = broker.reboot_directory + "/" + crypto::hex(request.job.delivery_digest);
        plan.environment.push_back("BULKHEAD_REBOOT_MARK=" + plan.reboot_mark);
    }
    plan.remarks = verdict.remarks;
    plan.init_stays = true;
    plan.merged = request.streams == protocol::Streams::merged;
    return plan;
}

// All that start() needs to run the job again after a restart of the host.
KeptJob kept_of(const StartRequest& request, const Context& broker) {
    const auto& job = request.job;
    KeptJob kept;
    kept.boot = decltype(kept.boot)::clipped(broker.boot);
    kept.backend = request.backend;
    kept.delivery_id = request.delivery_id;
    kept.streams = request.streams;
    kept.params = request.params;
    kept.catalogue = job.kind == JobBytes::Kind::catalogue;
    kept.name = protocol::Name::clipped(job.name);
    kept.with_manifest = job.manifest.has_value();
    kept.script = job.script;
    kept.manifest = job.manifest.value_or("");
    kept.signatures = job.signatures;
    return kept;
}

records::Start start_of(const approval::Manifest& manifest, const StartRequest& request) {
    records::Start start;
    start.manifest = manifest.digest;
    start.job_key = admission::job_key(manifest.profile, manifest.job_id.value);
    start.delivery_digest = request.job.delivery_digest;
    start.started = sys::now();
    // By both the ledger knows how long to keep the record: a job that may run again is only looked
    // up for its quota. The end of a one-shot job's approval lies later than its start.
    start.period = static_cast<std::uint32_t>(manifest.runs.period.count());
    start.not_after = manifest.runs.once()
                          ? std::max(manifest.not_after, start.started + std::chrono::seconds(1))
                          : start.started;
    start.output_max = manifest.output_max;
    start.job_id.value = protocol::Name::clipped(manifest.job_id.value);
    start.backend = request.backend;
    start.delivery_id = request.delivery_id;
    start.profile = protocol::Name::clipped(manifest.profile);
    return start;
}

// On disk before a job starts: what was approved, and the policy by which.
Result<> keep_evidence(const Verdict& verdict, Context& broker) {
    auto& evidence = broker.evidence;
    TRY(evidence.keep(broker.policy->policy));
    TRY(evidence.keep(verdict.manifest_bytes));
    TRY(evidence.keep(verdict.script));
    for (const auto& one : verdict.signatures) TRY(evidence.keep(one.text));
    return {};
}

struct Ready {
    JobPlan plan;
    Jobs::Pipes pipes;
};

// All of an admitted job's start that may fail, before the verdict is recorded: a delivery has one.
std::expected<Ready, Verdict> make_ready(const Verdict& verdict, const StartRequest& request,
                                         Context& broker) {
    const auto refused = [&](Reason reason, const Error& error) {
        return std::unexpected(admission::refuse(reason, error.what, verdict));
    };
    auto plan = plan_for(verdict, request, broker);
    if (!plan) return refused(Reason::profile_unusable, plan.error());
    if (verdict.manifest->resumes && !plan->reboot_mark.empty()) {
        plan->kept = kept_of(request, broker);
    }
    const auto kept = keep_evidence(verdict, broker);
    if (!kept) {
        broker.troubles.set("evidence-unwritable",
                            kept.error().what +
                                "; no job starts: make room on, or repair, the file system of " +
                                broker.state_directory);
    }
    if (!kept) return refused(Reason::evidence_write_failed, kept.error());
    broker.troubles.clear("evidence-unwritable");
    auto pipes = broker.jobs.prepare(*plan);
    if (!pipes || broker.troubles.stands(kLedgerUnwritable)) watch_memory(broker);
    if (!pipes) return refused(Reason::ledger_write_failed, pipes.error());
    return Ready{*std::move(plan), *std::move(pipes)};
}

// There is a verdict already, and no process: the ledger's record could not be written.
void note_failure(const Error& error, const Verdict& verdict, const StartRequest& request,
                  Context& broker) {
    note(broker, "start-failed",
         {{"job", verdict.manifest->job_id.value},
          {"manifest", crypto::hex(verdict.manifest->digest)},
          {"backend", request.backend.str()},
          {"delivery", request.delivery_id.value.str()},
          {"reason", admission::code(Reason::ledger_write_failed)},
          {"detail", error.what}});
}

}  // namespace

Result<protocol::StartReply> start(const StartRequest& request, Context& broker) {
    take_acceptance(broker);
    const auto clocks = sys::read_clocks();
    auto verdict = judge(request, broker.ledger.view(clocks), clocks.now, broker);
    if (verdict.reason == Reason::delivery_already_run) {
        verdict.detail = "delivery " + quoted(request.delivery_id.value.str()) + " of backend " +
                         request.backend.str() + " was " + verdict.detail;
    }
    if (!verdict.admitted) return recorded_reply(verdict, request, broker);
    auto ready = make_ready(verdict, request, broker);
    if (!ready) return recorded_reply(ready.error(), request, broker);
    auto reply = recorded_reply(verdict, request, broker);
    if (reply.decision != protocol::Decision::admitted) return reply;
    const auto number =
        broker.jobs.start(std::move(ready->pipes), ready->plan,
                          start_of(*verdict.manifest, request), verdict.manifest->timeout);
    if (!number) {
        watch_memory(broker);
        note_failure(number.error(), verdict, request, broker);
        reply = reply_to(admission::refuse(Reason::ledger_write_failed, number.error().what));
        count_refusal(reply, request, broker);
        return reply;
    }
    reply.number = *number;
    note_start(*number, verdict, request, broker);
    broker.changed();
    auto [out, err] = TRY(broker.jobs.pipes(*number));
    reply.out = protocol::Handle{std::move(out)};
    reply.err = protocol::Handle{std::move(err)};
    return reply;
}

// Safe because: the job is judged anew by the policy in force, with the time of its first start and
// without that start in the ledger, because it is the same run. It runs once more and no more: the
// file that permits it was removed from the disk before.
void resume(const KeptJob& kept, const records::Unreported& left, Context& broker) {
    StartRequest request(kept.backend, kept);
    auto& job = request.job;
    job.kind = kept.catalogue ? JobBytes::Kind::catalogue : JobBytes::Kind::script;
    job.script = kept.script;
    if (kept.with_manifest) job.manifest = kept.manifest;
    job.signatures = kept.signatures;
    job.name = kept.name.str();
    const auto past = broker.ledger.view();
    std::vector<admission::PastRun> others(past.runs.begin(), past.runs.end());
    std::erase_if(others,
                  [&](const auto& run) { return run.delivery_digest == job.delivery_digest; });
    // The birth was judged when it began: it is in the ledger.
    auto verdict = judge(request,
                         {.runs = others,
                          .clock_floor = left.start.started,
                          .birth = UnixTime{},
                          .memory = past.memory},
                         left.start.started, broker);
    if (verdict.admitted && verdict.manifest->digest != left.start.manifest) {
        verdict =
            admission::refuse(Reason::not_approved, "not the manifest that it began with", verdict);
    }
    auto plan = verdict.admitted
                    ? plan_for(verdict, request, broker)
                    : Result<JobPlan>(fail("refused by the policy of now: " + verdict.detail));
    if (plan) {
        const auto evidence = keep_evidence(verdict, broker);
        if (!evidence) plan = std::unexpected(evidence.error());
    }
    if (verdict.admitted && !plan) {
        verdict = admission::refuse(Reason::profile_unusable, plan.error().what, verdict);
    }
    const auto recorded = record(verdict, request, broker);
    if (!recorded) plan = std::unexpected(recorded.error());
    if (!plan) return broker.jobs.give_up(left.number, plan.error().what);
    plan->environment.emplace_back("BULKHEAD_REBOOTED=1");
    note_start(left.number, verdict, request, broker);
    broker.jobs.resume(left.number, *plan, verdict.manifest->timeout);
}

}  // namespace bulkhead::broker
