// What root tells of the clock and the ledger's two floors, and how an operator lowers them.
#pragma once
#include "broker/context/context.hpp"

namespace bulkhead::broker {

// Whether the kernel or systemd-timesyncd(8) says that the clock is synchronised.
bool is_synchronised(UnixTime now);

// The troubles `clock-behind` and `clock-unsure`, by the clock of now: while one stands no job
// starts.
void watch_clock(Context& broker);

// An operator says that the clock is right: the floor that no trusted clock raised is lowered to
// it, and with `i_know` the trusted one as well. The audit log has it first, with `asked`, which
// says who and why. A request is dropped, and that recorded, where no such floor is later than the
// clock, so that none waits for a floor to come.
void reset_clock(Context& broker, std::string_view asked, bool i_know);
// Records a request that is not carried out.
void drop_clock_reset(Context& broker, std::string_view why, std::string_view asked);

}  // namespace bulkhead::broker
