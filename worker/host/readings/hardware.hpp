// Hardware from the firmware's DMI tables (/sys/devices/virtual/dmi/id). Only root can read the
// serial number and the UUID; the broker hands them out if reads.policy has rows "hardware-id".
#pragma once
#include "common/sys/dir.hpp"
#include "worker/host/readings/host_files.hpp"
#include "worker/host/system/system_info.hpp"

namespace bulkhead::worker {

// Reads vendor and model, which every user may read. `root` is /. A text that cannot be read is
// absent, so a machine without DMI gives an empty Hardware.
Hardware read_hardware(const sys::Dir& root);
// Adds the serial number and the UUID as far as the broker hands them out. Error: the broker is
// gone.
Result<> add_numbers(Hardware& hardware, HostFiles& host);

}  // namespace bulkhead::worker
