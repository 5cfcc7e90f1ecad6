#include "worker/session/session.hpp"

#include "worker/backend/json/bpf_support_json.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::worker {

namespace {

// Between looks for a new credential, while there is none that is accepted.
constexpr std::chrono::seconds kLook(10);

}  // namespace

Result<std::unique_ptr<Session>> Session::create(Services& services, const BackendConfig& config,
                                                 OnFinished finished) {
    const auto* row = find_dialect(config.dialect);
    if (row == nullptr) return fail("unknown dialect " + config.dialect);
    auto client = TRY(HttpClient::create(services.loop, http_settings(config, BULKHEAD_VERSION)));
    std::unique_ptr<Session> session(new Session(services, config, row->make(config.options),
                                                 std::move(client), std::move(finished)));
    auto* raw = session.get();
    if (session->dialect_->traits().heartbeats) {
        session->heartbeat_.emplace(TRY(HeartbeatDuty::create(
            services, config, *session->dialect_, session->client_, session->identity_,
            [raw] {
                if (!raw->jobs_) return HeartbeatDuty::Running{};
                return HeartbeatDuty::Running{raw->jobs_->running_ids(), raw->jobs_->unreported()};
            },
            [raw] { raw->look_again(); },
            [raw](const Answer<HeartbeatReceipt>& answer) { raw->beat_done(answer); })));
        session->unfinished_.set(heartbeat);
    }
    if (const auto* dialect = session->dialect_->inventory()) {
        session->inventory_.emplace(
            services, config, *dialect, session->client_, session->identity_,
            [raw] { raw->look_again(); },
            [raw](const Failure* failure) { raw->judge_credential(failure); },
            [raw](bool sent) { raw->part_finished(inventory, sent); });
        session->unfinished_.set(inventory);
    }
    if (const auto* dialect = session->dialect_->findings()) {
        session->findings_.emplace(services, config, *dialect, session->client_, session->identity_,
                                   [raw](bool sent) { raw->part_finished(findings, sent); });
        session->unfinished_.set(findings, services.pass == Pass::once);
    }
    if (session->dialect_->jobs() != nullptr) {
        session->jobs_.emplace(services, config, *session->dialect_->jobs(), session->client_,
                               session->identity_,
                               [raw](bool sent) { raw->part_finished(jobs, sent); });
        session->unfinished_.set(jobs, services.pass == Pass::once);
        for (auto& refusal : TRY(services.refusals.of(config.name))) {
            session->jobs_->adopt(std::move(refusal));
        }
    }
    return session;
}

Session::Session(Services& services, const BackendConfig& config,
                 std::unique_ptr<const Dialect> dialect, HttpClient client, OnFinished finished)
    : services_(services),
      config_(config),
      dialect_(std::move(dialect)),
      client_(std::move(client)),
      finished_(std::move(finished)),
      files_(config, services.log,
             [&services](std::string_view key) {
                 auto opened = services.broker.open_named(key);
                 if (opened) return *std::move(opened);
                 services.fatal(opened.error());
                 return OpenedFile{.reason = "broker-gone", .fd = {}};
             }),
      enroll_(services, config, *dialect_, client_, [this] {
          services_.refresh_system();
          return files_.check(client_);
      }) {
    redact();
}

void Session::start() {
    enroll_.start([this](const Enrolled& enrolled) { on_enrolled(enrolled); },
                  [this] {
                      files_.all_is_well(false);
                      if (services_.pass == Pass::serve) return watch_files();
                      // To wait for an administrator is no failure.
                      finish(enroll_.state() == EnrollDuty::State::pending);
                  });
}

void Session::on_enrolled(const Enrolled& enrolled) {
    identity_ = enrolled.identity;
    redact();
    if (inventory_) inventory_->learn(enrolled.inventory_policy);
    if (services_.pass == Pass::register_only) return finish(true);
    if (heartbeat_) heartbeat_->start(enrolled.heartbeat_interval);
    // The first beat says that the host is there; to look around it takes a moment.
    inventory_waits_ = heartbeat_ && services_.pass == Pass::serve;
    if (inventory_ && !inventory_waits_) inventory_->start();
    if (services_.pass == Pass::check_in_only) return;
    if (findings_) findings_->start();
    if (jobs_) jobs_->start();
}

void Session::redact() {
    client_.redact({config_.install_token, config_.credential, identity_.credential});
}

void Session::look_again() {
    services_.refresh_system();
    auto credential = files_.check(client_);
    if (!credential) return;
    identity_.credential = *std::move(credential);
    redact();
}

// Nobody knows us: what is put into a file helps at once, whenever the next report or try is due.
void Session::watch_files() {
    services_.loop.cancel(look_);
    look_ = services_.loop.after(kLook, [this] {
        if (enroll_.state() == EnrollDuty::State::enrolled) return;
        if (!enroll_.is_asking()) {
            if (auto credential = files_.check(client_)) enroll_.use(*std::move(credential));
        }
        watch_files();
    });
}

void Session::judge_credential(const Failure* failure) {
    files_.all_is_well(failure == nullptr);
    if (failure == nullptr) {
        if (enroll_.accepted() && jobs_) jobs_->start();
        return;
    }
    if (failure->kind != Failure::Kind::credential_rejected) return;
    // Reports go on: a backend that erred takes the credential again, and they will show it.
    if (jobs_) jobs_->pause();
    enroll_.renew(failure->text);
    if (services_.pass == Pass::serve) return watch_files();
    part_finished(jobs, false);
}

void Session::beat_done(const Answer<HeartbeatReceipt>& answer) {
    judge_credential(answer ? nullptr : &answer.error());
    if (answer && jobs_) jobs_->heartbeat_accepted();
    if (inventory_ && std::exchange(inventory_waits_, false)) inventory_->start();
    if (services_.pass == Pass::serve) return;
    if (!answer) part_finished(jobs, false);  // they may be waiting for it
    part_finished(heartbeat, answer.has_value());
}

void Session::part_finished(Part part, bool sent) {
    if (!unfinished_.test(part)) return;
    all_sent_ = all_sent_ && sent;
    if (unfinished_.reset(part).none()) finish(all_sent_);
}

void Session::finish(bool sent) {
    if (const auto finished = std::exchange(finished_, nullptr)) finished(sent);
}

void Session::drain() {
    if (heartbeat_) heartbeat_->stop();
    if (inventory_) inventory_->stop();
    if (findings_) findings_->stop();
    if (jobs_) jobs_->drain();
}

bool Session::adopt(protocol::UnreportedJob job) {
    if (jobs_) jobs_->adopt(std::move(job));
    return jobs_.has_value();
}

void Session::job_exited(const protocol::JobExited& exited) {
    if (jobs_) jobs_->exited(exited);
}

void Session::describe(JsonWriter& json) const {
    json.begin_object();
    json.put("name", config_.name).put("dialect", config_.dialect).put("url", config_.url);
    json.put("enrollment", name_of(enroll_.state()));
    if (!enroll_.trouble().empty()) json.put("enrollment_trouble", enroll_.trouble());
    if (heartbeat_) heartbeat_->describe(json);
    if (inventory_) inventory_->describe(json);
    if (findings_) findings_->describe(json);
    if (dialect_->traits().wants_bpf_support) {
        json.begin_object("capabilities");
        put_bpf_support(json, services_.bpf_support, services_.system);
        json.end();
    }
    if (jobs_) jobs_->describe(json);
    json.end();
}

}  // namespace bulkhead::worker
