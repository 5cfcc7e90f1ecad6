// The one grammar of every policy file: "key words...  # reason", one rule a line.
//
// Blank lines and lines that begin with # are for readers. Every other line gives its reason.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/parse.hpp"
#include "common/base/result.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// A line, consumed word by word. Errors read "FILE:LINE:COLUMN: what is wrong and what to write".
class Line {
  public:
    static constexpr std::size_t kMax = 1024;

    static Result<Line> create(const std::string& file, unsigned number, std::string_view text);

    bool empty() const { return words_.empty(); }
    bool more() const { return next_ < words_.size(); }
    bool next_is(std::string_view literal) const;
    // Takes the next word if it is `literal`.
    bool accept(std::string_view literal);
    // The index of the next word in `choices`.
    Result<std::size_t> one_of(std::initializer_list<std::string_view> choices);
    // The next word; `what` names it when it is missing.
    Result<std::string_view> word(std::string_view what);
    Result<std::vector<std::string>> rest();  // all words to the end, none twice
    Result<> end() const;

    template <class T>
    Result<T> number(std::string_view what, T least = 0, T most = std::numeric_limits<T>::max()) {
        const auto value = parse_number<T>(TRY(word(what)));
        if (value && *value >= least && *value <= most) return *value;
        return wrong("expected " + std::string(what) + ", a whole number from " +
                     std::to_string(least) + " to " + std::to_string(most));
    }
    Result<std::uint64_t> size();            // 64KiB, 512MiB, 2GiB
    Result<std::chrono::seconds> seconds();  // 30s, 15m, 1h, 7d
    Result<std::string> path();              // absolute and plain
    // A word that `is_right` takes; `what` says how it should look.
    Result<std::string> matching(bool (*is_right)(std::string_view), std::string_view what);

    std::string_view key() const { return text_of(words_.front()); }
    const Source& source() const { return source_; }
    // Points at the word that was taken last.
    [[nodiscard]] std::unexpected<Error> wrong(std::string_view what) const;

  private:
    struct Word {
        std::size_t at = 0;
        std::size_t size = 0;
    };
    std::string_view text_of(const Word& word) const {
        return std::string_view(text_).substr(word.at, word.size);
    }

    std::string text_;
    std::vector<Word> words_;  // the key first
    std::size_t next_ = 1;     // the key is read with key()
    Source source_;
};

// One kind of line a file may hold. `usage` is what an error shows; `once` makes it obligatory.
template <class T>
struct Form {
    std::string_view key;
    bool once;
    std::string_view usage;
    Result<> (*take)(T&, Line&);
};

Result<> walk_lines(const std::string& file, std::string_view text,
                    const std::function<Result<>(Line&)>& take);
[[nodiscard]] std::unexpected<Error> unknown_key(const Line& line, std::string known);
[[nodiscard]] std::unexpected<Error> doubled_key(const Line& line);

template <class T, std::size_t N>
Result<> parse_lines(const std::string& file, std::string_view text, T& into,
                     const Form<T> (&forms)[N]) {
    std::set<std::string_view> seen;
    TRY(walk_lines(file, text, [&](Line& line) -> Result<> {
        std::string known;
        for (const auto& form : forms) {
            known.append(known.empty() ? "" : ", ").append(form.key);
            if (line.key() != form.key) continue;
            if (!seen.insert(form.key).second && form.once) return doubled_key(line);
            auto taken = form.take(into, line);
            if (taken) taken = line.end();
            if (taken) return {};
            taken.error().what += "; write: " + std::string(form.usage) + "  # why";
            return taken;
        }
        return unknown_key(line, std::move(known));
    }));
    for (const auto& form : forms) {
        if (form.once && !seen.contains(form.key)) {
            return fail(file + ": the line \"" + std::string(form.usage) + "  # why\" is missing");
        }
    }
    return {};
}

}  // namespace bulkhead::policy
