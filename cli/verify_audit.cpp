// `bulkhead verify-audit`: checks an audit log's chain of hashes, and prints the first fault.
#include <fcntl.h>

#include <array>
#include <filesystem>

#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "common/audit/log_files.hpp"
#include "common/audit/verify.hpp"

namespace bulkhead::cli {

namespace {

using Takes = Option::Takes;
constexpr std::array kOptions{Option{"--size", Takes::once}, Option{"--head", Takes::once}};

struct Log {
    std::vector<std::string> names;
    std::vector<sys::Fd> files;
};

Result<> add(Log& log, const std::string& path) {
    sys::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file) return sys::fail_errno(path);
    log.names.push_back(path);
    log.files.push_back(std::move(file));
    return {};
}

// Opens the files in the given order, oldest first. A directory means the log's files in it.
Result<Log> open_log(const std::vector<std::string>& paths) {
    Log log;
    for (const auto& path : paths) {
        std::error_code failed;
        if (!std::filesystem::is_directory(path, failed)) {
            TRY(add(log, path));
            continue;
        }
        const auto names = TRY(within(path, records::list_audit_set(TRY(sys::Dir::open(path)))));
        if (names.empty()) return fail(path + ": no " + std::string(records::kAuditLog) + " in it");
        for (const auto& name : names) TRY(add(log, path + "/" + name));
    }
    return log;
}

// The head of --size and --head, which a heartbeat has: the number of lines, and the hash of the
// last one.
Result<std::optional<records::Head>> expected_head(const Options& options) {
    if (!options.has("--size") && !options.has("--head")) return std::optional<records::Head>{};
    if (!options.has("--size") || !options.has("--head")) {
        return wrong("--size and --head go together: a heartbeat has both");
    }
    records::Head head;
    head.lines =
        TRY(or_wrong(within("--size", parse_number<std::uint64_t>(options.value("--size")))));
    head.hash = TRY(or_wrong(within("--head", crypto::parse_digest(options.value("--head")))));
    return std::optional(head);
}

std::string place_of(const records::AuditSummary::Fault& fault, const Log& log) {
    const auto file = log.names.empty() ? std::string("no file") : log.names[fault.file];
    return file + ":" + std::to_string(fault.line) + ": " + fault.why + "\n";
}

std::string summary_of(const records::AuditSummary& summary, bool compared) {
    if (summary.head.lines == 0) return "an empty log\n";
    std::string text = "lines " + std::to_string(summary.first) + " to " +
                       std::to_string(summary.head.lines) + " follow one another\nhead " +
                       crypto::hex(summary.head.hash) + "\n";
    if (summary.first > 1)
        text += "what came before line " + std::to_string(summary.first) + " was rotated away\n";
    if (!compared) {
        text +=
            "whether lines were cut off its end shows only against a head that was kept "
            "elsewhere: --size N --head HEX, as in the last heartbeat\n";
    }
    return text;
}

}  // namespace

Result<int> verify_audit(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    if (options.operands().empty()) return wrong("give audit logs, oldest first, or a directory");
    const auto expected = TRY(expected_head(options));
    const auto log = TRY(or_wrong(open_log(options.operands())));
    const auto summary = TRY(or_wrong(records::verify_audit(log.files, expected)));
    if (summary.fault) {
        TRY(print(place_of(*summary.fault, log)));
        return kNo;
    }
    TRY(print(summary_of(summary, expected.has_value())));
    return kDone;
}

}  // namespace bulkhead::cli
