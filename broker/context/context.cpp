#include "broker/context/context.hpp"

#include "common/admission/host_facts.hpp"

namespace bulkhead::broker {

namespace {

constexpr std::string_view kIntakeTrouble = "intake-suspended";

}  // namespace

void note(const Context& broker, std::string_view event,
          std::initializer_list<records::Field> fields, records::Durable durable) {
    records::note(broker.audit, broker.log, event, fields, durable);
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

bool note_read(Context& broker, std::string_view row, std::string_view path,
               std::string_view reason) {
    return broker.log.check(broker.reads.note(broker.audit, row, path, reason, sys::Clock::now()),
                            "audit log: read");
}

}  // namespace bulkhead::broker
