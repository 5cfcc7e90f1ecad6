// What root tells of its own memory: ledger and clock floor; and how an operator accepts a loss.
#pragma once
#include "broker/context/context.hpp"

namespace bulkhead::broker {

// At a start, after the ledger was opened: the events of what it turned out to be.
void tell_opened(Context& broker);
// The troubles that stand, by the clock of now. Tries whether the ledger takes another job.
void watch_memory(Context& broker);
inline constexpr std::string_view kLedgerUnwritable = "ledger-unwritable";
// Where `bulkhead accept-lost-ledger` has asked for it and something is lost: nothing is lost any
// more, and the audit log has it. Else the request is dropped, so that it accepts no later loss.
void take_acceptance(Context& broker);

}  // namespace bulkhead::broker
