// Whatever the log holds: verifying it ends, what is called good is good, and lines chained anew
// are good again.
#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "common/audit/verify.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

namespace {

records::AuditSummary verified(std::string_view log) {
    // One file for all runs: making a new one takes longer than verifying it.
    static const std::array files{sys::Fd(::memfd_create("audit", MFD_CLOEXEC))};
    const auto written = ::pwrite(files[0].get(), log.data(), log.size(), 0);
    fuzz::require(written == static_cast<ssize_t>(log.size()));
    fuzz::require(::ftruncate(files[0].get(), written) == 0);
    return records::verify_audit(files).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto log = fuzz::text(data, size);
    const auto summary = verified(log);
    std::uint64_t count = 0;
    records::Head head;
    std::string chained;
    for (const auto line : split(log, '\n')) {
        count += line.empty() ? 0 : 1;
        const auto before = records::parse_before(line);
        if (!before || line.size() + 30 > records::kMaxLine) continue;
        // A line that is taken for ours begins exactly as we would begin it.
        const auto time = parse_utc(line.substr(line.find("\"time\":\"") + 8, 20));
        const auto begin = records::begin_line(*before, time.value());
        fuzz::require(line.starts_with(begin));
        const auto fresh = records::begin_line(head, *time).append(line.substr(begin.size()));
        head = records::after(head, fresh);
        chained += fresh + "\n";
    }
    if (!summary.fault && !log.empty())
        fuzz::require(summary.head.lines == summary.first + count - 1);
    if (chained.empty()) return 0;
    const auto again = verified(chained);
    fuzz::require(!again.fault && again.head == head);
    return 0;
}
