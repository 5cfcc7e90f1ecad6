// A line of the log, as a value, and the forms in which it is written. Pure.
#pragma once
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::sys {

enum class Level { debug, info, warning, error };
Result<Level> parse_level(std::string_view text);

// What a field of a line holds: text of any bytes, a whole number, or true or false.
struct Value {
    enum class Kind { text, number, flag };

    Value(std::string value) : text(std::move(value)) {}
    Value(std::string_view value) : text(value) {}
    Value(const char* value) : text(value) {}
    Value(std::same_as<bool> auto value) : text(value ? "true" : "false"), kind(Kind::flag) {}
    Value(std::integral auto value) requires(!std::same_as<decltype(value), bool>)
        : text(std::to_string(value)), kind(Kind::number) {}

    friend bool operator==(const Value&, const Value&) = default;

    std::string text;  // of a number its decimal digits, of a flag "true" or "false"
    Kind kind = Kind::text;
};

constexpr bool is_event_name(std::string_view text) {
    if (text.empty() || text.size() > 48 || text.front() == '-' || text.back() == '-') return false;
    for (const char c : text) {
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-') return false;
    }
    return true;
}

// The name of an event, a constant such as "job-refused"; what happened to what, and why, is in the
// fields. docs/events.md has a row for each.
struct Event {
    consteval Event(const char* text) : name(text) {
        if (!is_event_name(name))
            throw "an event is a name of a-z, 0-9 and '-'; say the rest in fields";
    }
    std::string_view name;
};

// Names are of [a-z0-9_]{1,32}, and none of those that a line has anyway.
using Fields = std::vector<std::pair<std::string, Value>>;

struct LogLine {
    std::string_view from;  // "broker", "worker/main"
    Level level = Level::info;
    std::string_view event;
    const Fields& fields;
};

// A line of JSON with its '\n': time, level, from, event, and a member for each field.
std::string to_json(const LogLine& line);
// A line with its '\n' for people at a terminal: printable ASCII, whatever the fields hold.
std::string to_text(const LogLine& line);
// The same without time, level and sender. The field `why` comes last, as it is.
std::string to_sentence(const LogLine& line);
// What parse_relayed() reads, a line with its '\n'.
std::string to_relayed(const LogLine& line);
// An entry for sys::Journal: PRIORITY (syslog(3)), SYSLOG_IDENTIFIER "bulkhead-broker" or
// "bulkhead-worker", MESSAGE for people, BULKHEAD_EVENT, and each field as BULKHEAD_NAME. Text that
// is not printable ASCII is quoted(). No value is longer than 16 KiB.
std::string to_journal(const LogLine& line);
// "<4>" for a warning: what tells the journal the level of a line of text (sd-daemon(3)).
std::string level_prefix(Level level);

// `fields` with a name for each that is a field's name and stands once: of two members of a JSON
// object with one name most readers take the last (RFC 8259, section 4). What has another name, or
// one for the second time, is called field_N, where N counts the fields from 0.
Fields named_apart(Fields fields);

// A line of another process, as it came out of a pipe that the process writes to.
struct RelayedLine {
    Level level = Level::warning;
    std::string event = "output";
    Fields fields;
};
// `line` is without its '\n'. What to_relayed() has written gets its level, event and fields back,
// with names as named_apart() gives them; any other text, and an event that is no name, is the
// field `text` of the event `output`. Of more than 16 fields the rest is left out.
RelayedLine parse_relayed(std::string_view line);

// `text` as a JSON string with its quotes (RFC 8259). If `text` is not UTF-8, each byte above 0x7f
// becomes U+FFFD.
std::string json_string(std::string_view text);

}  // namespace bulkhead::sys
