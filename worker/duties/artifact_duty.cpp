#include "worker/duties/artifact_duty.hpp"

#include <algorithm>
#include <array>

#include "common/base/text.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::worker {

namespace {

using namespace std::chrono_literals;
using protocol::ArtifactState;

constexpr std::chrono::seconds kFigures = 60s;  // between two readings of run time and drops
constexpr unsigned kReportedFigures = 5;        // of them one goes to the backend
constexpr std::chrono::seconds kSoon = 10min;   // until what may have passed is tried again
constexpr std::chrono::seconds kLater = 1h;
constexpr std::chrono::seconds kRenewal = 60s;  // at least, between two offers of one artifact

// What a refusal may say that passes by itself. Any other stays until the backend assigns other
// bytes, the approval is another, or the policy.
constexpr std::array<std::string_view, 9> kPassing{
    "too-early",           "clock-behind",       "clock-unsure",
    "intake-suspended",    "audit-write-failed", "evidence-write-failed",
    "ledger-write-failed", "too-many-artifacts", "loader-unusable"};
// Why what is not pinned ends with the broker.
constexpr std::string_view kAgentStopped = "agent-stopped";
constexpr std::array<std::string_view, 3> kOfTheSender{"size-mismatch", "checksum-mismatch",
                                                       "no-bundle"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

bool is_loaded(const protocol::ArtifactStatus& status) {
    return status.state == ArtifactState::loaded || status.state == ArtifactState::loading;
}

UnixTime time_of(std::uint64_t seconds) {
    return UnixTime(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

std::string digest_of(std::string_view bytes) {
    return bytes.empty() ? "" : crypto::hex(crypto::sha256(as_bytes(bytes)));
}

}  // namespace

ArtifactDuty::ArtifactDuty(const DutyContext& context, const ArtifactDialect& dialect,
                           BrokerClient& broker, const ArtifactStore& store,
                           std::vector<ArtifactRecord> records, const HostFacts& facts,
                           TelemetrySink* sink)
    : context_(context),
      dialect_(dialect),
      broker_(broker),
      store_(store),
      facts_(facts),
      sink_(sink),
      reports_(context, dialect) {
    for (auto& record : records) entry_of(record.id).record = std::move(record);
    if (sink_ != nullptr) sink_->when_due([this] { tell_loaded(); });
}

ArtifactDuty::Entry& ArtifactDuty::entry_of(const std::string& id) {
    return entries_.try_emplace(id, context_.random).first->second;
}

// An object has one manifest, under whatever ids the backend names it: the broker tells one
// delivery of each backend, and after its restart none. What was refused under another id, as its
// bytes may not be those of the manifest, has no part in it. The end of an older manifest of the
// same id changes nothing about the one that came after it.
std::vector<ArtifactDuty::Entry*> ArtifactDuty::entries_of(const protocol::ArtifactStatus& status) {
    const auto manifest = crypto::hex(status.manifest);
    std::vector<Entry*> all;
    for (auto& [id, entry] : entries_) {
        if (!entry.record) continue;
        auto& known = entry.record->manifest;
        const bool named = id == status.delivery_id.value.str();
        if (known.empty() && named) known = manifest;
        const auto& state = entry.record->state;
        if (!named && (state == "refused" || state == "unusable")) continue;
        if (known == manifest) all.push_back(&entry);
    }
    return all;
}

void ArtifactDuty::assigned(std::vector<AssignedArtifact> all) {
    if (stopped_) return;
    if (!live_known_ && (!all.empty() || !entries_.empty())) {
        if (const auto read = read_live(); !read) return context_.fatal(read.error());
        live_known_ = true;
    }
    for (auto& [id, entry] : entries_) {
        const auto still = std::ranges::find(all, id, &AssignedArtifact::id) != all.end();
        if (still || !entry.assigned) continue;
        entry.assigned.reset();
        entry.trouble.clear();
        context_.log.info("artifact-unassigned", {{"artifact", id}});
    }
    for (auto& artifact : all) {
        auto& entry = entry_of(artifact.id);
        entry.assigned = std::move(artifact);
    }
    forget_unassigned();
    next();
}

// What a backend no longer assigns, and is not loaded, leaves nothing behind: it may name new ones
// for ever.
void ArtifactDuty::forget_unassigned() {
    std::erase_if(entries_, [this](const auto& item) {
        const auto& [id, entry] = item;
        if (entry.assigned || (entry.live && is_loaded(*entry.live))) return false;
        if (work_ && work_->artifact.id == id) return false;
        context_.log.check(store_.forget(id), "artifact-unsaved");
        return true;
    });
}

bool ArtifactDuty::still_wanted() const {
    const auto found = entries_.find(work_->artifact.id);
    return found != entries_.end() && found->second.assigned == work_->artifact;
}

ArtifactDuty::Due ArtifactDuty::due(const Entry& entry) const {
    if (!entry.assigned || sys::Clock::now() < entry.not_before) return Due::no;
    const auto& record = entry.record;
    if (!record || record->key != key_of(*entry.assigned)) return Due::bundle;
    if (entry.live && is_loaded(*entry.live)) return Due::no;
    const auto& state = record->state;
    if (entry.agent_stops) return Due::no;
    const bool ended_with_agent = record->reason == kAgentStopped;
    if (state != "loaded" && state != "loading" && state != "expired" && !ended_with_agent) {
        return due_again(entry);
    }
    // It was loaded, and is not any more: by its ttl, or the broker was started anew.
    const bool rested = !entry.offered || sys::Clock::now() - *entry.offered >= kRenewal;
    return rested ? Due::bundle : Due::no;
}

// Of what was not loaded, or was unloaded for a cause.
ArtifactDuty::Due ArtifactDuty::due_again(const Entry& entry) const {
    const auto& record = entry.record;
    const auto& state = record->state;
    const auto age = context_.now() - record->tried;
    const bool soon = age >= kSoon || age < 0s;  // the clock may have been set back
    const bool later = age >= kLater || age < 0s;
    if (state == "unusable") {
        const bool may_change =
            entry.assigned->checksum.empty() || among(kOfTheSender, record->reason);
        return may_change && later ? Due::bundle : Due::no;
    }
    // Two of the same id would replace each other in turn.
    const bool replaced = state == "replaced";
    if (record->policy_digest != facts_.policy_digest && !replaced) return Due::bundle;
    if (state == "refused" && among(kPassing, record->reason) && soon) return Due::bundle;
    if ((state == "failed" || state == "drifted") && later) return Due::bundle;
    return !record->approval_inside && soon ? Due::approval : Due::no;
}

// Goes round: one that is due again and again has its turn after the others.
void ArtifactDuty::next() {
    if (stopped_ || work_) return;
    auto at = entries_.upper_bound(last_);
    for (auto left = entries_.size(); left > 0; --left, ++at) {
        if (at == entries_.end()) at = entries_.begin();
        const auto& [id, entry] = *at;
        const auto what = due(entry);
        if (what == Due::no) continue;
        last_ = id;
        return begin(*entry.assigned, what == Due::approval);
    }
}

void ArtifactDuty::begin(const AssignedArtifact& artifact, bool approval_only) {
    work_.emplace(Work{.artifact = artifact,
                       .approval_only = approval_only,
                       .places = {},
                       .place = 0,
                       .signature = {},
                       .bundle = {}});
    if (approval_only) {
        work_->place = static_cast<std::size_t>(entry_of(artifact.id).record->place);
        return ask_approval();
    }
    if (artifact.size && *artifact.size > kMaxBundle) {
        return unusable(kBundleTooLarge, "the backend says " + std::to_string(*artifact.size) +
                                             " bytes, and 8 MiB are the most");
    }
    auto places = dialect_.bundle(context_.identity, artifact, context_.config.url);
    if (!places) return unusable("foreign-url", places.error().what);
    work_->places = *std::move(places);
    ask_bundle();
}

void ArtifactDuty::ask_bundle() {
    perform<Found>(context_.client, std::move(work_->places[work_->place]),
                   [this](Answer<Found> answer) { on_bundle(std::move(answer)); });
}

void ArtifactDuty::on_bundle(Answer<Found> answer) {
    if (stopped_) return;
    if (!still_wanted()) return done();
    if (!answer) return failed("the bundle: " + answer.error().text, answer.error().retry_after);
    if (answer->there) return take_bundle(answer->bytes);
    if (++work_->place < work_->places.size()) return ask_bundle();
    unusable("no-bundle", "the backend has it at none of the places where it may be");
}

void ArtifactDuty::take_bundle(std::string_view bytes) {
    work_->signature = dialect_.check_signature(work_->artifact, bytes);
    auto bundle = open_bundle(work_->artifact, bytes);
    if (!bundle) return unusable(bundle.error().code, bundle.error().detail);
    work_->bundle = *std::move(bundle);
    if (work_->bundle.approval.empty()) return ask_approval();
    offer(work_->bundle.approval, true);
}

void ArtifactDuty::ask_approval() {
    auto place =
        dialect_.approval(context_.identity, work_->artifact, context_.config.url, work_->place);
    if (!place) return unusable("foreign-url", place.error().what);
    perform<Found>(context_.client, *std::move(place),
                   [this](Answer<Found> answer) { on_approval(std::move(answer)); });
}

void ArtifactDuty::on_approval(Answer<Found> answer) {
    if (stopped_) return;
    if (!still_wanted()) return done();
    if (!answer) return failed("the approval: " + answer.error().text, answer.error().retry_after);
    if (!work_->approval_only) return offer(answer->bytes, false);
    auto& entry = entry_of(work_->artifact.id);
    if (!entry.record || digest_of(answer->bytes) == entry.record->approval) {
        if (entry.record) {
            entry.record->tried = context_.now();
            keep(*entry.record);
        }
        return done();
    }
    begin(AssignedArtifact(work_->artifact), false);
}

void ArtifactDuty::offer(std::string_view approval, bool inside) {
    auto offer = make_offer(work_->artifact.id, work_->bundle, approval);
    auto record = new_record("unusable", "approval-malformed", offer ? "" : offer.error().what);
    record.approval = digest_of(approval);
    record.approval_inside = inside;
    if (!offer) return settle(std::move(record));
    record.elf = offer->elf;
    record.manifest = offer->manifest;
    const auto reply = broker_.call(offer->request);
    if (!reply) return context_.fatal(reply.error());
    const bool admitted = reply->decision == protocol::Decision::admitted;
    record.state = admitted ? (reply->loaded_already ? "loaded" : "loading") : "refused";
    record.reason = reply->reason.str();
    record.detail = reply->detail.str();
    auto& entry = entry_of(record.id);
    entry.live.reset();  // of an earlier one
    entry.offered = sys::Clock::now();
    settle(std::move(record));
    if (!admitted || stopped_) return;
    if (const auto read = read_live(); !read) context_.fatal(read.error());
}

// Nothing was decided: the same is tried again, later each time.
void ArtifactDuty::failed(const std::string& why, std::optional<std::chrono::seconds> retry_after) {
    auto& entry = entry_of(work_->artifact.id);
    entry.not_before = sys::Clock::now() + entry.backoff.next(retry_after);
    if (entry.trouble.failed("artifact " + work_->artifact.id + ", " + why)) {
        context_.log.warning("artifact-fetch-failed",
                             {{"artifact", work_->artifact.id}, {"why", why}});
        if (sink_ != nullptr) {
            sink_->artifact_event({.artifact_id = work_->artifact.id,
                                   .status = "error",
                                   .errors = 1,
                                   .error_message = "bundle download failed: " + why});
        }
    }
    done();
}

void ArtifactDuty::unusable(std::string_view code, const std::string& detail) {
    settle(new_record("unusable", code, detail));
}

ArtifactRecord ArtifactDuty::new_record(std::string state, std::string_view reason,
                                        std::string detail) const {
    return {.id = work_->artifact.id,
            .key = key_of(work_->artifact),
            .state = std::move(state),
            .reason = std::string(reason),
            .detail = std::move(detail),
            .signature = std::string(work_->signature.word),
            .elf = {},
            .manifest = {},
            .approval = {},
            .approval_inside = false,
            .place = work_->place,
            .policy_digest = facts_.policy_digest,
            .tried = context_.now()};
}

void ArtifactDuty::settle(ArtifactRecord record) {
    auto& entry = entry_of(record.id);
    entry.trouble.clear();
    entry.backoff.succeeded();
    const bool well = record.state == "loaded" || record.state == "loading";
    context_.log.put(well ? sys::Level::info : sys::Level::warning, "artifact-offered",
                     {{"artifact", record.id},
                      {"title", quoted(work_->bundle.title, 130)},
                      {"state", record.state},
                      {"reason", record.reason},
                      {"detail", record.detail},
                      {"signature", record.signature},
                      {"signature_why", work_->signature.why},
                      {"elf", record.elf},
                      {"manifest", record.manifest}});
    keep(record);
    const bool tell = record.state != "loading";  // ArtifactChanged follows
    entry.record = std::move(record);
    if (tell) {
        report(entry);
        tell_telemetry(entry);
    }
    done();
}

// The next one waits for the loop: the stack of an answer that was there at once does not grow.
void ArtifactDuty::done() {
    work_.reset();
    context_.loop.after({}, [this] { next(); });
}

void ArtifactDuty::keep(const ArtifactRecord& record) {
    context_.log.check(store_.keep(record), "artifact-unsaved");
}

void ArtifactDuty::changed(const protocol::ArtifactStatus& status) {
    const auto all = entries_of(status);
    if (all.empty()) return;
    for (auto* entry : all) change(*entry, status);
    watch_figures();
    if (!stopped_) context_.loop.after({}, [this] { next(); });
}

void ArtifactDuty::change(Entry& entry, const protocol::ArtifactStatus& status) {
    auto& record = *entry.record;
    const auto word = word_of(status.state);
    const bool other = record.state != word;
    entry.live = status;
    record.state = word;
    record.reason = status.reason.str();
    record.detail = status.detail.str();
    record.tried = context_.now();
    entry.agent_stops = record.reason == kAgentStopped;
    keep(record);
    if (!other) return;
    context_.log.info("artifact-changed", {{"artifact", record.id},
                                           {"state", word},
                                           {"reason", record.reason},
                                           {"detail", record.detail}});
    report(entry);
    tell_telemetry(entry);
}

Result<> ArtifactDuty::read_live() {
    const auto list = TRY(broker_.call(protocol::ListArtifacts{}));
    for (auto& [id, entry] : entries_) {
        if (entry.live && is_loaded(*entry.live)) entry.live.reset();
    }
    for (const auto& status : list.artifacts.items) {
        if (!is_loaded(status)) continue;
        for (auto* entry : entries_of(status)) entry->live = status;
    }
    watch_figures();
    return {};
}

void ArtifactDuty::watch_figures() {
    const bool any = std::ranges::any_of(entries_, [](const auto& item) {
        return item.second.live && is_loaded(*item.second.live);
    });
    if (stopped_ || !any || std::exchange(figures_watched_, true)) return;
    figures_timer_ = context_.loop.after(kFigures, [this] { on_figures(); });
}

// Run time and drops of what is loaded.
void ArtifactDuty::on_figures() {
    figures_watched_ = false;
    if (const auto read = read_live(); !read) return context_.fatal(read.error());
    if (++figures_ % kReportedFigures != 0) return;
    for (const auto& [id, entry] : entries_) {
        if (entry.live && entry.live->state == ArtifactState::loaded) report(entry);
    }
}

// Tells telemetry again of each loaded artifact, with figures of now.
void ArtifactDuty::tell_loaded() {
    if (stopped_ || std::ranges::none_of(entries_, [](const auto& item) {
            return item.second.live && is_loaded(*item.second.live);
        })) {
        return;
    }
    if (const auto read = read_live(); !read) return context_.fatal(read.error());
    for (const auto& [id, entry] : entries_) {
        if (entry.live && entry.live->state == ArtifactState::loaded) tell_telemetry(entry);
    }
}

void ArtifactDuty::report(const Entry& entry) {
    const auto& record = *entry.record;
    ArtifactReport report{.id = record.id,
                          .state = record.state,
                          .reason = record.reason,
                          .detail = record.detail,
                          .signature = record.signature,
                          .elf_sha256 = record.elf,
                          .manifest = record.manifest,
                          .since = record.tried,
                          .expires = {}};
    if (const auto& live = entry.live) {
        report.since = time_of(live->since);
        if (live->expires > 0) report.expires = time_of(live->expires);
        report.programs = live->programs;
        report.run_count = live->run_count;
        report.run_time_ns = live->run_time_ns;
        report.cpu_millipercent = live->cpu_millipercent;
        report.drops = live->drops;
        report.pinned = live->pinned;
    }
    if (!stopped_) reports_.tell(report);
}

void ArtifactDuty::tell_telemetry(const Entry& entry) {
    if (sink_ == nullptr || entry.record->state == "loading") return;
    const auto& record = *entry.record;
    ArtifactEvent event{.artifact_id = record.id,
                        .status = std::string(telemetry_word(record.state))};
    if (entry.live) {
        event.drops = entry.live->drops;
        event.cpu_pct = entry.live->cpu_millipercent / 1'000.0;
    }
    if (record.state == "failed") event.verifier_msg = record.detail;
    if (event.status == "error") {
        event.errors = 1;
        event.error_message = record.state + ": " + record.reason + ": " + record.detail;
    }
    if (event.status == "rolled_back") event.error_message = record.detail;
    sink_->artifact_event(event);
}

void ArtifactDuty::stop() {
    stopped_ = true;
    work_.reset();
    reports_.stop();
    context_.loop.cancel(figures_timer_);
}

void ArtifactDuty::forget_all() {
    stop();
    for (const auto& [id, entry] : entries_) {
        context_.log.check(store_.forget(id), "artifact-unsaved");
    }
    entries_.clear();
}

void ArtifactDuty::describe(JsonWriter& json) const {
    json.begin_array("artifacts");
    for (const auto& [id, entry] : entries_) {
        json.begin_object().put("id", id).put("assigned", entry.assigned.has_value());
        if (const auto& record = entry.record) {
            json.put("state", record->state)
                .put("reason", record->reason)
                .put("detail", record->detail)
                .put("signature", record->signature)
                .put("elf_sha256", record->elf)
                .put("manifest", record->manifest)
                .put("tried", format_utc(record->tried));
        }
        if (entry.trouble.stands()) json.put("trouble", entry.trouble.why());
        json.end();
    }
    json.end();
}

void ArtifactDuty::tell(std::vector<Trouble>& all) const {
    for (const auto& [id, entry] : entries_) entry.trouble.tell(all, "artifacts");
    reports_.troubles(all);
}

}  // namespace bulkhead::worker
