// The grammar that all policy files share: each line is a rule "key words...  # reason".
//
// Blank lines and lines that begin with # are skipped. Every other line must have a reason.
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

// A line whose words are taken one after the other. An error reads "FILE:LINE:COLUMN: " and what is
// wrong and what to write instead.
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
    // Takes the next word, which must be one of `choices`, and returns its index there.
    Result<std::size_t> one_of(std::span<const std::string_view> choices);
    Result<std::size_t> one_of(std::initializer_list<std::string_view> choices) {
        return one_of(std::span(choices.begin(), choices.size()));
    }
    // Takes the next word. If there is none, the error says that `what` is missing.
    Result<std::string_view> word(std::string_view what);
    // Takes the next word, for which `is_right` must be true; else the error says `what` is
    // expected.
    Result<std::string> matching(bool (*is_right)(std::string_view), std::string_view what);
    Result<std::uint32_t> number(std::uint32_t least, std::uint32_t most);
    Result<std::uint64_t> size();            // in bytes; written 64KiB, 512MiB or 2GiB
    Result<std::chrono::seconds> seconds();  // written 30s, 15m, 1h or 7d
    Result<std::string> path();              // absolute, without empty, "." and ".." components
    // An error if there is no text behind "#".
    Result<> require_reason() const;
    // An error if words are left.
    Result<> end() const;
    // The column of the word that was taken last, counted from 1.
    std::size_t column() const { return words_[next_ - 1].at + 1; }
    // An error at the column of the word that was taken last.
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
    std::vector<Word> words_;  // the first one is the key
    std::size_t next_ = 1;
    Source source_;
};

// One kind of line that a file may hold. Errors show `usage`, whose first word is the key.
struct Form {
    enum class Times { once, at_most_once, any };  // `once` is exactly once
    Times times;
    std::string_view usage;
    std::function<Result<>(Line&)> take;

    std::string_view key() const { return usage.substr(0, usage.find(' ')); }
};

// The text of a policy file, and the files FILE.d/NAME.lines that add lines to it.
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

// Calls `take` of the form of each line. An error if a key comes less or more often than its form
// says, in the file and its added lines together.
Result<> parse_lines(const std::string& file, const Text& text, const std::vector<Form>& forms);

}  // namespace bulkhead::policy
