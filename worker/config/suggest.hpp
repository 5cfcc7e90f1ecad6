// Suggests the word that a misspelt one probably stands for.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bulkhead::worker {

// The nearest candidate by Damerau's distance, if at most about a third of the word differs. Case,
// and dashes for underscores, do not count.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

// `word`, which stands where one of these names should, for a message. It may be a secret that
// slipped there, so it is shown only if it looks like our names, or resembles one of them.
std::string shown(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace bulkhead::worker
