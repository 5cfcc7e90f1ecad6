#include "worker/backend/dialect/option.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

Result<> DialectOption::accepts(std::string_view text) const {
    TRY(check_value(type, text));
    return check == nullptr ? Result<>() : check(text);
}

std::string_view text_of(const DialectOption& row, const DialectOptions& options) {
    const auto given = options.find(row.name);
    return given == options.end() ? row.fallback : std::string_view(given->second);
}

Result<> check_directory(std::string_view value) {
    if (value.empty()) return {};
    if (!value.starts_with('/') || value.ends_with('/')) {
        return fail("must be an absolute path that ends in a name");
    }
    for (const auto part : split(value.substr(1), '/')) {
        if (part.empty() || part == "." || part == "..") {
            return fail("holds an empty part, . or ..");
        }
    }
    if (value.find('\0') != value.npos) return fail("holds a NUL");
    return {};
}

namespace original {

namespace {

using Text = std::optional<std::string>;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

bool is_of_number(char c) { return (c >= '0' && c <= '9') || c == '.'; }

// Decimal with a fraction, no sign and no exponent.
Result<double> decimal(std::string_view text) {
    const bool plain = std::ranges::all_of(text, is_of_number);
    const auto value = parse_number<double>(text);
    if (!plain || !value) return fail("not a number");
    return *value;
}

// No setting is finer than a millisecond.
Result<Text> in_milliseconds(double count) {
    constexpr double kMost = 1e12;  // some 30 years
    if (count > kMost) return fail("number out of range");
    const auto whole = std::llround(count);
    return Text(whole % 1000 == 0 ? std::to_string(whole / 1000) + "s"
                                  : std::to_string(whole) + "ms");
}

}  // namespace

Result<Text> go_duration(std::string_view value) {
    struct Unit {
        std::string_view name;
        double milliseconds;
    };
    static constexpr std::array<Unit, 8> kUnits{{{"ns", 1e-6},
                                                 {"us", 1e-3},
                                                 {"\xc2\xb5s", 1e-3},  // U+00B5
                                                 {"\xce\xbcs", 1e-3},  // U+03BC
                                                 {"ms", 1},
                                                 {"s", 1e3},
                                                 {"m", 6e4},
                                                 {"h", 3.6e6}}};
    auto rest = value;
    if (rest.starts_with('+')) rest.remove_prefix(1);
    if (rest == "0") return Text("0s");
    double sum = 0;
    do {
        const auto digits = std::ranges::find_if_not(rest, is_of_number) - rest.begin();
        const auto after = rest.substr(static_cast<std::size_t>(digits));
        const auto next = std::ranges::find_if(after, is_of_number) - after.begin();
        const auto name = after.substr(0, static_cast<std::size_t>(next));
        const auto unit = std::ranges::find(kUnits, name, &Unit::name);
        const auto count = decimal(rest.substr(0, static_cast<std::size_t>(digits)));
        if (unit == kUnits.end() || !count) return fail("not a duration; write 30s, 5m or 1h30m");
        sum += *count * unit->milliseconds;
        rest = after.substr(name.size());
    } while (!rest.empty());
    return in_milliseconds(sum);
}

Result<Text> seconds(std::string_view value) {
    const auto count = decimal(value);
    if (!count) return fail("not a number of seconds; write 30");
    return in_milliseconds(*count * 1e3);
}

Result<Text> unless_zero(std::string_view value) {
    if (value == "0") return Text();
    return Text(value);
}

Result<Text> python_level(std::string_view value) {
    const auto name = lower(value);
    if (name == "warn") return Text("warning");
    if (name == "critical" || name == "fatal") return Text("error");
    return Text(name);
}

Result<Text> no_verification(std::string_view value) {
    const auto word = lower(value);
    for (const auto* no : {"", "0", "false", "no", "off"}) {
        if (word == no) return Text();
    }
    return fail("a server that cannot be verified is not talked to; name its authority in ca_file");
}

}  // namespace original

}  // namespace bulkhead::worker
