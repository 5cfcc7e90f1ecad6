#include "broker/records/past.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "broker/records/audit.hpp"
#include "common/base/strong.hpp"
#include "common/policy/machine_id.hpp"

namespace bulkhead::records {

namespace {

constexpr std::string_view kStarted = "\"event\":\"job-started\"";
constexpr std::string_view kCount = ",\"ledger_records\":";
constexpr std::string_view kHead = ",\"ledger_head\":\"";

// Names in `dir`; none if there is no such directory.
Result<std::vector<std::string>> names_in(const sys::Dir& parent, std::string_view dir) {
    const auto opened = parent.open_dir(dir);
    if (!opened && opened.error().code == ENOENT) return std::vector<std::string>{};
    if (!opened) return within(dir, opened.error());
    return opened->list();
}

// Not of an earlier life: the ledger itself, also half written, and what this start has made.
Result<bool> is_trace(const sys::Dir& broker, const std::string& name) {
    // An operator may suspend all jobs, by that mark, before the first start.
    constexpr std::string_view kSuspended = "intake-suspended";
    if (name.starts_with("ledger") || name == kAcceptanceFile || name == kSuspended) return false;
    const auto below = broker.open_dir(name);
    return !below || !TRY(below->list()).empty();
}

Result<std::string> find_trace(const sys::Dir& state, const sys::Dir& logs) {
    for (const auto& name : TRY(logs.list())) {
        if (name.starts_with("audit.")) return name + " of the audit log";
    }
    // Not STATE/worker, where `bulkhead migrate` puts the credentials of another agent.
    if (!TRY(names_in(state, "workers")).empty()) return std::string("state of workers");
    const auto broker = TRY(state.open_dir("broker"));
    for (const auto& name : TRY(broker.list())) {
        if (TRY(is_trace(broker, name))) return "broker/" + name;
    }
    return std::string();
}

// In a line of the audit log a quote within a value is escaped, so none of these words is a value.
std::optional<Head> mark_in(std::string_view line) {
    const auto count_at = line.find(kCount);
    const auto head_at = line.find(kHead);
    if (!line.contains(kStarted) || count_at == line.npos || head_at == line.npos) return {};
    const auto digits = line.substr(count_at + kCount.size());
    const auto count = parse_number<std::uint64_t>(digits.substr(0, digits.find_first_of(",}")));
    const auto head = crypto::parse_digest(line.substr(head_at + kHead.size(), 64));
    if (!count || !head) return {};
    return Head{*count, *head};
}

// The last mark in a file of the audit log.
Result<std::optional<Head>> last_mark(const sys::Fd& file) {
    std::optional<Head> found;
    std::string text;
    std::array<char, 64_KiB> buffer{};
    while (true) {
        const auto got = ::read(file.get(), buffer.data(), buffer.size());
        if (got < 0) return sys::fail_errno("read");
        if (got == 0) return found;
        text.append(buffer.data(), static_cast<std::size_t>(got));
        std::size_t begin = 0;
        for (auto end = text.find('\n'); end != text.npos; end = text.find('\n', begin)) {
            const auto mark = mark_in(std::string_view(text).substr(begin, end - begin));
            if (mark) found = mark;
            begin = end + 1;
        }
        text.erase(0, begin);
        if (text.size() > kMaxLine) text.clear();  // not a line of ours
    }
}

}  // namespace

crypto::Digest host_digest(const sys::Dir& etc) {
    const auto text = etc.read_file("machine-id", 64).value_or("");
    const auto id = text.substr(0, text.find('\n'));
    if (!policy::is_machine_id(id)) return {};
    return crypto::sha256(as_bytes("bulkhead-ledger\n" + id));
}

Result<std::optional<Head>> read_ledger_mark(const sys::Dir& logs) {
    if (const auto mark = read_marked_ledger(logs)) return mark;
    for (int number = 0; number <= Audit::kMostKept; ++number) {
        const auto name = number == 0 ? std::string(kAuditLog) : rotated_name(number);
        const auto file = logs.open_regular(name, O_RDONLY);
        if (!file && file.error().code == ENOENT) continue;
        if (!file) return within(name, file.error());
        if (const auto mark = TRY(within(name, last_mark(*file)))) return mark;
    }
    return std::optional<Head>();
}

Result<Past> look_back(const sys::Dir& state, const sys::Dir& logs) {
    Past past;
    past.host = host_digest(TRY(sys::Dir::open("/etc")));
    past.trace = TRY(find_trace(state, logs));
    past.mark = TRY(read_ledger_mark(logs));
    return past;
}

}  // namespace bulkhead::records
