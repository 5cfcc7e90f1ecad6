#include "worker/config/suggest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

// The Levenshtein distance: letters to insert, remove or replace, by one row of its table at a
// time.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto above = row[j + 1];
            const auto replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            row[j + 1] = std::min({replaced, row[j] + 1, above + 1});
            diagonal = above;
        }
    }
    return row.back();
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
    if (word.size() > 64) return std::nullopt;
    auto least = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::optional<std::string_view> best;
    for (const auto candidate : candidates) {
        const auto changes = distance(word, candidate);
        if (changes >= least) continue;
        least = changes;
        best = candidate;
    }
    return best;
}

std::string shown(std::string_view word, std::span<const std::string_view> candidates) {
    const auto ours = [](char c) {
        return (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.';
    };
    const bool plain = word.size() <= 40 && std::ranges::all_of(word, ours);
    return plain || nearest(word, candidates) ? quoted(word, 64) : "(a name that is not shown)";
}

}  // namespace bulkhead::worker
