#include "broker/context/clock.hpp"

#include "common/base/text.hpp"
#include "common/sys/time_sync.hpp"

namespace bulkhead::broker {

bool is_synchronised(UnixTime now) {
    return sys::kernel_says_synchronised().value_or(false) ||
           sys::timesyncd_says_synchronised(std::string(sys::kTimesyncState), now);
}

void watch_clock(Context& broker) {
    const auto now = sys::now();
    const auto trusted = broker.ledger.trusted_floor();
    const auto unsure = broker.ledger.unsure_floor();
    const auto stands = [&](std::string_view code, UnixTime floor, bool is_trusted) {
        if (floor <= now + admission::kClockSlack) return broker.troubles.clear(code);
        broker.troubles.set(code, "the clock is behind, no job starts: " +
                                      admission::about_floor(floor, is_trusted));
    };
    stands("clock-behind", trusted, true);
    stands("clock-unsure", std::max(unsure, trusted) == trusted ? UnixTime{} : unsure, false);
}

void drop_clock_reset(Context& broker, std::string_view why, std::string_view asked) {
    const auto who = quoted(asked, 200);
    broker.log.warning("clock-reset-dropped", {{"why", why}, {"asked", who}});
    note(broker, "clock-reset-dropped", {{"why", why}, {"asked", who}});
}

void reset_clock(Context& broker, std::string_view asked, bool i_know) {
    auto& ledger = broker.ledger;
    const auto now = sys::now();
    const auto trusted = ledger.trusted_floor();
    const auto unsure = ledger.unsure_floor();
    const auto who = quoted(asked, 200);
    const bool lowers = i_know ? std::max(trusted, unsure) > now : unsure > std::max(trusted, now);
    if (!lowers || now < records::kBuiltAfter) {
        const auto* why = now < records::kBuiltAfter
                              ? "the clock shows a time before this agent was written"
                          : trusted > now ? "the floor is of a trusted clock: it takes --i-know"
                                          : "no floor is later than the clock";
        return drop_clock_reset(broker, why, asked);
    }
    const auto recorded =
        broker.audit.event("clock-reset", {{"grade", i_know ? "trusted" : "unsure"},
                                           {"trusted_floor", format_utc(trusted)},
                                           {"unsure_floor", format_utc(unsure)},
                                           {"now", format_utc(now)},
                                           {"asked", who},
                                           {"records", ledger.records()}});
    if (!broker.log.check(recorded, "audit-failed")) return;
    broker.log.warning("clock-reset", {{"now", format_utc(now)}, {"asked", who}});
    if (const auto done = ledger.reset_floor(now, i_know); !done) {
        broker.log.check(done, "clock-reset");
        note(broker, "clock-reset-failed", {{"why", done.error().what}});
    }
    broker.audit.keep(ledger.mark());
    watch_clock(broker);
}

}  // namespace bulkhead::broker
