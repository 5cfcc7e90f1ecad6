#include "cli/status/print.hpp"

#include <cstdio>

#include "common/base/text.hpp"

namespace bulkhead::cli {

namespace {

using json = StatusJson;

constexpr std::size_t kMostShown = 64;    // entries of a list, for people
constexpr std::size_t kMostInLine = 300;  // bytes of troubles in one_line()

// `text` with control characters escaped, for a terminal.
std::string plain(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '"' || c == '\\' ? std::string(1, c) : quoted({&c, 1});
    return out;
}

std::string text(const json& object, const char* name, const char* otherwise = "-") {
    const auto& value = member(object, name);
    if (value.is_string()) return plain(text_of(object, name));
    return value.is_null() || value.is_structured() ? otherwise : value.dump();
}

std::string time(const json& object, const char* name) {
    const auto known = time_of(object, name);
    return known.empty() ? text(object, name) : known;
}

void print_line(const char* label, const std::string& value) {
    std::printf("  %-12s %s\n", label, value.c_str());
}

std::string list(const json& texts, const char* none) {
    std::string all;
    std::size_t left = kMostShown;
    for (const auto& one : texts) {
        if (!one.is_string()) continue;
        if (left-- == 0) return all + ", ...";
        all += (all.empty() ? "" : ", ") + plain(one.get<std::string>().substr(0, kMostTold));
    }
    return all.empty() ? none : all;
}

// "ok 7, timed-out 1"
std::string counts(const json& numbers) {
    std::string all;
    for (const auto& [name, count] : numbers.items()) {
        all += (all.empty() ? "" : ", ") + plain(name) + " " + count.dump();
    }
    return all.empty() ? "none" : all;
}

void print_policy(const json& said) {
    const auto& policy = member(said, "policy");
    const bool none = text(policy, "on_disk") == "none-in-force";
    print_line("policy", text(policy, "digest") +
                             (none ? ", the last one, whose walls stand; none is in force since "
                                   : ", in force since ") +
                             time(policy, "loaded"));
    if (none) {
        print_line("on disk",
                   "rejected since " + time(policy, "rejected_since") + ": " + text(policy, "why"));
    } else if (text(policy, "on_disk") == "in-force") {
        print_line("on disk", "the policy in force, when it was last loaded");
    } else {
        print_line("on disk", text(policy, "on_disk") + " since " + time(policy, "rejected_since") +
                                  ": " + text(policy, "why"));
    }
    const auto& ceiling = member(said, "ceiling");
    if (member(ceiling, "restart_needed") == true) {
        print_line("restart", "needed: root's own limits are those of an older policy");
    }
    const auto& upgrade = member(said, "upgrade");
    const auto stage = text_of(upgrade, "state");
    if (stage == "pending") {
        print_line("upgrade", "restart pending since " + time(upgrade, "since") +
                                  ", for a moment without jobs; from " +
                                  time(upgrade, "drains_at") + " on none is fetched");
    } else if (!stage.empty() && stage != "none") {
        const auto why = text_of(upgrade, "why");
        print_line("upgrade", plain(stage) + " since " + time(upgrade, "since") +
                                  (why.empty() ? "" : ": " + plain(why)));
    }
    for (const auto& one : member(said, "approvals")) {
        print_line("approval", "profile " + text(one, "profile") + ": " + text(one, "rule") + "; " +
                                   text(one, "pinned") + " pinned");
    }
    for (const auto& one : member(said, "expiring")) {
        print_line("expiring",
                   text(one, "what") + " " + text(one, "name") + " at " + time(one, "at"));
    }
}

void print_records(const json& said) {
    const auto& intake = member(said, "intake");
    print_line("intake", member(intake, "suspended") == true
                             ? "suspended since " + time(intake, "since") + ": " +
                                   list(member(intake, "why"), "-")
                             : "open");
    const auto& clock = member(said, "clock");
    auto seen = "nothing starts before " + time(clock, "floor");
    if (!member(clock, "untrusted_floor").is_null()) {
        seen += ", untrusted before " + time(clock, "untrusted_floor");
    }
    if (!member(clock, "synchronised").is_null()) {
        seen += member(clock, "synchronised") == true ? "; synchronised" : "; not synchronised";
    }
    print_line("clock", seen);
    const auto& ledger = member(said, "ledger");
    print_line("ledger", text(ledger, "records") + " records, " + text(ledger, "memory") +
                             (member(ledger, "full") == true ? ", full" : ""));
    const auto& audit = member(said, "audit");
    print_line("audit log",
               text(audit, "lines") + " lines" +
                   (member(audit, "failing").is_null() ? std::string()
                                                       : ", failing: " + text(audit, "failing")) +
                   (member(audit, "gap").is_null() ? std::string()
                                                   : ", with a gap: " + text(audit, "gap")));
    const auto& walls = member(said, "walls");
    print_line("missing here", list(member(walls, "missing"), "nothing"));
    print_line("unusable", list(member(walls, "unusable"), "no profile"));
}

void print_jobs(const json& jobs) {
    print_line("jobs", "ended: " + counts(member(jobs, "outcomes")) +
                           "; refused: " + counts(member(jobs, "refusals")));
    for (const auto& one : member(jobs, "running")) {
        print_line("running", "#" + text(one, "number") + " " + text(one, "job_id") + " (" +
                                  text(one, "profile") + ") of " + text(one, "backend") +
                                  " since " + time(one, "since"));
    }
    for (const auto& one : member(jobs, "last")) {
        auto how = text(one, "outcome") + ", " + text(one, "reason");
        if (!member(one, "exit_code").is_null()) how += ", exit " + text(one, "exit_code");
        if (!member(one, "signal").is_null()) how += ", signal " + text(one, "signal");
        print_line("ended", time(one, "ended") + " #" + text(one, "number") + " " +
                                text(one, "job_id") + " (" + text(one, "profile") + "): " + how);
    }
    for (const auto& one : member(jobs, "refused")) {
        const auto job = text_of(one, "job_id");
        print_line("refused", time(one, "at") + " of " + text(one, "backend") + ": " +
                                  (job.empty() ? "" : plain(job) + ", ") + text(one, "reason") +
                                  ", " + text(one, "detail"));
    }
}

void print_workers(const json& workers) {
    for (const auto& one : workers) {
        print_line("worker", text(one, "backend") +
                                 (member(one, "confined") == true ? ": confined since "
                                                                  : ": not there since ") +
                                 time(one, "since") + ", " + text(one, "restarts") + " restarts, " +
                                 text(one, "violations") + " violations");
    }
}

// What root knows of those that were loaded is in `bulkhead artifacts`; of a bundle that was not
// usable it knows nothing.
void print_artifacts(const json& artifacts) {
    std::size_t shown = 0;
    std::size_t more = 0;
    for (const auto& one : artifacts) {
        const auto state = text_of(one, "state");
        if (state != "refused" && state != "unusable") continue;
        if (shown == kMostShown) {
            ++more;
            continue;
        }
        ++shown;
        const auto detail = text_of(one, "detail");
        const auto signature = text_of(one, "signature");
        print_line("artifact",
                   text(one, "id") + ": " + plain(state) + ", " + text(one, "reason") +
                       (detail.empty() ? "" : ", " + plain(detail)) +
                       (signature.empty() ? "" : "; the backend's signature: " + plain(signature)));
    }
    if (more > 0) std::printf("  and %zu more artifacts\n", more);
}

void print_backend(const json& backend) {
    print_line("backend", text(backend, "name") + " (" + text(backend, "dialect") + ") " +
                              text(backend, "url"));
    print_line("enrollment", text(backend, "enrollment"));
    const auto count = [&backend](const char* label, const char* number, const char* last) {
        if (member(backend, number).is_null()) return;
        print_line(label, text(backend, number) + ", last " + text(backend, last, "never"));
    };
    count("heartbeats", "heartbeats", "last_heartbeat");
    count("inventory", "inventory_reports", "last_inventory");
    if (const auto& nats = member(backend, "telemetry"); nats.is_object()) {
        print_line("telemetry", text(nats, "subject") + " at " + text(nats, "url") +
                                    (member(nats, "connected") == true ? ": connected since "
                                                                       : ": not connected since ") +
                                    text(nats, "since", "its start") + ", " +
                                    text(nats, "delivered") + " delivered, " +
                                    text(nats, "queued") + " queued, " + text(nats, "dropped") +
                                    " dropped, " + text(nats, "refused") + " refused");
    }
    if (const auto& spool = member(backend, "spool"); spool.is_object()) {
        print_line("spool", text(spool, "bytes") + " of " + text(spool, "limit_bytes") + " bytes");
    }
    std::size_t left = kMostShown;
    for (const auto& one : member(backend, "certificates")) {
        if (left-- == 0) break;
        print_line("certificate", text(one, "setting") + " until " + time(one, "until"));
    }
    left = kMostShown;
    for (const auto& one : member(backend, "declined")) {
        if (left-- == 0) break;
        print_line("declined",
                   text(one, "what") + ": " + text(one, "reason") + ", " + text(one, "detail"));
    }
    print_artifacts(member(backend, "artifacts"));
    left = kMostShown;
    for (const auto& job : member(backend, "jobs")) {
        if (left-- == 0) {
            std::printf("  and %zu more jobs\n", member(backend, "jobs").size() - kMostShown);
            break;
        }
        std::printf("  job %s (%s): %s, %s bytes of output\n", text(job, "delivery").c_str(),
                    text(job, "job").c_str(), text(job, "state").c_str(),
                    text(job, "stdout_bytes").c_str());
    }
}

}  // namespace

std::string one_line(const Verdict& verdict) {
    if (verdict.kind == Verdict::Kind::unknown) return "BULKHEAD CRITICAL - " + plain(verdict.why);
    if (verdict.kind == Verdict::Kind::healthy) return "BULKHEAD OK - healthy";
    std::string all;
    for (const auto& one : verdict.troubles) {
        all += (all.empty() ? "" : "; ") + plain(one.code) + " (" + plain(one.says) +
               "): " + plain(one.why);
    }
    if (all.size() > kMostInLine) all = all.substr(0, kMostInLine) + "...";
    // What follows the first bar is performance data to Nagios.
    for (auto& c : all) c = c == '|' ? '/' : c;
    const auto count = verdict.troubles.size();
    return "BULKHEAD WARNING - " + std::to_string(count) +
           (count == 1 ? " trouble: " : " troubles: ") + all;
}

void print_verdict(const Verdict& verdict) {
    if (verdict.kind == Verdict::Kind::unknown) {
        return static_cast<void>(std::printf("unknown: %s\n", plain(verdict.why).c_str()));
    }
    if (verdict.kind == Verdict::Kind::healthy) return static_cast<void>(std::puts("healthy"));
    std::printf("trouble: %zu\n", verdict.troubles.size());
    for (const auto& one : verdict.troubles) {
        const auto since = one.since.empty() ? "" : ", since " + plain(one.since);
        const auto says = one.says == "status" ? "" : ", says " + plain(one.says);
        const auto tries = one.tries == 0 ? "" : ", " + std::to_string(one.tries) + " tries";
        std::printf("\n%s%s%s%s\n    %s\n", plain(one.code).c_str(), says.c_str(), since.c_str(),
                    tries.c_str(), plain(one.why).c_str());
    }
}

void print_root(const RootFile& root) {
    if (!root.said.is_object()) {
        std::printf("\naccording to root: nothing. %s\n", plain(root.why).c_str());
        return;
    }
    const auto& said = root.said;
    std::printf("\naccording to root, %ld s ago\n", root.age_seconds);
    print_line("version", text(said, "version") + ", process " + text(said, "pid") + " since " +
                              time(said, "started"));
    print_line("host", text(said, "host"));
    print_line("groups", list(member(said, "groups"), "none"));
    print_policy(said);
    print_records(said);
    print_workers(member(said, "workers"));
    print_jobs(member(said, "jobs"));
}

void print_worker(const Asked& one, const StatusJson& root) {
    const auto name = one.backend.empty() ? std::string() : " " + plain(one.backend);
    const auto entry = own_entry(one);
    if (!entry && (!one.backend.empty() || !one.answer)) {
        std::printf("\nbackend%s: no answer, %s\n", name.c_str(),
                    plain(entry.error().what).c_str());
        return;
    }
    std::printf("\naccording to worker%s\n", name.c_str());
    const auto& said = *one.answer;
    const auto tell = [&](const char* label, const char* key, const json& of_root) {
        const auto value = text(said, key);
        if (root.is_null()) return print_line(label, value);
        if (!member(said, key).is_null() && member(said, key) != of_root) {
            print_line(label, value + ", and root says otherwise");
        }
    };
    tell("version", "version", member(root, "version"));
    tell("host", "host_id", member(root, "host"));
    tell("policy", "policy_digest", member(member(root, "policy"), "digest"));
    const auto& confinement = member(said, "confinement");
    print_line("landlock ABI", text(confinement, "landlock_abi"));
    if (root.is_null()) print_line("missing here", list(member(confinement, "missing"), "nothing"));
    const auto& backends = member(said, "backends");
    if (!one.backend.empty()) return print_backend(*entry);
    for (const auto& backend : backends.is_array() ? backends : json::array())
        print_backend(backend);
}

}  // namespace bulkhead::cli
