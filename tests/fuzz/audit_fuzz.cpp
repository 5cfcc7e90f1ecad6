// Whatever the log holds: verifying it ends, what is called good is good, and lines chained anew
// are good again.
#include "common/audit/chain.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

namespace {

records::AuditSummary verified(std::string_view log) {
    std::vector<sys::Fd> files;
    files.push_back(sys::sealed_memfd("audit", as_bytes(log)).value());
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
    const auto again = verified(chained);
    fuzz::require(!again.fault && again.head == head);
    return 0;
}
