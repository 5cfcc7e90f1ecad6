#include "worker/host/scanners/glob.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

struct GlobPattern::Byte {
    unsigned char value;
    bool quoted;  // a backslash stood before it: it is no wildcard
    bool is(char wanted) const { return !quoted && value == static_cast<unsigned char>(wanted); }
};

class GlobPattern::Parser {
  public:
    explicit Parser(std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const bool quotes = text[i] == '\\';
            if (quotes && i + 1 < text.size()) ++i;
            bytes_.push_back({static_cast<unsigned char>(text[i]), quotes});
        }
    }

    // The components, "" and "." among them.
    Result<std::vector<Name>> parse() {
        std::vector<Name> names(1);
        while (at_ < bytes_.size()) {
            const auto byte = bytes_[at_++];
            if (byte.value == '/') {
                names.emplace_back();
            } else if (byte.is('*')) {
                names.back().push_back({.kind = Part::Kind::text, .set = {}});
            } else if (byte.is('?')) {
                names.back().push_back({.kind = Part::Kind::one, .set = {}});
            } else if (byte.is('[') && closes()) {
                auto set = TRY(parse_set());
                if (!set) {
                    no_match_ = true;
                    return names;
                }
                names.back().push_back({.kind = Part::Kind::set, .set = *set});
            } else {
                names.back().push_back(
                    {.kind = Part::Kind::byte, .set = std::bitset<256>().set(byte.value)});
            }
        }
        return names;
    }
    bool no_match() const { return no_match_; }

  private:
    // Whether a ] ends what the [ before at_ begins; the first byte behind [ or [! does not.
    bool closes() const {
        const auto first = at_ + (at_ < bytes_.size() && bytes_[at_].is('!') ? 1 : 0);
        return first < bytes_.size() &&
               std::any_of(bytes_.begin() + static_cast<std::ptrdiff_t>(first) + 1, bytes_.end(),
                           [](const Byte& byte) { return byte.is(']'); });
    }

    // nullopt: it names a class that does not exist, and so the whole pattern matches nothing.
    Result<std::optional<std::bitset<256>>> parse_set() {
        std::bitset<256> set;
        const bool negated = bytes_[at_].is('!');
        if (negated) ++at_;
        auto byte = bytes_[at_++];
        do {
            while (byte.is('[') && is_at(':')) {
                const auto name = class_name();
                if (!name) break;
                if (!add_class(*name, set)) return std::optional<std::bitset<256>>();
                if (at_ == bytes_.size()) return fail("a bracket is not closed");
                byte = bytes_[at_++];
                if (byte.is(']')) return finished(set, negated);
            }
            if (byte.value == '/') return fail("a bracket spans a slash");
            auto last = byte.value;
            if (is_at('-') && at_ + 1 < bytes_.size() && !bytes_[at_ + 1].is(']')) {
                last = bytes_[at_ + 1].value;
                at_ += 2;
            }
            for (unsigned value = byte.value; value <= last; ++value) set.set(value);
            if (at_ == bytes_.size()) return fail("a bracket is not closed");
            byte = bytes_[at_++];
        } while (!byte.is(']'));
        return finished(set, negated);
    }
    static std::optional<std::bitset<256>> finished(std::bitset<256> set, bool negated) {
        return negated ? ~set : set;
    }
    bool is_at(char wanted) const { return at_ < bytes_.size() && bytes_[at_].is(wanted); }

    // "digit" of "[:digit:]"; at_ stands at its first colon, and is moved behind its bracket.
    std::optional<std::string> class_name() {
        std::string name;
        auto end = at_ + 1;
        for (; end < bytes_.size() && !bytes_[end].is(':'); ++end) {
            name += static_cast<char>(bytes_[end].value);
        }
        if (end + 1 >= bytes_.size() || !bytes_[end + 1].is(']')) return std::nullopt;
        at_ = end + 2;
        return name;
    }
    static bool add_class(std::string_view name, std::bitset<256>& set) {
        static constexpr std::array<std::pair<std::string_view, int (*)(int)>, 12> kClasses{
            {{"alnum", &std::isalnum},
             {"alpha", &std::isalpha},
             {"blank", &std::isblank},
             {"cntrl", &std::iscntrl},
             {"digit", &std::isdigit},
             {"graph", &std::isgraph},
             {"lower", &std::islower},
             {"print", &std::isprint},
             {"punct", &std::ispunct},
             {"space", &std::isspace},
             {"upper", &std::isupper},
             {"xdigit", &std::isxdigit}}};
        const auto* found =
            std::ranges::find(kClasses, name, [](const auto& one) { return one.first; });
        if (found == kClasses.end()) return false;
        for (int value = 0; value < 128; ++value) {
            if (found->second(value) != 0) set.set(static_cast<std::size_t>(value));
        }
        return true;
    }

    std::vector<Byte> bytes_;
    std::size_t at_ = 0;
    bool no_match_ = false;
};

bool GlobPattern::Part::is(char byte) const {
    return kind == Kind::byte && set.test(static_cast<unsigned char>(byte));
}

bool GlobPattern::spells(const Name& name, std::string_view text) {
    return std::ranges::equal(name, text,
                              [](const Part& part, char byte) { return part.is(byte); });
}

Result<GlobPattern> GlobPattern::parse(std::string_view text, const IsDirectory& is_directory) {
    GlobPattern pattern;
    Parser parser(text);
    const auto names = TRY(parser.parse());
    if (parser.no_match() || names.back().empty() || spells(names.back(), ".")) {
        pattern.yields_no_file_ = true;  // "x/" and "x/." are directories
    }
    for (const auto& name : names) {
        if (name.empty() || spells(name, ".")) continue;
        if (!spells(name, "..")) {
            pattern.names_.push_back(name);
            continue;
        }
        const auto above = pattern.for_policy();
        if (!pattern.names_.empty() && !is_directory(above)) {
            return fail("it leads through .., and " + above + " is not known to be a directory");
        }
        if (!pattern.names_.empty()) pattern.names_.pop_back();
    }
    if (pattern.names_.empty()) pattern.yields_no_file_ = true;
    return pattern;
}

bool GlobPattern::matches(const Name& name, std::string_view text) {
    const auto is_dot = [&] { return !name.empty() && name.front().is('.'); };
    if (text.starts_with('.') && !is_dot()) return false;
    std::size_t at = 0;    // index of the next part of the name
    std::size_t seen = 0;  // index of the next byte of the text
    // Indices of the last * and behind what it matches so far; after a mismatch it takes one more.
    auto star = std::string_view::npos;
    std::size_t taken = 0;
    const auto fits = [&] {
        if (at == name.size() || name[at].kind == Part::Kind::text) return false;
        return name[at].kind == Part::Kind::one ||
               name[at].set.test(static_cast<unsigned char>(text[seen]));
    };
    while (seen < text.size()) {
        if (at < name.size() && name[at].kind == Part::Kind::text) {
            star = at++;
            taken = seen;
        } else if (fits()) {
            ++at;
            ++seen;
        } else {
            if (star == std::string_view::npos) return false;
            at = star + 1;
            seen = ++taken;
        }
    }
    return std::all_of(name.begin() + static_cast<std::ptrdiff_t>(at), name.end(),
                       [](const Part& part) { return part.kind == Part::Kind::text; });
}

bool GlobPattern::matches(std::string_view path) const {
    if (yields_no_file_ || !path.starts_with('/')) return false;
    return std::ranges::equal(
        names_, split(path.substr(1), '/'),
        [](const Name& name, std::string_view text) { return matches(name, text); });
}

std::string GlobPattern::for_policy(const Name& name) {
    std::string text;
    for (const auto& part : name) {
        if (part.kind == Part::Kind::text) {
            if (!text.ends_with('*')) text += '*';
            continue;
        }
        char byte = '?';
        if (part.set.count() == 1) {
            for (int value = '!'; value <= '~'; ++value) {
                if (part.set.test(static_cast<std::size_t>(value))) byte = static_cast<char>(value);
            }
        }
        // Neither ? nor a bracket stands for the dot that hides a file.
        if (byte == '.' && part.kind == Part::Kind::set && text.empty()) byte = '?';
        const bool odd = std::string_view("*#").find(byte) != std::string_view::npos;
        text += odd ? '?' : byte;
    }
    return text;
}

std::string GlobPattern::for_policy() const {
    std::string text;
    for (const auto& name : names_) text += "/" + for_policy(name);
    return text;
}

}  // namespace bulkhead::worker
