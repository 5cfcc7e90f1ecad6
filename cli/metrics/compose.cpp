#include "cli/metrics/compose.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/metrics/exposition.hpp"
#include "cli/status/verdict.hpp"

namespace bulkhead::cli {

namespace {

using json = StatusJson;

// A whole number that is not negative.
std::optional<double> count_of(const json& value) {
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0) return {};
    return value.get<double>();
}

// The member, or null, also where there is no object to look into.
const json& known_in(const json& object, const char* name) {
    static const json kNone;
    return object.is_object() ? member(object, name) : kNone;
}

std::string text_in(const json& object, const char* name) {
    const auto& value = known_in(object, name);
    return value.is_string() ? value.get<std::string>() : "";
}

// The members of a list; none if it is not a list.
const json& list_in(const json& object, const char* name) {
    static const json kNone = json::array();
    const auto& value = known_in(object, name);
    return value.is_array() ? value : kNone;
}

// Adds what is known of one source, root's file or a worker's answer.
class Source {
  public:
    Source(Exposition& out, const json& from) : out_(out), from_(from) {}

    // The member if it is a number or a flag.
    void value(std::string_view name, std::string_view help, const char* key,
               Exposition::Labels labels = {}) const {
        const auto& known = known_in(from_, key);
        if (known.is_boolean()) {
            out_.add(name, help, known.get<bool>() ? 1 : 0, labels);
        } else if (known.is_number() && std::isfinite(known.get<double>())) {
            out_.add(name, help, known.get<double>(), labels);
        }
    }
    // The member if it is a time in text.
    void time(std::string_view name, std::string_view help, const char* key,
              Exposition::Labels labels = {}) const {
        if (const auto known = parse_utc(text_in(from_, key))) out_.add(name, help, *known, labels);
    }
    // 1 for the state that the member names and 0 for the others; nothing where it names none.
    void state(std::string_view name, std::string_view help, const char* key,
               std::initializer_list<std::string_view> states) const {
        const auto known = text_in(from_, key);
        if (std::ranges::find(states, known) == states.end()) return;
        for (const auto one : states) out_.add(name, help, one == known ? 1 : 0, {{"state", one}});
    }
    // A member that is absent where all is well.
    void present(std::string_view name, std::string_view help, const char* key) const {
        if (from_.is_object()) out_.add(name, help, text_in(from_, key).empty() ? 0 : 1);
    }
    void counts(std::string_view name, std::string_view help, const char* key) const {
        const auto& all = known_in(from_, key);
        if (!all.is_object()) return;
        for (const auto& [reason, count] : all.items()) {
            if (const auto known = count_of(count)) {
                out_.add(name, help, *known, {{"reason", reason}});
            }
        }
    }
    void length(std::string_view name, std::string_view help, const char* key) const {
        const auto& all = known_in(from_, key);
        if (all.is_array()) out_.add(name, help, static_cast<double>(all.size()));
    }
    Source in(const char* key) const { return {out_, known_in(from_, key)}; }
    const json& from() const { return from_; }

  private:
    Exposition& out_;
    const json& from_;
};

void add_policy(const Source& root) {
    const auto policy = root.in("policy");
    policy.value("bulkhead_policy_loaded_timestamp_seconds", "When the policy in force was loaded.",
                 "loaded");
    policy.state("bulkhead_policy_on_disk", "What became of the policy on disk at the last load.",
                 "on_disk", {"in-force", "rejected", "none-in-force"});
    policy.value("bulkhead_policy_rejected_timestamp_seconds",
                 "Since when the policy on disk is rejected.", "rejected_since");
    root.in("ceiling").value("bulkhead_restart_needed",
                             "1 if the policy changes root's own limits, which takes a restart.",
                             "restart_needed");
    const auto upgrade = root.in("upgrade");
    upgrade.state("bulkhead_upgrade", "What becomes of another program that was installed.",
                  "state", {"none", "checking", "pending", "draining", "blocked"});
    upgrade.value("bulkhead_upgrade_timestamp_seconds", "Since when it is in that state.", "since");
    const auto intake = root.in("intake");
    intake.value("bulkhead_intake_suspended", "1 while no job may begin.", "suspended");
    intake.value("bulkhead_intake_suspended_timestamp_seconds", "Since when no job may begin.",
                 "since");
}

void add_clock(Exposition& out, const Source& root, UnixTime now) {
    const auto clock = root.in("clock");
    clock.value("bulkhead_clock_synchronised", "1 if the kernel calls the clock synchronised.",
                "synchronised");
    constexpr std::array<std::array<const char*, 2>, 2> kGrades{
        {{"trusted", "floor"}, {"untrusted", "untrusted_floor"}}};
    for (const auto& [grade, key] : kGrades) {
        clock.value("bulkhead_clock_floor_timestamp_seconds",
                    "The latest time this host has seen; nothing starts before it.", key,
                    {{"grade", grade}});
        const auto& floor = known_in(clock.from(), key);
        if (!floor.is_number()) continue;
        const auto behind =
            floor.get<double>() - static_cast<double>(now.time_since_epoch().count());
        out.add("bulkhead_clock_behind_seconds", "How far the clock is behind that time; 0 if not.",
                std::max(behind, 0.0), {{"grade", grade}});
    }
}

void add_records(const Source& root) {
    const auto ledger = root.in("ledger");
    ledger.value("bulkhead_ledger_records", "Records of started jobs in the ledger.", "records");
    ledger.state("bulkhead_ledger_memory", "Whether the ledger remembers all that ran here.",
                 "memory", {"whole", "lost", "rolled-back"});
    ledger.value("bulkhead_ledger_full", "1 if the ledger has no room for another job.", "full");
    const auto audit = root.in("audit");
    audit.value("bulkhead_audit_lines", "Lines of the audit log; it only grows.", "lines");
    audit.present("bulkhead_audit_gap", "1 if lines of the audit log are gone.", "gap");
    audit.present("bulkhead_audit_failing", "1 while the audit log cannot be written.", "failing");
    root.value("bulkhead_log_lines_lost",
               "Lines of the log that nobody took, since the agent started; it only grows.",
               "log_lines_lost");
}

void add_walls(Exposition& out, const Source& root) {
    const auto walls = root.in("walls");
    walls.length("bulkhead_missing_walls", "Protections that this host cannot give.", "missing");
    for (const auto& wall : list_in(walls.from(), "missing")) {
        if (!wall.is_string()) continue;
        out.add("bulkhead_missing_wall", "1 for each protection that this host cannot give.", 1,
                {{"wall", wall.get<std::string>()}});
    }
    walls.length("bulkhead_unusable_profiles", "Profiles no job of which can run on this host.",
                 "unusable");
}

void add_workers(Exposition& out, const Source& root) {
    for (const auto& worker : list_in(root.from(), "workers")) {
        const auto backend = text_in(worker, "backend");
        const Source one(out, worker);
        one.value("bulkhead_worker_confined", "1 while the worker of a backend runs, confined.",
                  "confined", {{"backend", backend}});
        one.value("bulkhead_worker_restarts",
                  "Times that a worker was started again; it only grows.", "restarts",
                  {{"backend", backend}});
        one.value("bulkhead_worker_violations",
                  "Times that a worker broke the protocol; it only grows.", "violations",
                  {{"backend", backend}});
        one.value("bulkhead_worker_since_timestamp_seconds",
                  "Since when the worker of a backend runs, or does not.", "since",
                  {{"backend", backend}});
    }
}

void add_jobs(const Source& root) {
    const auto jobs = root.in("jobs");
    jobs.length("bulkhead_jobs_running", "Jobs that run.", "running");
    jobs.counts("bulkhead_jobs_ended",
                "Jobs that ended since the agent started, by how; it only grows.", "outcomes");
    jobs.counts("bulkhead_jobs_refused",
                "Deliveries refused since the agent started, by reason code; it only grows.",
                "refusals");
}

// At most 16, as root tells no more.
void add_artifacts(Exposition& out, const Source& root) {
    for (const auto& one : list_in(known_in(root.from(), "artifacts"), "list")) {
        if (text_in(one, "state") != "loaded") continue;
        const auto id = text_in(one, "id");
        const Source artifact(out, one);
        const auto add = [&](std::string_view name, std::string_view help, const char* key) {
            artifact.value(name, help, key, {{"artifact", id}});
        };
        add("bulkhead_artifact_expiry_timestamp_seconds", "When a loaded eBPF artifact ends.",
            "expires");
        add("bulkhead_artifact_runs", "Runs of a loaded artifact's programs; it only grows.",
            "run_count");
        add("bulkhead_artifact_run_time_nanoseconds",
            "Processor time of a loaded artifact's programs; it only grows.", "run_time_ns");
        add("bulkhead_artifact_drops", "What a loaded artifact counts as dropped.", "drops");
    }
    for (const auto& one : list_in(known_in(root.from(), "artifacts"), "list")) {
        if (text_in(one, "state") == "loaded") continue;
        const auto state = text_in(one, "state");
        Source(out, one).value("bulkhead_artifact_ended_timestamp_seconds",
                               "When an artifact ended or failed, of those that root remembers.",
                               "since", {{"artifact", text_in(one, "id")}, {"state", state}});
    }
}

void add_lists(Exposition& out, const Source& root) {
    for (const auto& one : list_in(root.from(), "expiring")) {
        Source(out, one).value("bulkhead_expiry_timestamp_seconds",
                               "When what is soon to end, ends: pinned jobs, keys, certificates.",
                               "at",
                               {{"what", text_in(one, "what")}, {"name", text_in(one, "name")}});
    }
    for (const auto& one : list_in(root.from(), "approvals")) {
        Source(out, one).value("bulkhead_pinned_jobs", "Jobs that policy pins, by profile.",
                               "pinned", {{"profile", text_in(one, "profile")}});
    }
    root.length("bulkhead_troubles", "Troubles that stand; the text is in bulkhead status.",
                "troubles");
    for (const auto& one : list_in(root.from(), "troubles")) {
        Source(out, one).value("bulkhead_trouble_since_timestamp_seconds",
                               "Since when a trouble stands; bulkhead explain has its code.",
                               "since", {{"code", text_in(one, "code")}});
    }
}

void add_root(Exposition& out, const json& file, UnixTime now) {
    const Source root(out, file);
    out.add("bulkhead_build_info", "The version that runs.", 1,
            {{"version", text_in(file, "version")}});
    root.value("bulkhead_start_timestamp_seconds", "When the agent was started.", "started");
    add_policy(root);
    add_clock(out, root, now);
    add_records(root);
    add_walls(out, root);
    add_workers(out, root);
    add_jobs(root);
    add_artifacts(out, root);
    add_lists(out, root);
}

void add_spool(Exposition& out, const json& entry, std::string_view backend) {
    const auto& jobs = known_in(entry, "jobs");
    if (jobs.is_array()) {
        out.add("bulkhead_worker_says_unreported_jobs",
                "Jobs whose end the backend does not know yet.", static_cast<double>(jobs.size()),
                {{"backend", backend}});
    }
    const auto& known = known_in(entry, "spool");
    const Source spool(out, known);
    spool.value("bulkhead_worker_says_spool_bytes",
                "Output of jobs that the backend does not have yet.", "bytes",
                {{"backend", backend}});
    spool.value("bulkhead_worker_says_spool_limit_bytes", "How much of it there may be.",
                "limit_bytes", {{"backend", backend}});
}

// Of a duty that fails: how many tries in a row have failed.
void add_failures(Exposition& out, const json& entry, std::string_view backend,
                  const std::string& duty) {
    for (const auto& one : list_in(entry, "troubles")) {
        if (text_in(one, "code") != duty + "-failing") continue;
        Source(out, one).value("bulkhead_worker_says_failures",
                               "Tries of a duty that have failed since one last succeeded.",
                               "tries", {{"backend", backend}, {"duty", duty}});
    }
}

// `entry` is what a worker says of its own backend, whose name is root's.
void add_said(Exposition& out, const json& entry, std::string_view backend) {
    const Source said(out, entry);
    const auto state = text_in(entry, "enrollment");
    if (!state.empty()) {
        out.add("bulkhead_worker_says_enrolled", "1 if the backend knows this host.",
                state == "enrolled" ? 1 : 0, {{"backend", backend}});
    }
    said.value("bulkhead_worker_says_heartbeats",
               "Heartbeats that the backend took since the worker started; it only grows.",
               "heartbeats", {{"backend", backend}});
    said.time("bulkhead_worker_says_last_heartbeat_timestamp_seconds",
              "When the backend last took a heartbeat.", "last_heartbeat", {{"backend", backend}});
    said.time("bulkhead_worker_says_last_inventory_timestamp_seconds",
              "When the backend last took a report of the inventory.", "last_inventory",
              {{"backend", backend}});
    said.value("bulkhead_worker_says_refusals_to_report",
               "Refusals that the backend does not know yet.", "refusals_to_report",
               {{"backend", backend}});
    for (const auto* duty :
         {"enrollment", "presence", "heartbeat", "inventory", "findings", "jobs"}) {
        const auto trouble = std::string(duty) + "_trouble";
        const bool fails = !text_in(entry, trouble.c_str()).empty();
        out.add("bulkhead_worker_says_failing", "1 while a duty of a backend's worker fails.",
                fails ? 1 : 0, {{"backend", backend}, {"duty", duty}});
        add_failures(out, entry, backend, duty);
    }
    for (const auto& one : list_in(entry, "certificates")) {
        const auto what = text_in(one, "setting");
        constexpr std::array kKnown{"ca_file", "client_certificate_file"};
        if (std::ranges::find(kKnown, what) == kKnown.end()) continue;
        Source(out, one).time("bulkhead_worker_says_certificate_expiry_timestamp_seconds",
                              "When the first certificate of a setting ends.", "until",
                              {{"backend", backend}, {"setting", what}});
    }
    add_spool(out, entry, backend);
}

}  // namespace

std::string compose_metrics(const RootFile& root, const std::vector<Asked>& workers, UnixTime now) {
    Exposition out;
    const bool up = root.state == RootFile::State::fresh;
    out.add("bulkhead_up", "1 if the broker wrote its status within the last three ticks.",
            up ? 1 : 0);
    Source(out, root.said)
        .value("bulkhead_status_written_timestamp_seconds",
               "When the broker last wrote its status.", "written");
    if (!up) return std::move(out).text();
    add_root(out, root.said, now);
    for (const auto& one : workers) {
        const auto entry = own_entry(one);
        out.add("bulkhead_worker_answers",
                "1 if the worker of a backend answers at its status socket.", entry ? 1 : 0,
                {{"backend", one.backend}});
        if (entry) add_said(out, *entry, one.backend);
    }
    return std::move(out).text();
}

}  // namespace bulkhead::cli
