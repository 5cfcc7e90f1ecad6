// What the text of a setting or of a dialect's option must be: its type and bounds. The check, the
// words for people and the JSON Schema of agent.yaml follow from this one value.
#pragma once
#include <chrono>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "common/base/result.hpp"
#include "common/base/secret.hpp"

namespace bulkhead::worker {

struct ValueType {
    enum class Kind : std::uint8_t {
        text,      // whatever a check of its own accepts
        words,     // separated by blanks
        globs,     // patterns of fnmatch(3), separated by blanks; in the file also a list
        url,       // http or https, of at most 2048 bytes
        path,      // absolute
        paths,     // absolute, separated by colons; in the file also a list
        duration,  // 500ms, 30s, 5m, 1h, 7d or a sum: 1h30m
        bytes,     // 4096, 512KiB, 64MiB, 2GiB
        count,     // decimal, at most 2^32 - 1
        boolean,   // true or false
        choice,    // one of `choices`
    };
    Kind kind = Kind::text;
    // The bounds of a duration in milliseconds, of bytes or of a count; both are allowed values.
    std::uint64_t least = 0;
    std::uint64_t most = 0;
    std::span<const std::string_view> choices = {};
    bool may_be_empty = false;  // of a url or path: the empty text stands for none
};

namespace value {

constexpr ValueType text() { return {}; }
constexpr ValueType words() { return {.kind = ValueType::Kind::words}; }
constexpr ValueType globs() { return {.kind = ValueType::Kind::globs}; }
constexpr ValueType url() { return {.kind = ValueType::Kind::url}; }
constexpr ValueType path() { return {.kind = ValueType::Kind::path}; }
constexpr ValueType paths() { return {.kind = ValueType::Kind::paths}; }
constexpr ValueType duration(std::chrono::milliseconds least, std::chrono::milliseconds most) {
    return {.kind = ValueType::Kind::duration,
            .least = static_cast<std::uint64_t>(least.count()),
            .most = static_cast<std::uint64_t>(most.count())};
}
constexpr ValueType bytes(std::uint64_t least, std::uint64_t most) {
    return {.kind = ValueType::Kind::bytes, .least = least, .most = most};
}
constexpr ValueType count(std::uint32_t least, std::uint32_t most) {
    return {.kind = ValueType::Kind::count, .least = least, .most = most};
}
constexpr ValueType boolean() { return {.kind = ValueType::Kind::boolean}; }
constexpr ValueType choice(std::span<const std::string_view> choices) {
    return {.kind = ValueType::Kind::choice, .choices = choices};
}
constexpr ValueType or_empty(ValueType type) {
    type.may_be_empty = true;
    return type;
}

}  // namespace value

// For people: "1s..24h", "path", "true, false".
std::string in_words(const ValueType& type);

// The whole text is of this type and within its bounds; else an error that says what to write.
Result<> check_value(const ValueType& type, std::string_view text);

// The number behind a duration (milliseconds), bytes or a count; checked as above.
Result<std::uint64_t> parse_quantity(const ValueType& type, std::string_view text);
// The place of a choice among `type.choices`; checked as above.
Result<std::size_t> parse_choice(const ValueType& type, std::string_view text);

// A text becomes the member that it is kept in; `into` is untouched when the check fails.
Result<> parse_into(const ValueType& type, std::string_view text, std::string& into);
Result<> parse_into(const ValueType& type, std::string_view text, Secret& into);
Result<> parse_into(const ValueType& type, std::string_view text, bool& into);
Result<> parse_into(const ValueType& type, std::string_view text, std::vector<std::string>& into);
Result<> parse_into(const ValueType& type, std::string_view text, std::chrono::milliseconds& into);
// Fractions of a second are cut off.
Result<> parse_into(const ValueType& type, std::string_view text, std::chrono::seconds& into);

template <class T>
requires(std::unsigned_integral<T> &&
         !std::same_as<T, bool>) Result<> parse_into(const ValueType& type, std::string_view text,
                                                     T& into) {
    into = static_cast<T>(TRY(parse_quantity(type, text)));
    return {};
}
// An enumeration whose values are in the order of the choices.
template <class T>
requires std::is_enum_v<T> Result<> parse_into(const ValueType& type, std::string_view text,
                                               T& into) {
    into = static_cast<T>(TRY(parse_choice(type, text)));
    return {};
}

// "30s", "5m" or a sum such as "1h30m".
Result<std::chrono::milliseconds> parse_span(std::string_view text);

}  // namespace bulkhead::worker
