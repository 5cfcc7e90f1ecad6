// The one grammar of every policy file: "key words...  # reason", one rule a line.
//
// Blank lines and lines that begin with # are for readers. Every other line gives its reason.
#pragma once
#include <concepts>
#include <functional>
#include <initializer_list>
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
    static Result<Line> create(const std::string& file, unsigned number, std::string_view text);

    std::string_view key() const { return text_of(words_.front()); }
    const Source& source() const { return source_; }
    bool empty() const { return words_.empty(); }
    bool more() const { return next_ < words_.size(); }
    bool next_is(std::string_view literal) const;
    // Takes the next word if it is `literal`.
    bool accept(std::string_view literal);
    // The index of the next word in `choices`.
    Result<std::size_t> one_of(std::span<const std::string_view> choices);
    Result<std::size_t> one_of(std::initializer_list<std::string_view> choices) {
        return one_of(std::span(choices.begin(), choices.size()));
    }
    // The next word; `what` names it when it is missing.
    Result<std::string_view> word(std::string_view what);
    // The next word if `is_right`; `what` says how it should look.
    Result<std::string> matching(bool (*is_right)(std::string_view), std::string_view what);
    Result<std::uint32_t> number(std::uint32_t least, std::uint32_t most);
    Result<std::uint64_t> size();            // 64KiB, 512MiB, 2GiB
    Result<std::chrono::seconds> seconds();  // 30s, 15m, 1h, 7d
    Result<std::string> path();              // absolute and plain
    Result<> end() const;
    // Of the word that was taken last; the first is 1.
    std::size_t column() const { return words_[next_ - 1].at + 1; }
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
    std::size_t next_ = 1;
    Source source_;
};

// One kind of line that a file may hold. Its usage begins with its key and is what errors show.
struct Form {
    enum class Times { once, at_most_once, any };  // `once` is exactly once
    Times times;
    std::string_view usage;
    std::function<Result<>(Line&)> take;

    std::string_view key() const { return usage.substr(0, usage.find(' ')); }
};

// What a policy file says: its own text, and the lines that others add to it (FILE.d/NAME.lines).
struct Text {
    struct Added {
        std::string file;  // as errors name it
        std::string_view text;
    };
    template <std::convertible_to<std::string_view> T>
    Text(const T& text) : own(text) {}

    std::string_view own;
    std::vector<Added> added;
};

// Added lines add: a key that may stand once and stands already is an error.
Result<> parse_lines(const std::string& file, const Text& text, const std::vector<Form>& forms);

}  // namespace bulkhead::policy
