// What /etc/machine-id must hold to name one machine.
#pragma once
#include <string_view>

#include "common/base/parse.hpp"

namespace bulkhead::policy {

// 32 lower-case hex digits (machine-id(5)), not all of them the same: zeros are no id, and images
// hold them, an empty file or the word "uninitialized".
inline bool is_machine_id(std::string_view id) {
    return id.size() == 32 && parse_hex(id) && id.find_first_not_of(id.front()) != id.npos;
}

}  // namespace bulkhead::policy
