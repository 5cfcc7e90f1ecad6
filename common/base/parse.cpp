#include "common/base/parse.hpp"

#include <algorithm>
#include <array>

namespace bulkhead {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_hex(ByteView bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const auto byte : bytes) {
        out += kHex[std::to_integer<unsigned>(byte) >> 4];
        out += kHex[std::to_integer<unsigned>(byte) & 15];
    }
    return out;
}

Result<Bytes> parse_hex(std::string_view text) {
    if (text.size() % 2 != 0) return fail("odd number of hex digits");
    Bytes out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const auto high = kHex.find(text[i]);
        const auto low = kHex.find(text[i + 1]);
        if (high == kHex.npos || low == kHex.npos) return fail("not lower-case hex");
        out.push_back(static_cast<std::byte>(high << 4 | low));
    }
    return out;
}

std::string to_base64(ByteView bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto group = bytes.subspan(i, std::min<std::size_t>(3, bytes.size() - i));
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            bits = bits << 8 | (k < group.size() ? std::to_integer<std::uint32_t>(group[k]) : 0);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out += k <= group.size() ? kBase64[bits >> (18 - 6 * k) & 63] : '=';
        }
    }
    return out;
}

Result<Bytes> parse_base64(std::string_view text) {
    if (text.size() % 4 != 0) return fail("base64: length is not a multiple of 4");
    Bytes out;
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::uint32_t bits = 0;
        std::size_t digits = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const auto at = kBase64.find(text[i + k]);
            if (at == kBase64.npos) break;
            bits |= static_cast<std::uint32_t>(at) << (18 - 6 * k);
            ++digits;
        }
        const bool last = i + 4 == text.size();
        if (digits < 2 || (digits < 4 && !last)) return fail("base64: odd character");
        for (std::size_t k = digits; k < 4; ++k) {
            if (text[i + k] != '=') return fail("base64: odd character");
        }
        // The unused bits of a short last group must be zero (RFC 4648, section 3.5), so that each
        // value has one spelling.
        if (digits < 4 && (bits & (digits == 2 ? 0xffffU : 0xffU)) != 0) {
            return fail("base64: stray bits in the last group");
        }
        for (std::size_t k = 0; k + 1 < digits; ++k) {
            out.push_back(static_cast<std::byte>(bits >> (16 - 8 * k) & 0xff));
        }
    }
    return out;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    struct Unit {
        std::string_view suffix;
        std::int64_t milliseconds;
    };
    static constexpr std::array<Unit, 5> kUnits{
        {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
    for (const auto& unit : kUnits) {
        if (!text.ends_with(unit.suffix)) continue;
        const auto digits = text.substr(0, text.size() - unit.suffix.size());
        const auto count = parse_number<std::uint32_t>(digits);
        if (!count) continue;
        return std::chrono::milliseconds(*count * unit.milliseconds);
    }
    return fail("not a duration; write 30s, 5m, 1h or 7d");
}

Result<UnixTime> parse_utc(std::string_view text) {
    namespace chr = std::chrono;
    static constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";
    const auto wrong = [] { return fail("not a time; write 2026-08-22T00:00:00Z"); };
    if (text.size() != kShape.size()) return wrong();
    for (std::size_t i = 0; i < kShape.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return wrong();
    }
    const auto part = [&](std::size_t at, std::size_t length) {
        return static_cast<int>(parse_number<unsigned>(text.substr(at, length)).value_or(0));
    };
    const auto date = chr::year(part(0, 4)) / part(5, 2) / part(8, 2);
    if (!date.ok()) return fail("no such day");
    if (part(0, 4) < 1970 || part(0, 4) > 9998) return fail("year outside 1970..9998");
    if (part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 59)
        return fail("no such time of day");
    return chr::sys_days(date) + chr::hours(part(11, 2)) + chr::minutes(part(14, 2)) +
           chr::seconds(part(17, 2));
}

std::string format_utc(UnixTime time) {
    namespace chr = std::chrono;
    const auto day = chr::floor<chr::days>(time);
    const chr::year_month_day date(day);
    const chr::hh_mm_ss clock(time - day);
    const auto padded = [](long value, std::size_t width) {
        auto text = std::to_string(value);
        return text.size() < width ? std::string(width - text.size(), '0') + text : text;
    };
    return padded(static_cast<int>(date.year()), 4) + "-" +
           padded(static_cast<unsigned>(date.month()), 2) + "-" +
           padded(static_cast<unsigned>(date.day()), 2) + "T" + padded(clock.hours().count(), 2) +
           ":" + padded(clock.minutes().count(), 2) + ":" + padded(clock.seconds().count(), 2) +
           "Z";
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == text.npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> found;
    for (std::size_t at = 0;;) {
        at = text.find_first_not_of(" \t", at);
        if (at == text.npos) return found;
        const auto end = std::min(text.find_first_of(" \t", at), text.size());
        found.push_back(text.substr(at, end - at));
        at = end;
    }
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Result<std::string_view> ColonTable::value(std::string_view key) const {
    for (auto rest = text_; !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ':') {
            return trimmed(line.substr(key.size() + 1));
        }
    }
    return fail(std::string(key) + ": missing");
}

}  // namespace bulkhead
