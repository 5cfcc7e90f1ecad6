#include "broker/records/ledger.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace bulkhead::records {

Result<Ledger> Ledger::open(const sys::Dir& dir, UnixTime now, std::span<const JobNumber> waiting) {
    Ledger ledger(TRY(dir.open_dir(".")));
    if (::flock(ledger.dir_.fd(), LOCK_EX | LOCK_NB) != 0) {
        return sys::fail_errno("ledger: lock, is another broker running?");
    }
    auto loaded = ledger.load();
    if (!loaded && loaded.error().code == ENOENT) {
        ledger.opened_.created = true;
        loaded = ledger.rewrite();
    }
    if (!loaded) return within("ledger", loaded.error());

    for (const auto& [number, job] : ledger.history_.open_jobs()) {
        if (job.end || std::ranges::count(waiting, number) > 0) continue;
        ledger.opened_.interrupted.push_back(number);
    }
    for (const auto number : ledger.opened_.interrupted) {
        TRY(ledger.end(number, {.reason = protocol::Code::clipped("interrupted")}, now));
    }
    // A full disk must not keep earlier jobs from being reported: the error is ignored here and
    // comes again from the next note_time().
    static_cast<void>(ledger.note_time(now));
    return ledger;
}

Result<> Ledger::load() {
    fd_ = TRY(dir_.open_regular(kFile, O_RDWR | O_APPEND));
    const auto content = TRY(sys::read_from_start(fd_, (kMaxRecords + 1) * kRecordBytes));
    History history;
    crypto::Digest chain{};
    const auto whole = TRY(each_record(
        as_bytes(content), chain, [&](const Record& record) { return history.apply(record); }));
    if (whole < content.size()) {
        const auto size = static_cast<off_t>(whole);
        if (::ftruncate(fd_.get(), size) != 0) return sys::fail_errno("truncate");
        if (::fsync(fd_.get()) != 0) return sys::fail_errno("fsync");
        opened_.torn_bytes = content.size() - whole;
    }
    history_ = std::move(history);
    chain_ = chain;
    return {};
}

Result<> Ledger::append(Record record) {
    if (broken_) return std::unexpected(*broken_);
    record.time = std::max(record.time, history_.floor());
    // apply() comes first, so that no record is written which could not be read back.
    TRY(within("ledger", history_.apply(record)));
    auto written = sys::write_all(fd_, encode(record, chain_));
    // A failed fsync(2) may leave the page clean and not written: only reading the file afresh
    // tells what is on disk.
    if (written && ::fsync(fd_.get()) != 0) written = sys::fail_errno("fsync");
    if (written) return {};
    broken_ = within("ledger: nothing starts any more", written.error()).error();
    return std::unexpected(*broken_);
}

// Blocks beyond the end of the file: a disk that fills up later cannot keep an end from being
// recorded. Where the file system cannot do it (EOPNOTSUPP) a full disk shows as a failed write.
Result<> Ledger::reserve(std::size_t count) const {
    const auto end = static_cast<off_t>(history_.records() * kRecordBytes);
    const auto size = static_cast<off_t>(count * kRecordBytes);
    if (::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, end, size) == 0) return {};
    if (errno == EOPNOTSUPP) return {};
    return sys::fail_errno("ledger: no room on disk");
}

Result<JobNumber> Ledger::start(Start start) {
    if (broken_) return std::unexpected(*broken_);
    if (full()) return fail("ledger: no room for another job");
    TRY(reserve(history_.owed() + kRecordsOfARun));
    const auto number = history_.next();
    start.started = std::max(start.started, history_.floor());
    TRY(append({.kind = Kind::started, .number = number, .time = start.started, .start = start}));
    return number;
}

Result<> Ledger::end(JobNumber number, const protocol::JobEnd& end, UnixTime now) {
    return append({.kind = Kind::ended, .number = number, .time = now, .end = end});
}

Result<> Ledger::reported(JobNumber number) {
    return append({.kind = Kind::reported, .number = number});
}

Result<> Ledger::note_time(UnixTime now) {
    if (broken_) return std::unexpected(*broken_);
    const bool room = history_.records() + history_.owed() < kMaxRecords;
    if (room && now >= history_.floor() + kClockEvery) {
        TRY(reserve(history_.owed() + 1));
        TRY(append({.kind = Kind::clock, .number = history_.next(), .time = now}));
    }
    if (history_.garbage() < (full() ? kSomeGarbage : kMuchGarbage)) return {};
    return within("ledger", rewrite());
}

// The records still needed, in a new file that takes the old one's name. Also makes the first file.
Result<> Ledger::rewrite() {
    Bytes content;
    crypto::Digest chain{};
    const auto put = [&](const Record& record) {
        const auto bytes = encode(record, chain);
        content.insert(content.end(), bytes.begin(), bytes.end());
    };
    if (fd_) {
        const auto old = TRY(sys::read_from_start(fd_, (kMaxRecords + 1) * kRecordBytes));
        crypto::Digest old_chain{};
        TRY(each_record(as_bytes(old), old_chain, [&](const Record& record) -> Result<> {
            if (record.kind != Kind::clock && history_.keeps(record.number)) put(record);
            return {};
        }));
    }
    put({.kind = Kind::clock, .number = history_.next(), .time = history_.floor()});

    auto done = dir_.write_atomic(kFile, as_text(content), 0600);
    struct stat info {};
    const bool old_stands = fd_ && ::fstat(fd_.get(), &info) == 0 && info.st_nlink > 0;
    if (!done && old_stands) return done;
    if (done) done = load();
    if (!done) broken_ = done.error();
    return done;
}

bool Ledger::full() const {
    const auto room = kMaxRecords - kMuchGarbage;  // the rest is for the clock, which must go on
    return broken_ || history_.records() + history_.owed() + kRecordsOfARun > room;
}

admission::LedgerView Ledger::view() const {
    return {.runs = history_.runs(), .clock_floor = history_.floor(), .full = full()};
}

std::vector<Unreported> Ledger::unended() const {
    std::vector<Unreported> jobs;
    for (const auto& [number, job] : history_.open_jobs()) {
        if (!job.end) jobs.push_back({number, job.start, {}});
    }
    return jobs;
}

std::vector<Unreported> Ledger::unreported() const {
    std::vector<Unreported> jobs;
    for (const auto& [number, job] : history_.open_jobs()) {
        if (job.end) jobs.push_back({number, job.start, *job.end});
    }
    return jobs;
}

}  // namespace bulkhead::records
