#include "common/audit/chain.hpp"

#include <unistd.h>

#include <array>

namespace bulkhead::records {

namespace {

Result<> follow(AuditSummary& summary, std::string_view line, const std::optional<Head>& expected) {
    const auto before = TRY(parse_before(line));
    const bool oldest = summary.first == 0;
    if (oldest && before.lines == 0 && before != Head{}) return fail("line 1 has a predecessor");
    if (!oldest && before.lines != summary.head.lines) return fail("lines are missing before it");
    if (!oldest && before != summary.head) return fail("it or the line before it was changed");
    const auto head = after(before, line);
    if (expected && head.lines == expected->lines && head != *expected) {
        return fail("it was changed: the expected head differs");
    }
    if (oldest) summary.first = head.lines;
    summary.head = head;
    return {};
}

Result<> meets(const AuditSummary& summary, const std::optional<Head>& expected) {
    if (!expected || expected->lines == 0) return {};
    if (expected->lines > summary.head.lines) {
        return fail("cut short: there were " + std::to_string(expected->lines) + " lines");
    }
    if (expected->lines < summary.first) return fail("the expected head is older than this log");
    return {};
}

}  // namespace

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
    // What was skipped is compared here: there is one way to write a beginning.
    const Head before{seq - 1, prev};
    if (seq == 0 || !line.starts_with(begin_line(before, time)) || !line.ends_with("}")) {
        return fail("not a line of this log");
    }
    return before;
}

Head after(const Head& before, std::string_view line) {
    return {before.lines + 1, crypto::sha256(as_bytes(line))};
}

Result<AuditSummary> verify_audit(std::span<const sys::Fd> oldest_first,
                                  std::optional<Head> expected) {
    AuditSummary summary;
    std::array<char, kMaxLine> buffer;
    std::size_t file = 0;
    std::uint64_t number = 0;
    const auto good = [&](const Result<>& result) {
        if (!result) summary.fault = {file, number, result.error().what};
        return result.has_value();
    };
    for (const auto& fd : oldest_first) {
        file = static_cast<std::size_t>(&fd - oldest_first.data());
        number = 0;
        for (off_t offset = 0;;) {
            const auto got = ::pread(fd.get(), buffer.data(), buffer.size(), offset);
            if (got < 0) return sys::fail_errno("read audit log");
            if (got == 0) break;
            const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
            const auto line = text.substr(0, text.find('\n'));
            ++number;
            const bool whole = line.size() < text.size();
            if (!good(whole ? follow(summary, line, expected) : fail("not a whole line"))) {
                return summary;
            }
            offset += static_cast<off_t>(line.size() + 1);
        }
    }
    ++number;
    good(meets(summary, expected));
    return summary;
}

}  // namespace bulkhead::records
