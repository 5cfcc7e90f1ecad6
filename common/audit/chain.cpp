#include "common/audit/chain.hpp"

#include <algorithm>

namespace bulkhead::records {

std::string begin_line(const Head& before, UnixTime now) {
    return "{\"seq\":" + std::to_string(before.lines + 1) + ",\"time\":\"" + format_utc(now) +
           "\",\"prev\":\"" + crypto::hex(before.hash) + "\",\"event\":\"";
}

Result<Head> parse_before(std::string_view line) {
    auto rest = line;
    const auto take = [&](std::size_t skip, std::size_t count) {
        rest.remove_prefix(std::min(skip, rest.size()));
        const auto taken = rest.substr(0, count);
        rest.remove_prefix(taken.size());
        return taken;
    };
    const std::string_view seq_key = "{\"seq\":", time_key = ",\"time\":\"",
                           prev_key = "\",\"prev\":\"";
    const auto digits =
        take(seq_key.size(), line.substr(0, line.find(',')).size() - seq_key.size());
    const auto seq = TRY(parse_number<std::uint64_t>(digits));
    const auto time = TRY(parse_utc(take(time_key.size(), 20)));
    const auto prev = TRY(crypto::parse_digest(take(prev_key.size(), 64)));
    // The keys that take() skipped are compared here, by writing the beginning again.
    const Head before{seq - 1, prev};
    if (seq == 0 || !line.starts_with(begin_line(before, time)) || !line.ends_with("}")) {
        return fail("not a line of this log");
    }
    return before;
}

Head after(const Head& before, std::string_view line) {
    return {before.lines + 1, crypto::sha256(as_bytes(line))};
}

}  // namespace bulkhead::records
