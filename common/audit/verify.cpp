#include "common/audit/verify.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/audit/log_files.hpp"

namespace bulkhead::records {

namespace {

constexpr int kOldest = 100;

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

Result<std::vector<std::string>> list_audit_set(const sys::Dir& dir) {
    std::vector<std::string> names;
    for (int number = kOldest; number >= 0; --number) {
        auto name = number == 0 ? std::string(kAuditLog) : rotated_name(number);
        const auto file = dir.open_regular(name, O_RDONLY);
        if (file) names.push_back(std::move(name));
        if (!file && file.error().code != ENOENT) return std::unexpected(file.error());
    }
    return names;
}

Result<std::vector<sys::Fd>> open_audit_set(const sys::Dir& dir) {
    std::vector<sys::Fd> files;
    for (const auto& name : TRY(list_audit_set(dir))) {
        files.push_back(TRY(dir.open_regular(name, O_RDONLY)));
    }
    return files;
}

}  // namespace bulkhead::records
