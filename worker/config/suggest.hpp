// Suggests the word that a misspelt one probably stands for.
#pragma once
#include <optional>
#include <span>
#include <string_view>

namespace bulkhead::worker {

// The nearest candidate by Levenshtein distance, if at most about a third of the word differs.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

}  // namespace bulkhead::worker
