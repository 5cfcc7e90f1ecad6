#include "worker/config/suggest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

// Damerau's distance, of "optimal string alignment": letters to insert, remove or replace, and
// pairs of neighbours to exchange, by three rows of its table.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(above.begin(), above.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto replaced = above[j] + (a[i] == b[j] ? 0 : 1);
            row[j + 1] = std::min({replaced, row[j] + 1, above[j + 1] + 1});
            if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j]) {
                row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
            }
        }
        before.swap(above);
        above.swap(row);
    }
    return above.back();
}

// A dash for an underscore and a capital letter are no difference: options and variables have them.
std::string folded(std::string_view word) {
    std::string out(word);
    for (auto& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '-') c = '_';
    }
    return out;
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
    if (word.size() > 64) return std::nullopt;
    auto least = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::optional<std::string_view> best;
    const auto wanted = folded(word);
    for (const auto candidate : candidates) {
        if (word == candidate) continue;  // it is misspelt, or stands in the wrong place
        const auto changes = distance(wanted, folded(candidate));
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
