#include "worker/duties/job_duty.hpp"

#include <algorithm>

#include "worker/duties/job_end.hpp"
#include "worker/duties/start_request.hpp"

namespace bulkhead::worker {

namespace {

using namespace std::chrono_literals;

constexpr const char* kUnusable = "job-unusable";
const std::string kMarkBegin = "@";
const std::string kHashBegin = "sha256:";
constexpr auto kDiskFullWait = 1s;  // between tries; another process has to free space

}  // namespace

JobDuty::JobDuty(const DutyContext& context, const JobDialect& dialect, const JobsConfig& settings,
                 BrokerClient& broker, Spool& spool, const RefusalStore& refusals,
                 const SystemInfo& system, Callbacks callbacks)
    : context_(context),
      dialect_(dialect),
      settings_(settings),
      broker_(broker),
      spool_(spool),
      refusal_store_(refusals),
      system_(system),
      callbacks_(std::move(callbacks)),
      backoff_(context.random),
      early_(context.loop, [this](EarlyJob job) { ask_again(std::move(job)); }) {}

void JobDuty::start() {
    started_ = true;
    open_ = true;
    for (const auto& [number, report] : reports_) report->send_next();
    for (auto one = refusals_.begin(); one != refusals_.end(); ++one) {
        if (!one->request) send_refusal(one);
    }
    if (!dialect_.traits().drains_after_heartbeat) poll();
}

void JobDuty::pause() {
    started_ = false;
    context_.loop.cancel(std::exchange(next_poll_, std::nullopt).value_or(sys::TimerId{}));
    if (polling_) context_.client.cancel(*std::exchange(polling_, std::nullopt));
    tell_held();
}

void JobDuty::drain() {
    draining_ = true;
    pause();
    refuse_early(early_.release_all());
}

// A long poll is given up: the backend hands out nothing to a caller that has gone, and otherwise
// again when the lease ends. An answer of any other poll may be the only one that has the job, so
// it is waited for.
void JobDuty::hold(bool held) {
    held_ = held;
    held_told_ = false;
    if (!held) return poll();
    context_.loop.cancel(std::exchange(next_poll_, std::nullopt).value_or(sys::TimerId{}));
    if (polling_ && dialect_.traits().long_polls) {
        context_.client.cancel(*std::exchange(polling_, std::nullopt));
    }
    tell_held();
}

void JobDuty::tell_held() {
    if (!held_ || held_told_ || polling_ || early_.size() > 0) return;
    held_told_ = true;
    callbacks_.held();
}

void JobDuty::heartbeat_accepted() {
    if (dialect_.traits().drains_after_heartbeat && started_) poll();
}

// --- fetching

bool JobDuty::wants_another() const {
    if (!started_ || draining_ || held_ || polling_) return false;
    const std::size_t most = dialect_.traits().drains_after_heartbeat ? 1 : settings_.max_running;
    return unreported() < most;
}

void JobDuty::poll() {
    if (!wants_another()) return tell_held();
    const auto wait = context_.serves() ? settings_.poll_wait : std::chrono::seconds(0);
    polling_ =
        perform<JobNews>(context_.client, dialect_.next_job(context_.identity, system_, wait),
                         [this](Answer<JobNews> answer) {
                             on_news(std::move(answer));
                             tell_held();
                         });
}

void JobDuty::poll_after(std::chrono::milliseconds delay) {
    next_poll_ = context_.loop.after(delay, [this] { poll(); });
}

void JobDuty::on_news(Answer<JobNews> answer) {
    polling_.reset();
    if (!answer) {
        if (trouble_.failed(answer.error().text)) {
            context_.log.warning("jobs-failed", {{"why", answer.error().text}});
        }
        if (!context_.serves()) return callbacks_.finished(false);
        if (dialect_.traits().drains_after_heartbeat) return;  // the next beat tries again
        return poll_after(backoff_.next(answer.error().retry_after));
    }
    trouble_.clear();
    backoff_.succeeded();
    for (const auto& id : answer->cancels) cancel(id);
    const bool empty = answer->empty();
    if (answer->offer) accept(*std::move(answer->offer));
    if (empty && !context_.serves()) {
        if (idle()) callbacks_.finished(true);
        return;  // else the poll that follows the last report calls finished()
    }
    if (empty && dialect_.traits().drains_after_heartbeat) return;
    poll();
}

void JobDuty::cancel(const DeliveryId& id) {
    const auto end = [this](JobNumber number) {
        const auto done = broker_.call(protocol::CancelJob{.number = number});
        if (!done) context_.fatal(done.error());
    };
    for (const auto& [number, report] : reports_) {
        if (report->id() == id && report->running() && !report->is_abandoned()) end(number);
    }
    for (const auto& [number, job] : pending_spools_) {
        if (job->label.delivery_id == id && !job->end && !job->of_another) end(number);
    }
    refuse_early(early_.release(id));
}

void JobDuty::cancel_all() {
    for (const auto& id : running_ids()) cancel(id);
}

// --- starting

void JobDuty::accept(JobOffer offer) {
    // Delivered twice: it is being run or reported.
    if (std::ranges::count(running_ids(), offer.id) > 0 || early_.holds(offer.id)) return;
    for (const auto& refusal : refusals_) {
        if (refusal.what.delivery_id == offer.id) return;
    }
    if (const auto* unusable = std::get_if<UnusableJob>(&offer.work)) {
        return refuse(offer.id, kUnusable, unusable->reason, "");
    }
    ask(std::move(offer), 1);
}

void JobDuty::ask(JobOffer offer, unsigned asked) {
    auto reply = ask_broker(offer);
    if (!reply) return refuse(offer.id, kUnusable, reply.error().what, "");
    if (!*reply) return;
    auto& answer = **reply;
    if (answer.decision == protocol::Decision::admitted) {
        return on_admitted(offer, std::move(answer));
    }
    KeptRefusal what{.backend = context_.config.name,
                     .delivery_id = offer.id,
                     .reason = answer.reason.str(),
                     .detail = answer.detail.str(),
                     .rule = answer.rule.str()};
    const std::chrono::seconds due_in(answer.due_in_s);
    EarlyJob job{.offer = std::move(offer), .refusal = what, .asked = asked};
    if (due_in.count() == 0 || draining_ || !early_.takes(job)) return refuse(std::move(what));
    context_.log.info("job-early", {{"delivery", job.offer.id.value}, {"detail", what.detail}});
    // So that a worker which does not live to ask again is followed by one that reports this.
    keep(what);
    early_.hold(std::move(job), due_in);
}

void JobDuty::ask_again(EarlyJob job) {
    // The next worker would report a refusal that is still there, of a job that runs.
    if (!forget(job.offer.id)) return refuse(std::move(job.refusal));
    ask(std::move(job.offer), job.asked + 1);
    poll_again();
}

void JobDuty::refuse_early(std::vector<EarlyJob> jobs) {
    for (auto& job : jobs) refuse(std::move(job.refusal));
}

// An error concerns the offer. Nothing if the broker is gone, and fatal() has been called: the job
// may have been started, so it is not refused, and the next broker knows.
Result<std::optional<protocol::StartReply>> JobDuty::ask_broker(const JobOffer& offer) {
    const auto ask = [this](const auto& request) -> std::optional<protocol::StartReply> {
        auto reply = broker_.call(request);
        if (reply) return *std::move(reply);
        context_.fatal(reply.error());
        return {};
    };
    const auto streams =
        dialect_.traits().merged_output ? protocol::Streams::merged : protocol::Streams::separate;
    if (const auto* job = std::get_if<CatalogueJob>(&offer.work)) {
        return ask(TRY(start_request(as_told(offer.id), *job, streams)));
    }
    return ask(TRY(start_request(as_told(offer.id), std::get<ScriptJob>(offer.work), streams)));
}

void JobDuty::on_admitted(const JobOffer& offer, protocol::StartReply reply) {
    if (!reply.out || !reply.err) return context_.fatal({"the broker admitted without pipes"});
    callbacks_.happened({.event = "started", .delivery_id = offer.id.value});
    start_report(std::make_shared<PendingSpool>(
        PendingSpool{.number = reply.number,
                     .label = {.backend = context_.config.name,
                               .delivery_id = offer.id,
                               .job_id = {reply.job_id.value.str()},
                               .output_max = reply.output_max},
                     .pipes = {.ends = {std::move(reply.out->fd), std::move(reply.err->fd)}},
                     .rule = reply.rule.str(),
                     .end = std::nullopt,
                     .remarks = ""}));
}

// The job runs already. While the disk is full its pipes fill up and its writes block (pipe(7)).
void JobDuty::start_report(const std::shared_ptr<PendingSpool>& job) {
    auto* spool = spool_.find(job->number);
    if (spool == nullptr) {
        auto made = spool_.create(job->number, job->label);
        if (!made && !is_disk_full(made.error())) return context_.fatal(made.error());
        if (!made) {
            if (pending_spools_.emplace(job->number, job).second) {
                context_.log.warning("disk-full", {{"delivery", job->label.delivery_id.value}});
            }
            context_.loop.after(kDiskFullWait, [this, job] { start_report(job); });
            return;
        }
        spool = *made;
    }
    pending_spools_.erase(job->number);
    auto& slot = reports_[job->number];
    slot = std::make_unique<JobReport>(
        JobRoute{context_, dialect_, open_}, job->number, job->label.delivery_id, *spool,
        std::move(job->pipes), job->rule, [this, number = job->number] { on_reported(number); });
    const auto started = slot->start();
    if (!started) return context_.fatal(started.error());
    if (job->of_another) {
        slot->abandon();
        if (job->end) on_reported(job->number);
        return;
    }
    if (job->end) slot->job_ended(*job->end, job->remarks);
}

DeliveryId JobDuty::as_told(const DeliveryId& id) const {
    if (mark_.empty()) return id;
    const auto ending = kMarkBegin + mark_;
    if (id.value.size() + ending.size() <= protocol::Label::kMax) return {id.value + ending};
    return {kHashBegin + crypto::hex(crypto::sha256(as_bytes(id.value))) + ending};
}

// Of a hash only the spool knows what it was made of. Nothing if the job is of another enrolment,
// or a worker died before it had a spool.
std::optional<DeliveryId> JobDuty::of_told(JobNumber number, const std::string& told) const {
    const auto* spool = spool_.find(number);
    if (spool != nullptr && as_told(spool->label().delivery_id).value == told) {
        return spool->label().delivery_id;
    }
    const auto ending = mark_.empty() ? "" : kMarkBegin + mark_;
    if (!told.ends_with(ending)) return {};
    DeliveryId id{told.substr(0, told.size() - ending.size())};
    const bool hashed = !mark_.empty() && id.value.starts_with(kHashBegin) &&
                        id.value.size() == kHashBegin.size() + 2 * sizeof(crypto::Digest);
    return hashed ? std::nullopt : std::optional(std::move(id));
}

void JobDuty::forget_all() {
    while (!refusals_.empty()) {
        const auto& refusal = refusals_.front();
        if (refusal.request) context_.client.cancel(*refusal.request);
        forget(refusal.what.delivery_id);
        refusals_.pop_front();
    }
    for (const auto& job : early_.release_all()) forget(job.offer.id);
    std::vector<JobNumber> ended;
    for (const auto& [number, report] : reports_) {
        report->abandon();
        if (!report->running()) ended.push_back(number);
    }
    for (const auto& [number, job] : pending_spools_) job->of_another = true;
    for (const auto number : ended) on_reported(number);
}

void JobDuty::adopt(protocol::UnreportedJob job) {
    auto out = job.out ? std::move(job.out->fd) : sys::Fd();
    auto err = job.err ? std::move(job.err->fd) : sys::Fd();
    const auto& told = job.delivery_id.value.str();
    auto id = of_told(job.number, told);
    const bool ours = id.has_value();
    if (!ours) {
        context_.log.warning("job-of-earlier-enrolment",
                             {{"delivery", told},
                              {"advice",
                               "its output and result are not reported; bulkhead jobs has "
                               "how it ended"}});
    }
    start_report(std::make_shared<PendingSpool>(
        PendingSpool{.number = job.number,
                     .label = {.backend = context_.config.name,
                               .delivery_id = id.value_or(DeliveryId{told}),
                               .job_id = {job.job_id.value.str()},
                               .output_max = job.output_max},
                     .pipes = {.ends = {std::move(out), std::move(err)}, .run = job.runs},
                     .rule = "",
                     .end = job.ended ? std::optional(job.end) : std::nullopt,
                     .remarks = job.remarks.str(),
                     .of_another = !ours}));
}

bool JobDuty::exited(const protocol::JobExited& exited) {
    if (const auto waiting = pending_spools_.find(exited.number);
        waiting != pending_spools_.end()) {
        if (!waiting->second->of_another) tell_end(waiting->second->label.delivery_id, exited.end);
        waiting->second->end = exited.end;
        waiting->second->remarks = exited.remarks.str();
        return true;
    }
    const auto found = reports_.find(exited.number);
    if (found == reports_.end()) return false;
    if (found->second->is_abandoned()) {
        on_reported(exited.number);
        return true;
    }
    tell_end(found->second->id(), exited.end);
    found->second->job_ended(exited.end, exited.remarks.str());
    return true;
}

void JobDuty::tell_end(const DeliveryId& id, const protocol::JobEnd& end) const {
    const auto result = result_of(end);
    callbacks_.happened({.event = "ended",
                         .delivery_id = id.value,
                         .outcome = std::string(name_of(result.outcome)),
                         .reason = result.reason,
                         .exit_code = result.exit_code,
                         .signal = result.signal});
}

// --- reporting

void JobDuty::on_reported(JobNumber number) {
    const auto done = broker_.call(protocol::AckJob{.number = number});
    if (!done) return context_.fatal(done.error());
    reports_.erase(number);
    if (const auto removed = spool_.remove(number); !removed) {
        context_.log.warning("spool-failed", {{"why", removed.error().what}});
    }
    poll_again();
}

void JobDuty::refuse(const DeliveryId& id, std::string reason, std::string detail,
                     std::string rule) {
    refuse({.backend = context_.config.name,
            .delivery_id = id,
            .reason = std::move(reason),
            .detail = std::move(detail),
            .rule = std::move(rule)});
}

void JobDuty::keep(const KeptRefusal& what) {
    if (const auto kept = refusal_store_.keep(what); !kept) {
        context_.log.warning("refusals-unsaved", {{"why", kept.error().what}});
    }
}

bool JobDuty::forget(const DeliveryId& id) {
    const auto done = refusal_store_.forget(context_.config.name, id);
    if (!done) context_.log.warning("refusals-unsaved", {{"why", done.error().what}});
    return done.has_value();
}

void JobDuty::refuse(KeptRefusal what) {
    keep(what);
    // What root refuses, root logs.
    if (what.reason == kUnusable) {
        context_.log.warning("job-unusable",
                             {{"delivery", what.delivery_id.value}, {"why", what.detail}});
    }
    callbacks_.happened({.event = "refused",
                         .delivery_id = what.delivery_id.value,
                         .outcome = std::string(name_of(JobOutcome::refused)),
                         .reason = what.reason});
    adopt(std::move(what));
    send_refusal(std::prev(refusals_.end()));
}

void JobDuty::adopt(KeptRefusal refusal) {
    refusals_.push_back({std::move(refusal), Backoff(context_.random), std::nullopt});
}

void JobDuty::send_refusal(std::list<Refusal>::iterator refusal) {
    static const auto nothing = crypto::hex(crypto::sha256({}));
    const auto& what = refusal->what;
    JobResult result;
    result.delivery_id = what.delivery_id;
    result.outcome = JobOutcome::refused;
    result.reason = what.reason;
    result.detail = what.detail;
    result.rule = what.rule;
    result.out.sha256 = nothing;
    result.err.sha256 = nothing;
    refusal->request = perform<void>(
        context_.client, dialect_.result(context_.identity, result),
        [this, refusal](Answer<> answer) {
            if (answer || !is_repeatable(answer.error())) return forget_refusal(refusal);
            if (!context_.serves() && answer.error().kind == Failure::Kind::credential_rejected) {
                refusal->request.reset();
                return callbacks_.finished(false);
            }
            context_.loop.after(refusal->backoff.next(answer.error().retry_after),
                                [this, refusal] { send_refusal(refusal); });
        });
}

void JobDuty::forget_refusal(std::list<Refusal>::iterator refusal) {
    forget(refusal->what.delivery_id);
    refusals_.erase(refusal);
    poll_again();
}

void JobDuty::poll_again() {
    callbacks_.settled();
    poll();
}

std::vector<DeliveryId> JobDuty::running_ids() const {
    std::vector<DeliveryId> ids;
    for (const auto& [number, report] : reports_) {
        if (!report->is_abandoned()) ids.push_back(report->id());
    }
    for (const auto& [number, job] : pending_spools_) {
        if (!job->of_another) ids.push_back(job->label.delivery_id);
    }
    return ids;
}

void JobDuty::describe(JsonWriter& json) const {
    json.begin_array("jobs");
    for (const auto& [number, report] : reports_) report->describe(json);
    json.end();
    json.put("refusals_to_report", refusals_.size());
    if (held_) json.put("jobs_held", true);
    if (early_.size() > 0) json.put("jobs_too_early_yet", early_.size());
    if (trouble_.stands()) json.put("jobs_trouble", trouble_.why());
}

void JobDuty::tell(std::vector<Trouble>& all) const {
    trouble_.tell(all, "jobs");
    for (const auto& [number, report] : reports_) report->tell(all);
}

}  // namespace bulkhead::worker
