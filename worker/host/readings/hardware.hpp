// The machine by its firmware's tables (DMI). The numbers that tell one machine from another are
// root's alone, and policy decides whether the broker hands them out.
#pragma once
#include "common/sys/dir.hpp"
#include "worker/host/readings/host_files.hpp"
#include "worker/host/system/system_info.hpp"

namespace bulkhead::worker {

// What everybody may read. A machine without such tables has no hardware to tell of.
Hardware read_hardware(const sys::Dir& root);
// An error: the broker is gone.
Result<> add_numbers(Hardware& hardware, HostFiles& host);

}  // namespace bulkhead::worker
