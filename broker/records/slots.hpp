// Which backend's worker has which account: slot 0 to 15, remembered by the backend's name.
//
// A worker's files lie in STATE/workers/NAME and belong to its slot's account. A slot is given to
// another backend only when that directory is gone, or the newcomer would own what the former left.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/sandbox/privileges.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::records {

struct Slot {
    std::string backend;
    unsigned number = 0;
    friend bool operator==(const Slot&, const Slot&) = default;
};
inline constexpr std::size_t kMaxSlots = 16;
inline constexpr std::string_view kSlotsFile = "slots";

// The slots in the file; none if it is absent.
Result<std::vector<Slot>> read_slots(const sys::Dir& broker);
// The slots of `backends`, in their order; new ones are on disk in `broker` when this returns.
// `workers` is STATE/workers. An error tells the operator what to mend.
Result<std::vector<Slot>> take_slots(const sys::Dir& broker, const sys::Dir& workers,
                                     std::span<const std::string> backends);

// The account of a slot: of `base` bulkhead-w that is bulkhead-w0, of 900:900 it is 900:900, and
// so on.
Result<sandbox::User> slot_user(std::string_view base, unsigned number);

}  // namespace bulkhead::records
