// Parsers of numbers, hex, base64, durations, times and colon tables. Each either uses the whole
// input or returns an error (Kind::none).
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

// A decimal number: digits, after a minus sign if T is signed; no plus sign and no blanks.
template <class T>
Result<T> parse_number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) return fail("number out of range");
    if (error != std::errc{} || end != text.data() + text.size()) return fail("not a number");
    return value;
}

std::string to_hex(ByteView bytes);
// Accepts lower-case digits only.
Result<Bytes> parse_hex(std::string_view text);

// Base64 of RFC 4648, section 4, with padding and without white space.
std::string to_base64(ByteView bytes);
Result<Bytes> parse_base64(std::string_view text);

// A number below 2^32 and a unit: 1500ms, 30s, 5m, 1h or 7d. A number without a unit is an error.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// Seconds since 1970-01-01T00:00:00Z.
using UnixTime = std::chrono::sys_seconds;
// A time of the form 2026-08-22T00:00:00Z (RFC 3339 in UTC with whole seconds), in the years
// 1970..9998. A leap second (:60) is an error.
Result<UnixTime> parse_utc(std::string_view text);
std::string format_utc(UnixTime time);

// Splits at each `separator`; "a,,b" has an empty middle, "" has one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);
// Splits at runs of blanks and tabs; no part is empty.
std::vector<std::string_view> words(std::string_view text);
// `text` without blanks and tabs at its ends.
std::string_view trimmed(std::string_view text);
// The parts are views of `text`, so a temporary string does not compile: in a range-for it would be
// destroyed before the first iteration.
template <std::same_as<std::string> Temporary>
std::vector<std::string_view> split(Temporary&& text, char separator) = delete;
template <std::same_as<std::string> Temporary>
std::vector<std::string_view> words(Temporary&& text) = delete;

// Looks values up in "Key: value" lines, the format of /proc/meminfo and /proc/PID/status
// (proc(5)). It keeps a view of `text`, which must outlive it.
class ColonTable {
  public:
    explicit ColonTable(std::string_view text) : text_(text) {}
    // The trimmed value of the first line with this key; an error if there is none.
    Result<std::string_view> value(std::string_view key) const;
    // The value of a "Key: NNN kB" line, in bytes.
    Result<std::uint64_t> kibibytes(std::string_view key) const;

  private:
    std::string_view text_;
};

}  // namespace bulkhead
