#include "broker/context/memory.hpp"

#include "broker/context/clock.hpp"
#include "common/base/text.hpp"

namespace bulkhead::broker {

namespace {

using admission::Memory;

constexpr std::string_view kLost = "ledger-lost";
constexpr std::string_view kRolledBack = "ledger-rolled-back";
constexpr std::string_view kLater = "ledger-later";
constexpr std::string_view kAcceptFailed = "accept-lost-ledger-failed";
constexpr std::string_view kRemedy =
    ": restore the newest ledger there is, or run bulkhead accept-lost-ledger, after which no "
    "one-shot job runs that was approved before";

}  // namespace

void tell_opened(Context& broker) {
    const auto& opened = broker.ledger.opened();
    const auto memory = broker.ledger.memory();
    const bool lacks = !opened.lacking.empty();
    // At each start: one that found it may have ended before it could say so.
    if (memory != Memory::whole) {
        note(broker, memory == Memory::lost ? kLost : kRolledBack,
             {{"why", lacks ? opened.lacking : "as an earlier start found"}});
    }
    if (!broker.ledger.readable()) note(broker, kLater, {{"why", broker.ledger.later()}});
    if (opened.created) note(broker, "ledger-created", {{"records", broker.ledger.records()}});
    if (lacks && broker.ledger.acceptance()) {
        // It was asked for before anybody could know of this loss.
        broker.log.check(broker.ledger.drop_acceptance(), "acceptance-failed");
    }
    take_acceptance(broker);
}

void watch_memory(Context& broker) {
    auto& troubles = broker.troubles;
    const auto stands = [&](bool bad, std::string_view code, const std::string& why) {
        bad ? troubles.set(code, why) : troubles.clear(code);
    };
    const auto memory = broker.ledger.memory();
    stands(memory == Memory::lost, kLost,
           "the ledger of what ran on this host is gone, or another machine's; no one-shot job "
           "starts" +
               std::string(kRemedy));
    stands(memory == Memory::rolled_back, kRolledBack,
           "the ledger of what ran on this host is older than the audit log says; no job starts" +
               std::string(kRemedy));
    stands(!broker.ledger.readable(), kLater,
           broker.ledger.later() + "; no job starts, and none is fetched: install " +
               (broker.newer_version.empty() ? "that version" : broker.newer_version) +
               " or newer, in which all that ran here is known");
    if (!broker.ledger.readable()) return watch_clock(broker);
    const auto view = broker.ledger.view();
    const bool broken = broker.ledger.broken(), full = view.full && !broken;
    stands(full || view.full_for_repeatable, "ledger-full",
           full ? "the ledger takes no other job: it is full"
                : "the ledger takes no other repeatable job for now; one-shot jobs start");
    const auto room = full ? Result<>() : broker.ledger.make_room();
    stands(!room, kLedgerUnwritable,
           room ? ""
                : room.error().what + "; no job starts: " +
                      (broken ? "repair the file system of " : "make room on the file system of ") +
                      broker.state_directory +
                      (broken ? ", then: systemctl restart bulkhead" : "; no restart is needed"));
    watch_clock(broker);
}

void take_acceptance(Context& broker) {
    // A request that could not be carried out is tried once: each try writes to the audit log.
    if (broker.troubles.stands(kAcceptFailed)) return;
    const auto asked = broker.ledger.acceptance();
    if (!asked) return;
    const auto memory = broker.ledger.memory();
    if (memory == Memory::whole) {
        broker.log.warning("acceptance-needless",
                           {{"why", "nothing is lost; the request is dropped"}});
        broker.log.check(broker.ledger.drop_acceptance(), "acceptance-failed");
        return;
    }
    const auto recorded = broker.audit.event("ledger-accepted",
                                             {{"was", memory == Memory::lost ? kLost : kRolledBack},
                                              {"asked", quoted(*asked, 200)},
                                              {"records", broker.ledger.records()}});
    if (!broker.log.check(recorded, "audit-failed")) return;
    const auto accepted = broker.ledger.accept_loss();
    if (!broker.log.check(accepted, "acceptance-failed")) {
        broker.troubles.set(kAcceptFailed,
                            accepted.error().what + "; mend it and restart the agent");
    }
    broker.audit.keep(broker.ledger.mark());
    watch_memory(broker);
}

}  // namespace bulkhead::broker
