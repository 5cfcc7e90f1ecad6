#include "cli/vet/expansions.hpp"

#include <algorithm>
#include <iterator>

#include "common/base/parse.hpp"

namespace bulkhead::cli {

namespace {

using std::string_view;

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

enum class Inside {
    code,       // commands
    group,      // ( ... ) and $( ... ): commands
    backticks,  // ` ... `: commands
    sum,        // (( ... )) and $(( ... ))
    quotes,     // " ... "
    here,       // a here-document whose delimiter is not quoted
    braces,     // ${name ... }
};

bool is_code(Inside inside) {
    return inside == Inside::code || inside == Inside::group || inside == Inside::backticks ||
           inside == Inside::sum;
}

constexpr std::size_t kMostNested = 100;
constexpr unsigned kMostDocuments = 8;  // one in another

struct HereDocument {
    std::string end;
    bool quoted = false;
    bool tabs = false;  // "<<-": tabs before the lines do not count
};

class Reader {
  public:
    Reader(string_view text, unsigned line, Inside inside, unsigned depth = 0)
        : text_(text), line_(line), depth_(depth) {
        inside_.push_back(inside);
    }

    Expansions read() {
        while (at_ < text_.size() && found_.understood) step();
        if (inside_.size() != 1 || !awaited_.empty()) lose();
        return std::move(found_);
    }

  private:
    char next(std::size_t ahead = 1) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    char before() const { return at_ == 0 ? '\n' : text_[at_ - 1]; }
    bool begins_word() const { return string_view(" \t\n;&|()`").contains(before()); }
    Inside inside() const { return inside_.back(); }
    void lose() { found_.understood = false; }

    void enter(Inside inside, std::size_t length) {
        if (inside_.size() == kMostNested) return lose();
        inside_.push_back(inside);
        skip(length);
    }
    void leave(std::size_t length = 1) {
        inside_.pop_back();
        skip(length);
    }
    void skip(std::size_t count) {
        const auto part = text_.substr(at_, count);
        line_ += static_cast<unsigned>(std::ranges::count(part, '\n'));
        at_ += part.size();
    }

    void step() {
        const char c = text_[at_];
        if (c == '\\') return skip(2);
        if (c == '$') return dollar();
        if (c == '`') return backtick();
        if (c == '\n') return line_end();
        if (text_.substr(at_).starts_with(kParamPrefix) && !is_name_char(before()))
            return mention(is_code(inside()) ? Expansion::Kind::named : Expansion::Kind::text);
        if (is_code(inside())) return code(c);
        if (inside() == Inside::braces) return braces(c);
        if (inside() == Inside::quotes && c == '"') return leave();
        skip(1);
    }

    void code(char c) {
        if (c == '\'') return single_quotes();
        if (c == '"') return enter(Inside::quotes, 1);
        if (c == '#' && begins_word())
            return skip(std::min(text_.find('\n', at_), text_.size()) - at_);
        if (c == '<' && next() == '<' && inside() != Inside::sum) return here_document();
        if (c == '(') return next() == '(' ? enter(Inside::sum, 2) : enter(Inside::group, 1);
        if (c == ')') return close();
        // The ")" of a pattern of `case` ends no group.
        const bool nested = inside_.size() > 1;
        if (nested && begins_word() && text_.substr(at_).starts_with("case ")) return lose();
        skip(1);
    }

    void close() {
        if (inside() == Inside::group) return leave();
        if (inside() == Inside::sum) return next() == ')' ? leave(2) : lose();
        skip(1);
    }

    void braces(char c) {
        if (c == '}') return leave();
        if (c == '"') return enter(Inside::quotes, 1);
        const auto around = inside_[inside_.size() - 2];
        if (c == '\'') return is_code(around) ? single_quotes() : lose();
        skip(1);
    }

    void backtick() {
        if (inside() == Inside::backticks) return leave();
        if (std::ranges::count(inside_, Inside::backticks) > 0) return lose();
        enter(Inside::backticks, 1);
    }

    // What stands between them may be a script of its own, which sets a variable.
    void single_quotes() {
        const auto end = text_.find('\'', at_ + 1);
        if (end == text_.npos) return lose();
        mentions(end + 1);
    }

    // What is mentioned from here to `end`, in text that this shell does not expand.
    void mentions(std::size_t end) {
        while (at_ < end) {
            const auto at = std::min(text_.find(kParamPrefix, at_), end);
            skip(at - at_);
            if (at < end && !is_name_char(before())) {
                mention(Expansion::Kind::text);
            } else if (at < end) {
                skip(1);
            }
        }
    }

    // $'...' of bash, in which a backslash protects a quote.
    void ansi_quotes() {
        auto end = at_ + 2;
        while (end < text_.size() && text_[end] != '\'') end += text_[end] == '\\' ? 2 : 1;
        mentions(std::min(end + 1, text_.size()));
    }

    string_view name_at(std::size_t at) const {
        const auto rest = text_.substr(std::min(at, text_.size()));
        return rest.substr(0, static_cast<std::size_t>(
                                  std::ranges::find_if_not(rest, is_name_char) - rest.begin()));
    }
    bool sets(std::size_t at) const {
        const auto rest = text_.substr(std::min(at, text_.size()));
        return rest.starts_with('=') || rest.starts_with("+=");
    }
    void add(string_view name, Expansion::Kind kind) {
        found_.list.push_back({std::string(name), line_, kind});
    }

    // A word in quotes may be set by the command that it is given to: read -r "JOB_P_x".
    bool is_quoted_word(std::size_t end) const {
        const char quote = before();
        return (quote == '"' || quote == '\'') && end < text_.size() && text_[end] == quote;
    }

    void mention(Expansion::Kind kind) {
        const auto name = name_at(at_ + kParamPrefix.size());
        const auto length = kParamPrefix.size() + name.size();
        if (sets(at_ + length)) {
            kind = Expansion::Kind::assigned;
        } else if (is_quoted_word(at_ + length)) {
            kind = Expansion::Kind::named;
        }
        add(name, kind);
        skip(length);
    }

    void dollar() {
        const char c = next();
        if (c == '\'' && is_code(inside())) return ansi_quotes();
        if (c == '(') return next(2) == '(' ? enter(Inside::sum, 3) : enter(Inside::group, 2);
        if (c == '{') return parameter();
        if (is_name_char(c)) {
            const auto name = name_at(at_ + 1);
            if (name.starts_with(kParamPrefix)) {
                add(name.substr(kParamPrefix.size()), Expansion::Kind::plain);
            }
            return skip(1 + name.size());
        }
        // "$$" and "$#" are parameters of one sign.
        skip(string_view("$#?!@*-").contains(c) && c != '\0' ? 2 : 1);
    }

    void parameter() {
        const bool sign = (next(2) == '#' || next(2) == '!') && is_name_char(next(3));
        const auto start = at_ + (sign ? 3 : 2);
        const auto name = name_at(start);
        if (name.starts_with(kParamPrefix)) {
            const auto rest = text_.substr(start + name.size());
            const bool list = next(2) == '!' && (rest.starts_with('*') || rest.starts_with('@'));
            const bool colon = rest.starts_with(':') && rest.size() > 1;
            const char how = rest.empty() ? '\0' : rest[colon ? 1 : 0];
            const bool guarded = list || (string_view("-=+").contains(how) && how != '\0');
            add(name.substr(kParamPrefix.size()),
                guarded ? Expansion::Kind::guarded : Expansion::Kind::plain);
        }
        const auto length = start + name.size() - at_;
        // In "${#}" and "${!}" the sign is the name.
        enter(Inside::braces, name.empty() && next(2) != '\0' && next(2) != '}' ? 3 : length);
    }

    void here_document() {
        if (next(2) == '<') return skip(3);
        skip(2);
        HereDocument document;
        document.tabs = at_ < text_.size() && text_[at_] == '-';
        if (document.tabs) skip(1);
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) skip(1);
        while (at_ < text_.size() && !string_view(" \t\n;&|()<>").contains(text_[at_])) {
            const char c = text_[at_];
            if (c == '$' || c == '`') return lose();
            document.quoted = document.quoted || c == '\'' || c == '"' || c == '\\';
            if (c != '\'' && c != '"' && c != '\\') document.end += c;
            skip(1);
        }
        if (document.end.empty()) return lose();
        awaited_.push_back(std::move(document));
    }

    void line_end() {
        skip(1);
        if (awaited_.empty()) return;
        if (!is_code(inside())) return lose();
        for (const auto& document : awaited_) {
            if (found_.understood) body_of(document);
        }
        awaited_.clear();
    }

    void body_of(const HereDocument& document) {
        const auto first = at_;
        const auto line = line_;
        while (at_ < text_.size()) {
            const auto begin = at_;
            const auto end = std::min(text_.find('\n', at_), text_.size());
            auto one = text_.substr(begin, end - begin);
            skip(end + 1 - begin);
            while (document.tabs && one.starts_with('\t')) one.remove_prefix(1);
            if (one != document.end) continue;
            if (document.quoted) return found_in_text(text_.substr(first, begin - first), line);
            return take(text_.substr(first, begin - first), line);
        }
        lose();
    }

    void take(string_view body, unsigned line) {
        if (depth_ == kMostDocuments) return lose();
        add_all(Reader(body, line, Inside::here, depth_ + 1).read());
    }
    void found_in_text(string_view body, unsigned line) {
        Reader inner(body, line, Inside::here);
        inner.mentions(body.size());
        add_all(std::move(inner.found_));
    }
    void add_all(Expansions inner) {
        found_.understood = found_.understood && inner.understood;
        std::ranges::move(inner.list, std::back_inserter(found_.list));
    }

    string_view text_;
    unsigned line_;
    unsigned depth_;  // of here-documents
    std::size_t at_ = 0;
    std::vector<Inside> inside_;
    std::vector<HereDocument> awaited_;
    Expansions found_;
};

}  // namespace

Expansions find_expansions(string_view script) { return Reader(script, 1, Inside::code).read(); }

}  // namespace bulkhead::cli
