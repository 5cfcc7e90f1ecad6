#include "cli/systemd/environment_file.hpp"

#include <algorithm>

#include "common/base/text.hpp"

namespace bulkhead::cli::systemd {

namespace {

constexpr std::string_view kExpected = "expected NAME=value; mend the line or put # before it";

bool one_of(char c, std::string_view set) { return set.find(c) != set.npos; }

// The state machine that systemd has for these files. It knows more lines than a shell would, and
// fewer quotes.
class Parser {
  public:
    explicit Parser(const std::string& file) : file_(file) {}

    Result<EnvironmentFile> parse(std::string_view text) {
        if (text.find('\0') != text.npos) {
            return fail(file_ + ": holds a NUL, so systemd reads nothing of it; take it out");
        }
        for (const char c : text) {
            TRY(take(c));
            if (c == '\n') ++line_;
        }
        if (state_ != State::before_key && state_ != State::key && state_ != State::comment &&
            state_ != State::comment_escape) {
            if (state_ != State::before_value && state_ != State::value) note_open_end();
            TRY(end_value());
        }
        if (state_ == State::key) note_lost_key();
        return std::move(result_);
    }

  private:
    enum class State {
        before_key,
        key,
        before_value,
        value,
        value_escape,
        single_quotes,
        double_quotes,
        double_quotes_escape,
        comment,
        comment_escape,
    };

    Result<> take(char c) {
        const bool ends_line = one_of(c, "\n\r");
        switch (state_) {
            case State::before_key:
                if (one_of(c, "#;")) {
                    state_ = State::comment;
                } else if (!one_of(c, kBlanks)) {
                    begun_ = line_;
                    key_ = c;
                    state_ = State::key;
                }
                return {};
            case State::key:
                if (ends_line) {
                    note_lost_key();
                    state_ = State::before_key;
                } else if (c == '=') {
                    value_.clear();
                    kept_ = 0;
                    state_ = State::before_value;
                } else {
                    key_ += c;
                }
                return {};
            case State::before_value:
            case State::value:
                return take_value(c, ends_line);
            case State::value_escape:
                state_ = State::value;
                if (!ends_line) keep(c);
                return {};
            case State::single_quotes:
                if (c == '\'') {
                    state_ = State::before_value;
                } else {
                    value_ += c;
                }
                return {};
            case State::double_quotes:
                if (c == '"') {
                    state_ = State::before_value;
                } else if (c == '\\') {
                    state_ = State::double_quotes_escape;
                } else {
                    value_ += c;
                }
                return {};
            case State::double_quotes_escape:
                state_ = State::double_quotes;
                if (c == '\n') return {};
                if (!one_of(c, "\"\\`$")) value_ += '\\';
                value_ += c;
                return {};
            case State::comment:
                if (c == '\\') state_ = State::comment_escape;
                if (ends_line) state_ = State::before_key;
                return {};
            case State::comment_escape:
                if (ends_line) {
                    note(line_,
                         "the comment goes on in the next line, as it ends with a "
                         "backslash; systemd 254 and later read that line as a variable",
                         "a comment ends with a backslash; take it out");
                }
                state_ = State::comment;
                return {};
        }
        return {};
    }

    Result<> take_value(char c, bool ends_line) {
        const bool begins = state_ == State::before_value;
        if (ends_line) {
            TRY(end_value());
            state_ = State::before_key;
        } else if (begins && c == '\'') {
            state_ = State::single_quotes;
        } else if (begins && c == '"') {
            state_ = State::double_quotes;
        } else if (c == '\\') {
            kept_ = value_.size();
            state_ = State::value_escape;
        } else if (!one_of(c, kBlanks)) {
            keep(c);
            state_ = State::value;
        } else if (!begins) {
            value_ += c;  // kept if something follows
        }
        return {};
    }

    void keep(char c) {
        value_ += c;
        kept_ = value_.size();
    }

    Result<> end_value() {
        if (state_ == State::value) value_.resize(kept_);
        key_.resize(key_.find_last_not_of(kBlanks) + 1);
        if (!is_utf8(key_) || !is_utf8(value_)) {
            return fail(place(file_, begun_) +
                        ": is no UTF-8, so systemd reads nothing of this file; mend the line or "
                        "take it out");
        }
        result_.variables.push_back({std::move(key_), std::move(value_), place(file_, begun_)});
        key_.clear();
        value_.clear();
        return {};
    }

    void note(std::size_t line, const std::string& what, const std::string& wrong) {
        result_.notes.push_back(place(file_, line) + ": " + what);
        if (result_.wrong.empty()) result_.wrong = place(file_, line) + ": " + wrong;
    }
    void note_lost_key() {
        note(begun_, "has no \"=\" and was left out, as systemd did", std::string(kExpected));
    }
    void note_open_end() {
        const bool quotes = state_ != State::value_escape;
        const std::string what =
            quotes ? "the quotes do not close around the value" : "the value ends with a backslash";
        // What lies in front of "=" may be a secret where it is no name.
        const auto name = is_variable_name(key_) ? key_ + ": " : "";
        note(begun_, name + what + ", so for systemd it reaches to the end of the file",
             name + what + "; mend the line");
    }

    const std::string& file_;
    State state_ = State::before_key;
    std::size_t line_ = 1;
    std::size_t begun_ = 1;  // the line where the key begins
    std::string key_;
    std::string value_;
    std::size_t kept_ = 0;  // the length of `value_` without blanks at its end
    EnvironmentFile result_;
};

}  // namespace

void put(std::vector<Variable>& variables, Variable one) {
    const auto same = std::ranges::find(variables, one.name, &Variable::name);
    if (same == variables.end()) {
        variables.push_back(std::move(one));
    } else {
        *same = std::move(one);
    }
}

Result<EnvironmentFile> parse_pairs(std::string_view text, const std::string& file) {
    return Parser(file).parse(text);
}

Result<EnvironmentFile> parse_environment_file(std::string_view text, const std::string& file) {
    auto all = TRY(parse_pairs(text, file));
    EnvironmentFile kept{
        .variables = {}, .notes = std::move(all.notes), .wrong = std::move(all.wrong)};
    for (auto& one : all.variables) {
        if (is_variable_name(one.name)) {
            put(kept.variables, std::move(one));
            continue;
        }
        // A name that is none may well be a secret, for example a line of a key.
        const std::string what = one.name.starts_with("export ")
                                     ? "\"export\" makes it no variable for systemd"
                                     : "is no name of a variable";
        kept.notes.push_back(one.where + ": " + what + "; it was left out, as systemd did");
        if (kept.wrong.empty()) {
            kept.wrong = one.where + ": " + std::string(kExpected) + " (" + what + ")";
        }
    }
    return kept;
}

}  // namespace bulkhead::cli::systemd
