#include "common/sys/log_line.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/journal.hpp"

namespace bulkhead::sys {

namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};
constexpr std::array<char, 4> kPriorities{'7', '6', '4', '3'};  // of syslog(3)

// Of Form::relayed: what a line begins with, before a digit for its level, and what stands between
// event, names and values. A value begins with the letter of its kind.
constexpr char kMark = '\x1e';
constexpr char kBetween = '\x1f';
constexpr std::string_view kKinds = "snb";
constexpr std::size_t kMostFields = 16;

constexpr std::size_t kMostShown = 1024;      // bytes of a value, for people
constexpr std::size_t kMostOfWhy = 4096;      // the same, of `why`
constexpr std::size_t kMostKept = 16 * 1024;  // bytes of a value in the journal

std::size_t number_of(Level level) { return static_cast<std::size_t>(level); }

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '\n' || c == kBetween) out += '\\';
        out += c == '\n' ? 'n' : c == kBetween ? 's' : c;
    }
    return out;
}

std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool plain = text[i] != '\\' || i + 1 == text.size();
        const char c = plain ? text[i] : text[++i];
        out += plain || c == '\\' ? c : c == 'n' ? '\n' : c == 's' ? kBetween : c;
    }
    return out;
}

bool is_field_name(std::string_view name) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";
    constexpr std::array<std::string_view, 6> kTaken{"time",  "level",          "from",
                                                     "event", "lines_left_out", "lines_lost"};
    return !name.empty() && name.size() <= 32 && name.find_first_not_of(kLetters) == name.npos &&
           std::ranges::count(kTaken, name) == 0;
}

// A value that claims to be a number or a flag and is none stays text.
Value parse_value(std::string_view text) {
    const auto rest = text.substr(text.empty() ? 0 : 1);
    if (text.starts_with('b') && (rest == "true" || rest == "false")) return rest == "true";
    if (text.starts_with('n')) {
        if (const auto number = parse_number<std::int64_t>(rest)) return *number;
        if (const auto number = parse_number<std::uint64_t>(rest)) return *number;
    }
    return unescaped(rest);
}

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string shown(std::string_view text, std::size_t most) {
    return is_printable(text) && text.size() <= most ? std::string(text) : quoted(text, most);
}

// In quotes, unless it is one word.
std::string worded(std::string_view text) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@+-";
    const bool word =
        !text.empty() && text.size() <= kMostShown && text.find_first_not_of(kPlain) == text.npos;
    return word ? std::string(text) : '"' + quoted(text, kMostShown) + '"';
}

std::string journal_name(std::string_view name) {
    std::string upper = "BULKHEAD_";
    for (const char c : name) {
        upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return upper;
}

}  // namespace

Result<Level> parse_level(std::string_view text) {
    for (std::size_t i = 0; i < kLevels.size(); ++i) {
        if (text == kLevels[i]) return static_cast<Level>(i);
    }
    return fail("unknown log level; choose debug, info, warning or error");
}

std::string json_string(std::string_view text) {
    const bool whole = is_utf8(text);
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\u00" + to_hex(as_bytes({&c, 1}));
        } else if (byte >= 0x80 && !whole) {
            out += "\\ufffd";
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::string to_json(const LogLine& line) {
    auto text = R"({"time":")" + format_utc(now()) + R"(","level":")";
    text += kLevels[number_of(line.level)];
    text += R"(","from":)" + json_string(line.from) + R"(,"event":)" + json_string(line.event);
    for (const auto& [name, value] : line.fields) {
        text += ',' + json_string(name) + ':';
        text += value.kind == Value::Kind::text ? json_string(value.text) : value.text;
    }
    return text + "}\n";
}

std::string to_sentence(const LogLine& line) {
    auto text = shown(line.event, kMostShown);
    const Value* why = nullptr;
    for (const auto& [name, value] : line.fields) {
        if (name == "why") {
            why = &value;
        } else {
            text += ' ' + name + '=' + worded(value.text);
        }
    }
    return why == nullptr || why->text.empty() ? text : text + ": " + shown(why->text, kMostOfWhy);
}

std::string to_text(const LogLine& line) {
    auto text = format_utc(now()).substr(11, 8) + ' ' + std::string(line.from) + ' ';
    text += kLevels[number_of(line.level)];
    return text + ": " + to_sentence(line) + '\n';
}

std::string to_relayed(const LogLine& line) {
    std::string text{kMark, static_cast<char>('0' + number_of(line.level))};
    text += escaped(line.event);
    for (const auto& [name, value] : line.fields) {
        text += kBetween + name + kBetween + kKinds[static_cast<std::size_t>(value.kind)];
        text += escaped(value.text);
    }
    return text + '\n';
}

std::string to_journal(const LogLine& line) {
    std::string entry;
    add_journal_field(entry, "PRIORITY", {&kPriorities[number_of(line.level)], 1});
    const auto half = line.from.substr(0, line.from.find('/'));
    add_journal_field(entry, "SYSLOG_IDENTIFIER", "bulkhead-" + std::string(half));
    add_journal_field(entry, "MESSAGE", to_sentence(line));
    add_journal_field(entry, "BULKHEAD_EVENT", shown(line.event, kMostShown));
    for (const auto& [name, value] : line.fields) {
        add_journal_field(entry, journal_name(name), shown(value.text, kMostKept));
    }
    return entry;
}

std::string level_prefix(Level level) { return {'<', kPriorities[number_of(level)], '>'}; }

Fields named_apart(Fields fields) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        auto& name = fields[i].first;
        const bool good = is_field_name(name) && !name.starts_with("field_");
        if (!good || names.contains(name)) name = "field_" + std::to_string(i);
        names.insert(name);
    }
    return fields;
}

RelayedLine parse_relayed(std::string_view line) {
    RelayedLine relayed;
    const bool ours = line.size() > 1 && line[0] == kMark && line[1] >= '0' && line[1] <= '3';
    if (!ours) {
        relayed.fields.emplace_back("text", line);
        return relayed;
    }
    relayed.level = static_cast<Level>(line[1] - '0');
    const auto parts = split(line.substr(2), kBetween);
    auto event = unescaped(parts[0]);
    if (is_event_name(event)) {
        relayed.event = std::move(event);
    } else {
        relayed.fields.emplace_back("text", std::move(event));
    }
    for (std::size_t i = 1; i + 1 < parts.size() && i < 2 * kMostFields; i += 2) {
        relayed.fields.emplace_back(parts[i], parse_value(parts[i + 1]));
    }
    relayed.fields = named_apart(std::move(relayed.fields));
    return relayed;
}

}  // namespace bulkhead::sys
