#include "broker/context/context.hpp"

#include <array>

#include "common/admission/host_facts.hpp"

namespace bulkhead::broker {

namespace {

constexpr std::string_view kIntakeTrouble = "intake-suspended";

}  // namespace

std::string_view name_of(UpgradeState::Stage stage) {
    constexpr std::array<std::string_view, 5> kNames{"none", "checking", "pending", "draining",
                                                     "blocked"};
    return kNames[static_cast<std::size_t>(stage)];
}

void note(const Context& broker, std::string_view event,
          std::initializer_list<records::Field> fields, records::Durable durable) {
    records::note(broker.audit, broker.log, event, fields, durable);
}

std::string readers_of(const Context& broker) {
    const auto& in_force = broker.policy->policy.host.readers;
    const auto* now = broker.granted_now.get();
    return now == nullptr || now->host.readers == in_force ? in_force : "";
}

void tell_intake(Context& broker) {
    std::string why;
    const auto add = [&](const std::string& what) { why += (why.empty() ? "" : "; ") + what; };
    if (const auto by = admission::suspended_by(broker.policy_directory); !by.empty()) {
        add("all jobs: " + by);
    }
    if (!broker.intake.held().empty()) add("all jobs: " + broker.intake.held());
    if (broker.reboot != nullptr && broker.reboot->pending()) {
        add("all jobs, for the host is about to restart, as a job asked");
    }
    const auto marks = broker.intake.standing();
    for (const auto& one : marks) add(one);
    if (!marks.empty()) why += " (bulkhead resume-jobs)";
    why.empty() ? broker.troubles.clear(kIntakeTrouble) : broker.troubles.set(kIntakeTrouble, why);
}

void tell_audit(Context& broker) {
    const auto& why = broker.audit.failing();
    if (why.empty()) return broker.troubles.clear("audit-unwritable");
    broker.troubles.set("audit-unwritable",
                        why + "; no job starts: make room on, or repair, the file system of " +
                            broker.log_directory);
}

void tell_lost_lines(Context& broker) {
    const auto now = sys::Clock::now();
    const auto lost = broker.log.lost();
    if (lost == broker.lost_lines) {
        if (now - broker.lost_at > std::chrono::hours(1)) broker.troubles.clear("log-lines-lost");
        return;
    }
    broker.troubles.set(
        "log-lines-lost",
        "lines of the log that could not be written since the start: " + std::to_string(lost) +
            "; see whether who reads it is stuck, or its disk is full");
    // With that of the trouble, if it was lost as well.
    broker.lost_lines = broker.log.lost();
    broker.lost_at = now;
}

bool note_read(Context& broker, std::string_view row, std::string_view path,
               std::string_view reason) {
    return broker.log.check(broker.reads.note(broker.audit, row, path, reason, sys::Clock::now()),
                            "audit-failed");
}

}  // namespace bulkhead::broker
