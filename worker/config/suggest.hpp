// The word that somebody who mistyped another probably meant.
#pragma once
#include <optional>
#include <span>
#include <string_view>

namespace bulkhead::worker {

// The nearest candidate, when no more than about a third of the word would have to change.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

}  // namespace bulkhead::worker
