#include "broker/records/audit.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "broker/records/as_group.hpp"
#include "common/base/text.hpp"

namespace bulkhead::records {

namespace {

constexpr std::size_t kHeadBytes = 20 + 1 + 64 + 1 + 20 + 1;  // of a line of audit.head
constexpr std::string_view kCut = ",\"cut\":true";

// Plain text may be long; text made of escapes grows fivefold.
std::string json_value(std::string_view text, std::size_t most) {
    auto json = sys::json_string(quoted(text, most - 32));
    return json.size() <= most ? json : sys::json_string(quoted(text, most / 6));
}

struct Tail {
    Head last;               // of the last whole line
    std::uint64_t torn = 0;  // bytes after it
    bool foreign = false;    // what stands there is not our line
};

Result<Tail> read_tail(const sys::Fd& file) {
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return sys::fail_errno("audit log: fstat");
    const auto size = static_cast<std::size_t>(info.st_size);
    std::string text(std::min(size, 2 * kMaxLine), '\0');
    const auto begin = static_cast<off_t>(size - text.size());
    if (::pread(file.get(), text.data(), text.size(), begin) != static_cast<ssize_t>(text.size())) {
        return sys::fail_errno("audit log: read");
    }
    const auto end = text.rfind('\n') + 1;  // 0 if there is none
    Tail tail{.torn = text.size() - end, .foreign = text.size() - end >= kMaxLine};
    if (end == 0) return tail;
    auto line = std::string_view(text).substr(0, end - 1);
    line.remove_prefix(line.rfind('\n') + 1);
    const auto before = parse_before(line);
    if (before) tail.last = after(*before, line);
    if (!before) tail.foreign = true;
    return tail;
}

// A line of audit.head. Always of the same length, as it is overwritten in place; with the count at
// both ends, so that a torn write is recognised.
std::string head_text(const Head& head) {
    auto digits = std::to_string(head.lines);
    digits.insert(0, 20 - digits.size(), '0');
    return digits + " " + crypto::hex(head.hash) + " " + digits + "\n";
}

}  // namespace

Field::Field(std::string_view key, std::string_view text, std::size_t most)
    : name(key), json(json_value(text, most)) {}

Field::Field(std::string_view key, std::span<const std::string> list, std::size_t most)
    : name(key), json("[") {
    for (const auto& text : list) {
        const auto item = json_value(text, kMost);
        if (json.size() + item.size() > most && json.size() > 1) {
            json += "\"...\",";
            break;
        }
        json += item + ",";
    }
    if (json.size() > 1) json.pop_back();
    json += "]";
}

Result<Audit> Audit::open(const sys::Dir& dir, Options options) {
    Audit audit(sys::Dir::from(TRY(dir.duplicate())), options);
    audit.keep(options.ledger);
    TRY(audit.recover());
    return audit;
}

Result<> Audit::recover() {
    const auto saved = read_audit_head(dir_).value_or(Head{});
    head_fd_ = TRY(dir_.open_regular(kHeadFile, O_RDWR | O_CREAT, 0600));
    TRY(reopen());
    auto tail = TRY(read_tail(fd_));
    if (tail.foreign) {
        TRY(rotate());  // keeps the file that is not ours, for inspection
        tail = {.foreign = true};
    }
    if (tail.torn > 0) {
        const auto size = ::lseek(fd_.get(), 0, SEEK_END) - static_cast<off_t>(tail.torn);
        if (::ftruncate(fd_.get(), size) != 0) return sys::fail_errno("audit log: truncate");
    }
    if (tail.last == Head{} && !tail.foreign) {
        // The log may have been rotated, with no line written since.
        const auto rotated = dir_.open_regular(rotated_name(1), O_RDONLY);
        if (rotated) tail.last = TRY(read_tail(*rotated)).last;
    }
    // More lines than audit.head remembers are no gap: the head is written after them.
    const bool gap = tail.foreign || (tail.last.lines <= saved.lines && tail.last != saved);
    head_ = gap ? saved : tail.last;
    if (tail.torn > 0) TRY(event("audit-recovered", {{"torn_bytes", tail.torn}}));
    if (!gap) return save_head();
    gap_ = "line " + std::to_string(saved.lines) + " was the last one written, and line " +
           std::to_string(tail.last.lines) + (tail.foreign ? " with foreign content" : "") +
           " was found; `bulkhead verify-audit` shows where. Told until the agent is started anew";
    return event("audit-gap", {{"expected_line", saved.lines},
                               {"expected_hash", crypto::hex(saved.hash)},
                               {"found_line", tail.last.lines},
                               {"foreign_content", tail.foreign}});
}

Result<> Audit::event(std::string_view name, std::initializer_list<Field> fields, Durable durable) {
    const auto written = append(name, fields, durable);
    failing_ = written ? "" : written.error().what;
    return written;
}

Result<> Audit::append(std::string_view name, std::initializer_list<Field> fields,
                       Durable durable) {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) return sys::fail_errno("audit log: fstat");
    const bool removed = info.st_nlink == 0;
    if (removed || static_cast<std::uint64_t>(info.st_size) >= options_.rotate_at) {
        TRY(rotate());
        info.st_size = 0;
    }
    auto line = begin_line(head_, options_.clock()) + std::string(name) + "\"";
    for (const auto& field : fields) {
        const auto text = ",\"" + std::string(field.name) + "\":" + field.json;
        if (line.size() + text.size() + kCut.size() + 2 > kMaxLine) {
            line += kCut;
            break;
        }
        line += text;
    }
    line += "}";

    const auto with_end = line + "\n";
    const auto put = ::write(fd_.get(), with_end.data(), with_end.size());
    if (put != static_cast<ssize_t>(with_end.size())) {
        const int error = put < 0 ? errno : ENOSPC;
        // Half a line must not stay; if it does, the next open() finds it.
        if (put > 0 && ::ftruncate(fd_.get(), info.st_size) != 0) fd_.reset();
        return sys::fail_errno("audit log: write", error);
    }
    head_ = after(head_, line);
    unsynced_ = true;
    if (durable == Durable::yes) return sync();
    // Starts writing to the disk and does not wait (sync_file_range(2)).
    if (durable == Durable::soon) ::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    return {};
}

Result<> Audit::sync() {
    if (!std::exchange(unsynced_, false)) return {};
    unsynced_ = ::fsync(fd_.get()) != 0;
    if (!unsynced_) return save_head();
    const auto failed = sys::fail_errno("audit log: fsync");
    failing_ = failed.error().what;
    return failed;
}

Result<> Audit::let_read(gid_t group) {
    readers_ = group;
    const AsGroup as(group);
    TRY(sys::check(::fchown(dir_.fd(), -1, group), "audit log: readers"));
    for (const auto& name : TRY(dir_.list())) {
        if (!name.starts_with(kFile)) continue;
        const auto file = TRY(dir_.open_regular(name, O_RDONLY));
        TRY(sys::check(::fchown(file.get(), -1, group), "audit log: readers"));
    }
    return {};
}

Result<> Audit::reopen() {
    const AsGroup as(readers_);
    // Else the file left behind could lack its last line after a power cut, and the new one go on.
    if (fd_) TRY(sync());
    fd_ = TRY(dir_.open_regular(kFile, O_RDWR | O_CREAT | O_APPEND, 0640));
    return dir_.sync();
}

Result<> Audit::rotate() {
    // Only when there is a log to move: a rotation that stopped halfway is not repeated.
    if (dir_.open_regular(kFile, O_RDONLY)) {
        for (int number = options_.keep; number > 0; --number) {
            const auto from = number == 1 ? std::string(kFile) : rotated_name(number - 1);
            if (::renameat(dir_.fd(), from.c_str(), dir_.fd(), rotated_name(number).c_str()) != 0 &&
                errno != ENOENT) {
                return sys::fail_errno("audit log: rotate " + from);
            }
        }
    }
    return reopen();
}

// In place and in one sector: a crash leaves the old head or the new one. Written after the lines
// are on disk and not forced there itself: it may lag behind the log, never run ahead of it. Only a
// first mark of the ledger is: without any the ledger's age could not be told.
Result<> Audit::save_head() {
    const auto text = head_text(head_) + (ledger_ ? head_text(*ledger_) : "");
    if (::pwrite(head_fd_.get(), text.data(), text.size(), 0) ==
        static_cast<ssize_t>(text.size())) {
        if (!ledger_ || std::exchange(marked_, true)) return {};
        return sys::check(::fsync(head_fd_.get()), "audit.head: fsync");
    }
    return sys::fail_errno("audit.head: write");
}

namespace {

std::optional<Head> read_head(const sys::Dir& dir, std::size_t line) {
    const auto file = dir.read_file(Audit::kHeadFile, 1024);
    if (!file || file->size() < (line + 1) * kHeadBytes) return {};
    const auto text = std::string_view(*file).substr(line * kHeadBytes, kHeadBytes);
    const auto lines = parse_number<std::uint64_t>(text.substr(0, 20));
    const auto hash = crypto::parse_digest(text.substr(21, 64));
    if (!lines || !hash || head_text({*lines, *hash}) != text) return {};
    return Head{*lines, *hash};
}

}  // namespace

std::optional<Head> read_audit_head(const sys::Dir& dir) { return read_head(dir, 0); }
std::optional<Head> read_marked_ledger(const sys::Dir& dir) { return read_head(dir, 1); }

void note(Audit& audit, const sys::Log& log, std::string_view event,
          std::initializer_list<Field> fields, Durable durable) {
    if (const auto written = audit.event(event, fields, durable); !written) {
        log.error("audit-failed", {{"line", event}, {"why", written.error().what}});
    }
}

}  // namespace bulkhead::records
