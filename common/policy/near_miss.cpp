#include "common/policy/near_miss.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace bulkhead::policy {

namespace {

constexpr std::array<std::string_view, 3> kWithdraw{"revoked_signers", "revoked_jobs",
                                                    kJobsDisabled};
constexpr std::size_t kSlips = 2;

// Its letters and digits, the letters in lower case.
std::string bare(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out += c;
        if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

// How many letters have to be changed, added, left out or exchanged with their neighbour (the
// optimal string alignment distance).
std::size_t slips_between(std::string_view one, std::string_view other) {
    std::vector<std::vector<std::size_t>> table(one.size() + 1,
                                                std::vector<std::size_t>(other.size() + 1));
    for (std::size_t i = 0; i <= one.size(); ++i) {
        for (std::size_t k = 0; k <= other.size(); ++k) {
            auto& least = table[i][k];
            least = i + k;
            if (i == 0 || k == 0) continue;
            const std::size_t differ = one[i - 1] == other[k - 1] ? 0 : 1;
            least =
                std::min({table[i - 1][k] + 1, table[i][k - 1] + 1, table[i - 1][k - 1] + differ});
            if (i > 1 && k > 1 && one[i - 1] == other[k - 2] && one[i - 2] == other[k - 1]) {
                least = std::min(least, table[i - 2][k - 2] + 1);
            }
        }
    }
    return table[one.size()][other.size()];
}

bool is_backup(std::string_view name) {
    constexpr std::array<std::string_view, 9> kEnds{"~",    ".bak", ".orig",    ".old",   ".save",
                                                    ".swp", ".swo", ".rpmsave", ".rpmnew"};
    return name.starts_with(".#") || (name.starts_with('#') && name.ends_with('#')) ||
           name.contains(".dpkg-") ||
           std::ranges::any_of(kEnds, [&](auto end) { return name.ends_with(end); });
}

}  // namespace

bool may_mean(std::string_view word, std::string_view wanted, std::size_t slips) {
    return slips_between(bare(word.substr(0, 64)), bare(wanted)) <= slips;
}

std::string_view meant_by(std::string_view name) {
    if (name.ends_with(".md")) return "";  // those are for people
    const auto letters = bare(name.substr(0, 255));
    for (const auto file : kWithdraw) {
        const auto wanted = bare(file);
        if (letters.starts_with(wanted) || slips_between(letters, wanted) <= kSlips) return file;
    }
    return "";
}

Result<> refuse_near_misses(const std::vector<std::string>& ignored,
                            const std::vector<std::string>& read) {
    for (const auto& name : ignored) {
        const auto meant = meant_by(name);
        if (meant.empty() || name == meant) continue;
        const bool there =
            std::ranges::count(ignored, meant) > 0 || std::ranges::count(read, meant) > 0;
        if (is_backup(name) && there) continue;
        return fail(name + ": nobody reads a file of this name; if it is meant, call it " +
                    std::string(meant) + ", else move it away");
    }
    return {};
}

}  // namespace bulkhead::policy
