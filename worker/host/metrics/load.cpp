#include "worker/host/metrics/load.hpp"

#include "common/base/parse.hpp"

namespace bulkhead::worker {

namespace {

// Accepts digits, a point and digits only: std::from_chars would also accept a sign, an exponent,
// "inf" and "nan".
Result<double> parse_decimal(std::string_view text) {
    const auto parts = split(text, '.');
    if (parts.size() != 2) return fail("expected a number with one point");
    for (const auto part : parts) {
        if (part.empty() || part.find_first_not_of("0123456789") != std::string_view::npos) {
            return fail("not a number");
        }
    }
    return parse_number<double>(text);
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

}  // namespace

Result<Load> parse_load(std::string_view loadavg) {
    const auto columns = words(first_line(loadavg));
    if (columns.size() < 3) return fail("loadavg: expected three averages");
    return Load{.one_minute = TRY(within("loadavg", parse_decimal(columns[0]))),
                .five_minutes = TRY(within("loadavg", parse_decimal(columns[1]))),
                .fifteen_minutes = TRY(within("loadavg", parse_decimal(columns[2])))};
}

Result<std::uint64_t> parse_uptime_seconds(std::string_view uptime) {
    const auto columns = words(first_line(uptime));
    if (columns.empty()) return fail("uptime: empty");
    TRY(within("uptime", parse_decimal(columns[0])));
    return within("uptime", parse_number<std::uint64_t>(split(columns[0], '.')[0]));
}

}  // namespace bulkhead::worker
