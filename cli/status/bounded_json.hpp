// Reads JSON of a stranger into a value, in time that grows with the text's length alone.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "common/base/result.hpp"

namespace bulkhead::cli {

using StatusJson = nlohmann::ordered_json;

inline constexpr std::size_t kMaxDepth = 16;
// Of one object; this JSON library compares each name with all before it.
inline constexpr std::size_t kMaxNames = 256;

// An object. Levels below kMaxDepth and names beyond kMaxNames are left out. An error if the text
// is no JSON or no object.
Result<StatusJson> parse_bounded(const std::string& text);

}  // namespace bulkhead::cli
