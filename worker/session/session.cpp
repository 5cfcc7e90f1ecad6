#include "worker/session/session.hpp"

#include "worker/backend/json/bpf_support_json.hpp"
#include "worker/backend/json/troubles_json.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/telemetry.hpp"
#include "worker/session/curl_age.hpp"

namespace bulkhead::worker {

namespace {

// How often credential files are read again while no credential is accepted.
constexpr std::chrono::seconds kCredentialPoll(10);
constexpr std::size_t kMostTroubles = 16;

}  // namespace

Result<Session::Parts> Session::prepare(const SessionInputs& inputs) {
    const auto& config = inputs.config.backends.front();
    const auto* row = find_dialect(config.dialect);
    if (row == nullptr) return fail("unknown dialect " + config.dialect);
    auto client = TRY(HttpClient::create(inputs.loop, http_settings(config, BULKHEAD_VERSION)));
    auto dialect = row->make(config.options);
    std::optional<MetricsReader> metrics;
    if (dialect->traits().heartbeats) {
        metrics.emplace(inputs.proc, TRY(inputs.disk.duplicate()), "/", inputs.config.interfaces);
        if (const auto kept = inputs.samples.load(config.name, inputs.proc.boot_id)) {
            metrics->resume(*kept);
        }
    }
    std::vector<KeptRefusal> refusals;
    if (dialect->jobs() != nullptr) refusals = TRY(inputs.refusals.of(config.name));
    std::vector<ArtifactRecord> artifacts;
    if (dialect->artifacts() != nullptr) artifacts = TRY(inputs.artifacts.all());
    return Parts{.inputs = inputs,
                 .dialect = std::move(dialect),
                 .client = std::move(client),
                 .metrics = std::move(metrics),
                 .refusals = std::move(refusals),
                 .artifacts = std::move(artifacts)};
}

Session::Session(Parts parts, Callbacks callbacks)
    : config_(parts.inputs.config.backends.front()),
      facts_(parts.inputs.facts),
      broker_(parts.inputs.broker),
      spool_(parts.inputs.spool),
      callbacks_(std::move(callbacks)),
      stores_{parts.inputs.credentials, parts.inputs.inventory},
      dialect_(std::move(parts.dialect)),
      client_(std::move(parts.client)),
      context_{.loop = parts.inputs.loop,
               .client = client_,
               .config = config_,
               .identity = identity_,
               .log = parts.inputs.log,
               .mode = parts.inputs.run.mode,
               .random = parts.inputs.random,
               .now = parts.inputs.now,
               .fatal = callbacks_.fatal},
      files_(config_, parts.inputs.log,
             [this, &broker = parts.inputs.broker](std::string_view key) {
                 return open_named(broker, key);
             }),
      enroll_(
          context_, *dialect_, parts.inputs.credentials, facts_, parts.inputs.proc,
          parts.inputs.collect,
          {.refresh =
               [this] {
                   callbacks_.refresh_facts();
                   return files_.poll(client_);
               },
           .identified = [this](const Identity& identity, bool anew) { identify(identity, anew); },
           .enrolled = [this](const Enrolled& enrolled) { on_enrolled(enrolled); },
           .failed = [this] { on_enroll_failed(); }}),
      leave_(context_, *dialect_, parts.inputs.credentials,
             {.quiet = [this] { return idle() && !enroll_.is_asking(); },
              .left = [this] { stay_away(); }}) {
    const auto& inputs = parts.inputs;
    redact();
    unfinished_.set(enrollment);
    if (!config_.telemetry.url.empty() && context_.serves()) add_telemetry(inputs);
    if (const auto* dialect = dialect_->presence()) add_presence(*dialect);
    if (parts.metrics) add_heartbeat(inputs, *std::move(parts.metrics));
    if (const auto* dialect = dialect_->inventory()) add_inventory(inputs, *dialect);
    if (const auto* dialect = dialect_->findings()) add_findings(inputs, *dialect);
    if (const auto* dialect = dialect_->jobs()) {
        add_jobs(inputs, *dialect, std::move(parts.refusals));
    }
    // In a run that ends the programs would end with it.
    if (const auto* dialect = dialect_->artifacts(); dialect && context_.serves()) {
        artifacts_.emplace(context_, *dialect, inputs.broker, inputs.artifacts,
                           std::move(parts.artifacts), facts_, telemetry_ ? &*telemetry_ : nullptr);
    }
}

OpenedFile Session::open_named(BrokerClient& broker, std::string_view key) const {
    auto opened = broker.open_named(key);
    if (opened) return *std::move(opened);
    context_.fatal(opened.error());
    return OpenedFile{.reason = "broker-gone", .fd = {}};
}

std::string clock_trouble(std::optional<std::chrono::seconds> ahead) {
    if (!ahead || std::chrono::abs(*ahead) < std::chrono::minutes(2)) return "";
    const auto minutes = std::chrono::floor<std::chrono::minutes>(std::chrono::abs(*ahead)).count();
    return "this host's clock is " + std::to_string(minutes) + " min " +
           (ahead->count() > 0 ? "ahead of" : "behind") +
           " the backend's, by the Date of its last answer; one of them is wrong: see timedatectl";
}

void Session::add_heartbeat(const SessionInputs& inputs, MetricsReader metrics) {
    const auto running = [this] {
        if (!jobs_) return HeartbeatDuty::Running{};
        return HeartbeatDuty::Running{jobs_->running_ids(), jobs_->unreported()};
    };
    heartbeat_.emplace(
        context_, *dialect_, inputs.broker, inputs.facts, inputs.proc, std::move(metrics),
        HeartbeatDuty::Callbacks{
            .running = running,
            .troubles = [this] { return troubles(); },
            .before_each = [this] { refresh(); },
            .sampled =
                [this, &samples = inputs.samples, &proc = inputs.proc](const CpuSample& sample) {
                    // A service has its own; what it would leave may be as old as its last run.
                    if (context_.serves()) return;
                    context_.log.check(samples.save(config_.name, proc.boot_id, sample),
                                       "sample-unsaved");
                },
            .answered =
                [this](const Answer<HeartbeatReceipt>& answer) { on_heartbeat_answer(answer); }});
    unfinished_.set(heartbeat);
}

void Session::add_telemetry(const SessionInputs& inputs) {
    // As the backend knows this host, where a dialect lets the settings say that.
    const auto given = config_.options.find("host_id");
    const bool known = given != config_.options.end() && !given->second.empty();
    telemetry_.emplace(
        context_, known ? given->second : facts_.host_id,
        TelemetryDuty::Callbacks{
            .files =
                [this, &broker = inputs.broker] {
                    return read_telemetry_files(config_.telemetry, [&](const std::string& key) {
                        return open_named(broker, key);
                    });
                },
            .heartbeat = [this, &broker = inputs.broker] { return telemetry_heartbeat(broker); }});
}

TelemetryHeartbeat Session::telemetry_heartbeat(BrokerClient& broker) const {
    TelemetryHeartbeat beat{.hostname = facts_.system.hostname};
    if (jobs_) beat.jobs_running = jobs_->running_ids().size();
    // Without an answer the broker is gone, and this process ends with it.
    if (const auto state = broker.host_state()) {
        for (const auto& one : troubles_of(*state)) beat.troubles.push_back(one.code);
    }
    for (const auto& one : late_too()) beat.troubles.push_back(one.code);
    return beat;
}

void Session::add_presence(const PresenceDialect& dialect) {
    if (context_.mode == RunMode::register_only) return;
    presence_.emplace(
        context_, dialect,
        PresenceDuty::Callbacks{.report = [this] { return presence_report(); },
                                .known =
                                    [this] {
                                        enroll_.accepted();
                                        part_finished(presence, true);
                                    },
                                .forgotten = [this] { enroll_.enroll_again(); },
                                .failed = [this] { part_finished(presence, false); }});
    unfinished_.set(presence);
}

PresenceReport Session::presence_report() {
    callbacks_.refresh_facts();
    PresenceReport report{.now = context_.now(),
                          .clock_trouble = clock_trouble(client_.clock_ahead()),
                          .host_id = facts_.host_id,
                          .agent_version = BULKHEAD_VERSION,
                          .system = facts_.system,
                          .bpf_support = {}};
    if (dialect_->traits().wants_bpf_support) report.bpf_support = facts_.bpf_support;
    const auto state = broker_.host_state();
    if (!state) {
        context_.fatal(state.error());
        return report;
    }
    // What root knows of the clock goes before what an answer of the backend says.
    for (const auto& trouble : troubles_of(*state)) {
        if (trouble.code == "clock-behind" || trouble.code == "clock-unsure") {
            report.clock_trouble = trouble.why;
        }
    }
    return report;
}

void Session::add_inventory(const SessionInputs& inputs, const InventoryDialect& dialect) {
    inventory_.emplace(
        context_, dialect, inputs.broker, inputs.inventory, inputs.facts, inputs.collect,
        inputs.run.report_now,
        InventoryDuty::Callbacks{
            .before_each = [this] { refresh(); },
            .reported = [this](const Failure* failure) { judge_credential(failure); },
            .finished = [this](bool well) { part_finished(inventory, well); }});
    unfinished_.set(inventory);
}

void Session::add_findings(const SessionInputs& inputs, const FindingsDialect& dialect) {
    findings_.emplace(context_, dialect, inputs.config.findings, inputs.broker, inputs.facts.system,
                      inputs.disk, [this](bool sent) { part_finished(findings, sent); });
    unfinished_.set(findings, context_.mode == RunMode::once);
}

void Session::add_jobs(const SessionInputs& inputs, const JobDialect& dialect,
                       std::vector<KeptRefusal> refusals) {
    jobs_.emplace(context_, dialect, inputs.config.jobs, inputs.broker, inputs.spool,
                  inputs.refusals, inputs.facts.system,
                  JobDuty::Callbacks{.settled = [this] { callbacks_.job_settled(); },
                                     .finished = [this](bool sent) { part_finished(jobs, sent); },
                                     .happened =
                                         [this](const JobEvent& event) {
                                             if (telemetry_) telemetry_->job_event(event);
                                         },
                                     .held = [this] { callbacks_.jobs_held(); }});
    unfinished_.set(jobs, context_.mode == RunMode::once);
    const auto known = inputs.credentials.enrolment(config_.name);
    if (known && *known) jobs_->belongs_to((**known).mark);
    for (auto& refusal : refusals) jobs_->adopt(std::move(refusal));
}

void Session::start() {
    left_ = stores_.credentials.has_left(config_.name);
    if (shut() && !left_) {
        enroll_.keep_shut();
        if (!context_.serves()) finish(false);
        return;
    }
    // What is owed of jobs cannot be told any more: at this start nothing has been opened for it.
    if (left_) return leave_.begin(std::chrono::seconds(0));
    if (telemetry_) telemetry_->start();
    if (!dialect_->traits().reports_name_agent && context_.mode != RunMode::register_only) {
        start_duties({});
    }
    enroll_.start();
}

void Session::look_whether_left() {
    if (left_ || !stores_.credentials.has_left(config_.name)) return;
    left_ = true;
    context_.log.info("backend-leaving",
                      {{"what", "jobs that run are ended and reported, then it says good-bye"}});
    drain();
    inventory_waits_ = false;
    if (jobs_) jobs_->cancel_all();
    leave_.begin(kToSettle);
}

void Session::stay_away() {
    identity_ = {};
    if (jobs_) jobs_->forget_all();
    if (artifacts_) artifacts_->forget_all();
    if (telemetry_) telemetry_->close();
    context_.log.check(stores_.inventory.forget(config_.name), "inventory-state");
    enroll_.stay_away();
    if (!context_.serves()) finish(false);
}

void Session::on_enroll_failed() {
    files_.note_report(false);
    if (context_.serves()) {
        if (!away()) poll_credential();
        return;
    }
    // An enrollment that waits for an administrator is no failure of this run.
    const bool well = enroll_.state() == EnrollDuty::State::pending;
    if (dialect_->traits().reports_name_agent || context_.mode == RunMode::register_only) {
        return finish(well);
    }
    part_finished(presence, well);
    part_finished(enrollment, well);
}

// What an earlier enrolment left is removed before the new one is noted: a crash in between makes
// another new one.
void Session::identify(const Identity& identity, bool anew) {
    const auto& name = config_.name;
    auto known = stores_.credentials.enrolment(name);
    if (!known) {
        context_.log.error("enrolment-record-damaged", {{"why", known.error().what}});
    }
    const bool damaged = !known;
    const auto before = damaged ? std::nullopt : *known;
    EnrolmentRecord now{.mark = before ? before->mark : "", .identity = identity_digest(identity)};
    // The identity of an earlier version has no record, and is no new one.
    const bool first = !before && !damaged && !stores_.inventory.has(name);
    const bool other = before && before->identity != now.identity;
    const bool begins = damaged || (anew && !first) || (other && !identity.agent_id.empty());
    if (begins || other) {
        context_.log.check(stores_.inventory.forget(name), "inventory-state");
    }
    if (begins) {
        context_.log.info("enrolment-begins-anew", {{"what",
                                                     "another than before; inventory, findings and "
                                                     "deliveries begin anew"}});
        if (jobs_) jobs_->forget_all();
        auto mark = new_enrolment_mark();
        if (!mark) return context_.fatal(mark.error());
        now.mark = *std::move(mark);
    }
    if (!before || *before != now) {
        context_.log.check(stores_.credentials.save_enrolment(name, now), "enrolment-record");
    }
    if (jobs_) jobs_->belongs_to(now.mark);
}

void Session::on_enrolled(const Enrolled& enrolled) {
    if (left_) {
        // The answer to what was asked before: the good-bye needs it, unless that is over.
        if (!leave_.over())
            identity_ = enrolled.identity;
        else
            context_.log.check(stores_.credentials.forget_all(config_.name), "leave-failed");
        return;
    }
    if (enrolled.kept) identify(enrolled.identity, false);
    identity_ = enrolled.identity;
    redact();
    if (inventory_) inventory_->resume(enrolled.inventory_policy);
    if (context_.mode == RunMode::register_only) return finish(true);
    if (presence_) presence_->start(!enrolled.kept);
    if (dialect_->traits().reports_name_agent) start_duties(enrolled.heartbeat_interval);
    part_finished(enrollment, true);
}

void Session::start_duties(std::optional<std::chrono::seconds> heartbeat_interval) {
    if (heartbeat_) heartbeat_->start(heartbeat_interval);
    // The first heartbeat, which shows that the host is up, goes before the inventory, which takes
    // time to read.
    inventory_waits_ = heartbeat_ && context_.serves();
    if (inventory_ && !inventory_waits_) inventory_->start();
    if (context_.mode == RunMode::check_in_only) return;
    if (findings_) findings_->start();
    if (jobs_) jobs_->start();
}

void Session::redact() {
    client_.redact({config_.install_token, config_.credential, identity_.credential});
}

void Session::refresh() {
    callbacks_.refresh_facts();
    auto credential = files_.poll(client_);
    if (!credential) return;
    identity_.credential = *std::move(credential);
    redact();
}

// While no credential is accepted, a new one in its file is used at once and not at the next
// report.
void Session::poll_credential() {
    context_.loop.cancel(credential_poll_);
    credential_poll_ = context_.loop.after(kCredentialPoll, [this] {
        if (away() || enroll_.state() == EnrollDuty::State::enrolled) return;
        if (!enroll_.is_asking()) {
            if (auto credential = files_.poll(client_))
                enroll_.use_credential(*std::move(credential));
        }
        poll_credential();
    });
}

void Session::judge_credential(const Failure* failure) {
    files_.note_report(failure == nullptr);
    if (away()) return;
    if (failure == nullptr) {
        if (enroll_.accepted() && jobs_) jobs_->start();
        return;
    }
    if (failure->kind != Failure::Kind::credential_rejected) return;
    // Reports are still sent: a backend that was wrong accepts the credential again, and their
    // answers show it.
    if (jobs_) jobs_->pause();
    enroll_.renew(failure->text);
    if (context_.serves()) return poll_credential();
    part_finished(jobs, false);
}

// A backend is nobody whose time is believed: this is for people.
void Session::compare_clocks() {
    const auto why = clock_trouble(client_.clock_ahead());
    if (why.empty()) return clock_differs_since_.reset();
    if (clock_differs_since_) return;
    context_.log.warning("clock-differs", {{"why", why}});
    clock_differs_since_ = context_.now();
}

void Session::on_heartbeat_answer(const Answer<HeartbeatReceipt>& answer) {
    compare_clocks();
    if (dialect_->traits().reports_name_agent) {
        judge_credential(answer ? nullptr : &answer.error());
    } else {
        files_.note_report(answer.has_value());
    }
    if (answer && jobs_) jobs_->heartbeat_accepted();
    if (answer && answer->artifacts && artifacts_) artifacts_->assigned(*answer->artifacts);
    if (inventory_ && std::exchange(inventory_waits_, false)) inventory_->start();
    if (context_.serves()) return;
    // Jobs may wait for a heartbeat (drains_after_heartbeat).
    if (!answer) part_finished(jobs, false);
    part_finished(heartbeat, answer.has_value());
}

void Session::part_finished(Part part, bool sent) {
    if (!unfinished_.test(part)) return;
    all_sent_ = all_sent_ && sent;
    if (unfinished_.reset(part).none()) finish(all_sent_);
}

void Session::finish(bool sent) {
    if (const auto finished = std::exchange(callbacks_.finished, nullptr)) finished(sent);
}

void Session::drain() {
    if (telemetry_) telemetry_->drain();
    if (presence_) presence_->stop();
    if (heartbeat_) heartbeat_->stop();
    if (inventory_) inventory_->stop();
    if (findings_) findings_->stop();
    if (artifacts_) artifacts_->stop();
    if (jobs_) jobs_->drain();
}

void Session::fetch_jobs(bool fetch) {
    if (jobs_) return jobs_->hold(!fetch);
    if (!fetch) callbacks_.jobs_held();
}

bool Session::adopt(protocol::UnreportedJob job) {
    if (jobs_) jobs_->adopt(std::move(job));
    return jobs_.has_value();
}

void Session::job_exited(const protocol::JobExited& exited) {
    if (jobs_) jobs_->exited(exited);
}

void Session::artifact_changed(const protocol::ArtifactStatus& status) {
    if (artifacts_) artifacts_->changed(status);
}

void Session::describe(JsonWriter& json) const {
    json.begin_object();
    json.put("name", config_.name).put("dialect", config_.dialect).put("url", config_.url);
    const auto named = config_.options.find("host_id");
    const bool own = named != config_.options.end() && !named->second.empty();
    json.put("host_id", own ? named->second : facts_.host_id);
    if (!identity_.agent_id.empty()) json.put("agent_id", identity_.agent_id);
    json.put("enrollment", name_of(enroll_.state()));
    if (!enroll_.trouble().empty()) json.put("enrollment_trouble", enroll_.trouble());
    if (presence_) presence_->describe(json);
    if (heartbeat_) heartbeat_->describe(json);
    if (inventory_) inventory_->describe(json);
    if (findings_) findings_->describe(json);
    if (dialect_->traits().wants_bpf_support) {
        json.begin_object("capabilities");
        put_bpf_support(json, facts_.bpf_support, facts_.system);
        json.end();
    }
    if (jobs_) jobs_->describe(json);
    if (artifacts_) artifacts_->describe(json);
    json.begin_object("spool")
        .put("bytes", spool_.owed())
        .put("limit_bytes", spool_.limits().total_bytes)
        .end();
    if (telemetry_) telemetry_->describe(json);
    describe_certificates(json, certificates());
    put_troubles(json, late_too());
    json.end();
}

std::vector<CertificateEnd> Session::certificates() const {
    return ends_of(config_.ca_pem, files_.client_certificate());
}

std::vector<Trouble> Session::troubles() const {
    std::vector<Trouble> all;
    enroll_.tell(all);
    if (presence_) presence_->tell(all);
    if (heartbeat_) heartbeat_->tell(all);
    if (inventory_) inventory_->tell(all);
    if (findings_) findings_->tell(all);
    if (telemetry_) telemetry_->tell(all);
    if (spool_.owed() < spool_.limits().total_bytes) {
        spool_full_since_.reset();
    } else {
        if (!spool_full_since_) spool_full_since_ = context_.now();
        all.push_back({.code = "spool-full",
                       .since = *spool_full_since_,
                       .why = "output of jobs waits for the backend, and no more fits: jobs wait, "
                              "until the backend takes it"});
    }
    if (const auto why = clock_trouble(client_.clock_ahead());
        clock_differs_since_ && !why.empty()) {
        all.push_back({.code = "clock-differs", .since = *clock_differs_since_, .why = why});
    }
    tell_ends(all, certificates(), context_.now());
    tell_curl_age(all, built_in_curl(), context_.now());
    if (jobs_) jobs_->tell(all);
    if (artifacts_) artifacts_->tell(all);
    if (all.size() > kMostTroubles) all.resize(kMostTroubles);
    return all;
}

std::vector<Trouble> Session::late_too() const {
    auto all = troubles();
    const bool enrolled = enroll_.state() == EnrollDuty::State::enrolled;
    if (heartbeat_ && enrolled && context_.serves()) heartbeat_->tell_late(all);
    return all;
}

}  // namespace bulkhead::worker
