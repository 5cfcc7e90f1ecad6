// What some settings check beyond their type. The error says what to write instead.
#pragma once
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::worker {

// 1..32 of a-z, 0-9 and -: what is safe in a file name and in a cgroup's.
Result<> check_backend_name(std::string_view text);
// sha256//<base64>, several separated by semicolons, as curl takes them (CURLOPT_PINNEDPUBLICKEY).
Result<> check_pin(std::string_view text);
// An http or https URL without user and password. No error repeats a part of the text.
Result<> check_proxy(std::string_view text);

}  // namespace bulkhead::worker
