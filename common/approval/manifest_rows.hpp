// What the parsers of a job's manifest and of an artifact's share: lines "key SP value LF" in a
// fixed order of the keys, and the forms of the values that both have.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/approval/lexical.hpp"
#include "common/approval/manifest.hpp"
#include "common/base/text.hpp"

namespace bulkhead::approval {

// The form of a word: a test, and the pattern that an error shows.
struct WordForm {
    bool (*holds)(std::string_view text);
    std::string_view shown;
};
inline constexpr WordForm kJobId{is_job_id, "[a-z0-9][a-z0-9-]{0,63}"};
inline constexpr WordForm kPrincipal{is_principal, "[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}"};
inline constexpr WordForm kProfileName{is_profile_name, "[a-z][a-z0-9-]{0,31}"};
inline constexpr WordForm kLabel{is_label, "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"};
inline constexpr WordForm kText{[](std::string_view) { return true; }, ""};

template <const WordForm& Form>
Result<std::string> word(std::string_view text) {
    if (!Form.holds(text)) return fail("expected " + std::string(Form.shown));
    return std::string(text);
}

template <class T, T Min, T Max>
Result<T> number(std::string_view text) {
    return plain_number<T>(text, Min, Max);
}

Result<crypto::Digest> parse_sha256(std::string_view text);

template <auto Member, auto Parse, class M>
Result<> set(M& manifest, std::string_view value) {
    manifest.*Member = TRY(Parse(value));
    return {};
}

Result<> take_target(std::vector<Target>& targets, std::string_view value);

template <class M>
Result<> add_target(M& manifest, std::string_view value) {
    return take_target(manifest.targets, value);
}

template <class M>
Result<> set_not_after(M& manifest, std::string_view value) {
    manifest.not_after = TRY(parse_utc(value));
    if (manifest.not_after <= manifest.not_before) return fail("not later than not-before");
    return {};
}

// A row for each key, in the order of the file. `least` and `most` bound the number of its lines,
// `since` is the first format that has the key.
template <class M>
struct Row {
    std::string_view key;
    std::size_t least;
    std::size_t most;
    Result<> (*take)(M&, std::string_view value);
    unsigned since = 1;
};

// Checks what holds for lines of every key.
Result<> check_line(std::string_view line);

// As a manifest spells it.
std::string in_words(const Target& target);

// Follows the rows line by line, and thereby checks the order of the keys and how often each comes.
template <class M>
class Assembly {
  public:
    explicit Assembly(std::span<const Row<M>> rows) : rows_(rows) {}

    Result<> take(std::string_view line) {
        const auto blank = line.find(' ');
        const auto key = line.substr(0, blank);
        TRY(advance(key));
        if (blank == line.npos) return fail(std::string(key) + ": empty");
        const auto value = line.substr(blank + 1);
        if (value.starts_with(' ')) return fail(std::string(key) + ": more than one blank");
        return within(key, rows_[row_].take(manifest_, value));
    }

    Result<M> finish() {
        TRY(advance_to(rows_.size()));
        return std::move(manifest_);
    }

  private:
    Result<> advance(std::string_view key) {
        const auto found = std::ranges::find(rows_, key, &Row<M>::key);
        if (found == rows_.end()) return fail("unknown key \"" + quoted(key, 32) + "\"");
        const auto index = static_cast<std::size_t>(found - rows_.begin());
        if (row_ > 0 && found->since > manifest_.format) {
            return fail(std::string(key) + ": needs a manifest of format v" +
                        std::to_string(found->since));
        }
        if (index < row_) return fail(std::string(key) + ": doubled or out of order");
        TRY(advance_to(index));
        if (seen_ == found->most) {
            return fail(std::string(key) + (seen_ == 1 ? ": doubled" : ": too many"));
        }
        ++seen_;
        return {};
    }

    Result<> advance_to(std::size_t index) {
        for (; row_ < index; ++row_, seen_ = 0) {
            if (seen_ < rows_[row_].least) {
                return fail(std::string(rows_[row_].key) + ": missing");
            }
        }
        return {};
    }

    std::span<const Row<M>> rows_;
    M manifest_;
    std::size_t row_ = 0;
    std::size_t seen_ = 0;
};

template <class M>
Result<M> parse_rows(std::span<const Row<M>> rows, std::string_view bytes) {
    if (bytes.empty()) return fail("line 1: empty manifest");
    if (bytes.size() > kMaxManifest) return fail("manifest larger than 16384 bytes");
    Assembly<M> assembly(rows);
    auto rest = bytes;
    for (std::size_t number = 1;; ++number) {
        const auto where = "line " + std::to_string(number);
        if (rest.empty()) return fail(where + ": the line \"end\" is missing");
        const auto feed = rest.find('\n');
        const auto line = rest.substr(0, feed);
        TRY(within(where, check_line(line)));
        if (feed == rest.npos) return fail(where + ": no LF at its end");
        rest.remove_prefix(feed + 1);
        if (line != "end") {
            TRY(within(where, assembly.take(line)));
            continue;
        }
        auto manifest = TRY(within(where, assembly.finish()));
        if (!rest.empty()) return fail("line " + std::to_string(number + 1) + ": text after end");
        manifest.digest = crypto::sha256(as_bytes(bytes));
        return manifest;
    }
}

}  // namespace bulkhead::approval
