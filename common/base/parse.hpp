// Numbers, hex, durations, colon tables, times: the whole input or an error.
#pragma once
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace bulkhead {

// Decimal, no sign unless T is signed, no blanks, the whole text.
template <class T>
Result<T> parse_number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) return fail("number out of range");
    if (error != std::errc{} || end != text.data() + text.size()) return fail("not a number");
    return value;
}

std::string to_hex(ByteView bytes);
Result<Bytes> parse_hex(std::string_view text);  // lower case only

// RFC 4648 base64 with padding, no white space.
std::string to_base64(ByteView bytes);
Result<Bytes> parse_base64(std::string_view text);

// 30s, 5m, 1h, 7d, 1500ms; a bare number is an error, so that nobody guesses the unit.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// Seconds since 1970-01-01T00:00:00Z.
using UnixTime = std::chrono::sys_seconds;
// Exactly 2026-08-22T00:00:00Z (RFC 3339, UTC, whole seconds), years 1970..9998, no leap second.
Result<UnixTime> parse_utc(std::string_view text);
std::string format_utc(UnixTime time);

// Splits at each `separator`; "a,,b" has an empty middle, "" has one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);
// Runs of blanks and tabs separate; no empty words.
std::vector<std::string_view> words(std::string_view text);
std::string_view trimmed(std::string_view text);
// The parts refer to the text, so a temporary is refused: in a range-for it would be gone before
// the first turn.
template <std::same_as<std::string> Temporary>
std::vector<std::string_view> split(Temporary&& text, char separator) = delete;
template <std::same_as<std::string> Temporary>
std::vector<std::string_view> words(Temporary&& text) = delete;

// "Key: value" lines as /proc/meminfo and /proc/PID/status have them. Refers to `text`, which must
// outlive it.
class ColonTable {
  public:
    explicit ColonTable(std::string_view text) : text_(text) {}
    Result<std::string_view> value(std::string_view key) const;
    // The value of a "NNN kB" line, in bytes.
    Result<std::uint64_t> kibibytes(std::string_view key) const;

  private:
    std::string_view text_;
};

}  // namespace bulkhead
