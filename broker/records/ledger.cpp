#include "broker/records/ledger.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

namespace bulkhead::records {

using admission::Memory;

namespace {

// For all but the clock, which must go on.
constexpr auto kRoom = kMaxRecords - Ledger::kMuchGarbage;

// A process that a killed broker was about to start has the broker's descriptors, and with them the
// lock (flock(2)), until it has ended as well: two seconds are given to it.
bool lock(const sys::Dir& dir) {
    for (int tries = 0; tries < 40; ++tries) {
        if (::flock(dir.fd(), LOCK_EX | LOCK_NB) == 0) return true;
        if (errno != EWOULDBLOCK) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
}

}  // namespace

Result<Ledger> Ledger::open(const sys::Dir& dir, UnixTime now, std::span<const JobNumber> waiting,
                            const std::optional<Past>& past) {
    Ledger ledger(TRY(dir.open_dir(".")));
    if (!lock(ledger.dir_)) {
        return fail(
            "ledger: lock, is another broker running? One may use a state directory at a time; "
            "end the other first: systemctl stop bulkhead");
    }
    TRY(within("ledger", ledger.open_file(past)));
    ledger.begin(ledger.history_.floor());

    for (const auto& [number, job] : ledger.history_.open_jobs()) {
        if (job.end || std::ranges::count(waiting, number) > 0) continue;
        ledger.opened_.interrupted.push_back(number);
    }
    for (const auto number : ledger.opened_.interrupted) {
        TRY(ledger.end(number, {.reason = protocol::Code::clipped(kInterrupted)}, now));
    }
    // A full disk must not keep earlier jobs from being reported: the error is ignored here and
    // comes again from the next note_time().
    static_cast<void>(ledger.note_time({}));
    return ledger;
}

Result<> Ledger::open_file(const std::optional<Past>& past) {
    if (past) mark_ = past->mark;
    auto loaded = load();
    if (loaded) return judge(past);
    const auto code = loaded.error().code;
    if (code == ENOTSUP) {
        later_ = loaded.error().what;
        broken_ = loaded.error();
        return {};
    }
    if (code != ENOENT && code != ENODATA) return loaded;
    auto known = past.value_or(Past{});
    // A file is made with its first record or not at all: without one, the disk has lost it.
    if (code == ENODATA && known.trace.empty()) known.trace = "a file without records";
    return create(known);
}

// Jobs are no more than records: numbers that go on behind the count that was last seen were not
// given before.
Result<> Ledger::create(const Past& past) {
    opened_.created = true;
    Header header{.count = past.mark ? past.mark->lines + 1 : 1, .host = past.host};
    if (!past.trace.empty()) {
        opened_.lacking = "it is gone, beside " + past.trace;
        header.memory = static_cast<std::uint8_t>(Memory::lost);
    }
    return replace({{.kind = Kind::header, .number = JobNumber{header.count}, .header = header},
                    {.kind = Kind::clock, .number = JobNumber{header.count}, .time = kBuiltAfter}});
}

// What the file lacks, and the header of one that has none.
Result<> Ledger::judge(const std::optional<Past>& past) {
    const auto& known = history_.header();
    auto header = known.value_or(Header{.birth = history_.began().time_since_epoch().count()});
    const auto host = past ? past->host : crypto::Digest{};
    auto memory = this->memory();
    if (header.host == crypto::Digest{}) header.host = host;
    if (host != crypto::Digest{} && header.host != host) {
        opened_.lacking = "it is of another machine: /etc/machine-id differs";
        memory = std::max(memory, Memory::lost);
        header.host = host;
    }
    if (const auto why = past ? age_in_doubt() : ""; !why.empty()) {
        opened_.lacking = why;
        memory = Memory::rolled_back;
    }
    if (memory == this->memory()) opened_.lacking.clear();
    const bool own = known && known->format == Header::kFormat;
    if (own && memory == this->memory() && header.host == known->host) return {};
    header.memory = static_cast<std::uint8_t>(memory);
    const auto room = reserve(history_.owed() + 1);
    if (!room && memory == this->memory()) return {};  // the next open() says it again
    TRY(room);
    return append(header, history_.next());
}

// A ledger that is ahead of the audit log is as it should be: it is written first.
std::string Ledger::age_in_doubt() const {
    if (!mark_) {
        const bool none =
            !history_.header() || history_.next() == JobNumber{1} || memory() == Memory::lost;
        return none ? "" : "neither audit.head nor the audit log says how old it should be";
    }
    const auto expected = std::to_string(mark_->lines);
    if (history_.count() < mark_->lines) {
        return "it has " + std::to_string(history_.count()) + " records, the audit log has seen " +
               expected;
    }
    if (there_ && *there_ != mark_->hash) {
        return "its record " + expected + " is not the one that the audit log has seen";
    }
    return "";
}

Result<> Ledger::load() {
    fd_ = TRY(dir_.open_regular(kFile, O_RDWR | O_APPEND));
    const auto content = TRY(sys::read_from_start(fd_, (kMaxRecords + 1) * kRecordBytes));
    History history;
    crypto::Digest chain{};
    there_.reset();
    const auto whole =
        TRY(each_record(as_bytes(content), chain, [&](const Record& record) -> Result<> {
            TRY(history.apply(record));
            if (mark_ && history.count() == mark_->lines) there_ = chain;
            return {};
        }));
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

Result<> Ledger::append(Record record, const std::function<void()>& meanwhile) {
    if (broken_) return std::unexpected(*broken_);
    const bool trusted = record.kind == Kind::clock || record.kind == Kind::header;
    record.time = trusted ? std::max(record.time, history_.trusted_floor())
                          : std::clamp(record.time, UnixTime{}, kLatest);
    // apply() comes first, so that no record is written which could not be read back.
    TRY(within("ledger", history_.apply(record)));
    auto written = sys::write_all(fd_, encode(record, chain_));
    if (written && meanwhile) meanwhile();
    // A failed fsync(2) may leave the page clean and not written: only reading the file afresh
    // tells what is on disk.
    if (written && ::fsync(fd_.get()) != 0) written = sys::fail_errno("fsync");
    if (written) return {};
    broken_ = within("ledger: nothing starts any more", written.error()).error();
    return std::unexpected(*broken_);
}

Result<> Ledger::append(Header header, JobNumber next) {
    header.format = Header::kFormat;
    header.count = std::max(header.count, history_.count() + 1);
    return append({.kind = Kind::header, .number = next, .header = header});
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

Result<> Ledger::make_room() {
    if (broken_) return std::unexpected(*broken_);
    if (full()) return fail("ledger: no room for another job");
    if (history_.records() + history_.owed() + kRecordsOfARun > kRoom) TRY(rewrite());
    return reserve(history_.owed() + kRecordsOfARun);
}

Result<JobNumber> Ledger::start(Start start, const std::function<void(JobNumber)>& meanwhile) {
    TRY(make_room());
    const auto number = history_.next();
    // The end of a one-shot job's approval stays later than its start: by that it is told apart.
    const bool once = start.not_after > start.started;
    start.started = std::max(start.started, history_.floor());
    if (once) start.not_after = std::max(start.not_after, start.started + std::chrono::seconds(1));
    TRY(append({.kind = Kind::started, .number = number, .time = start.started, .start = start},
               [&] {
                   if (meanwhile) meanwhile(number);
               }));
    return number;
}

Result<> Ledger::end(JobNumber number, const protocol::JobEnd& end, UnixTime now) {
    return append({.kind = Kind::ended, .number = number, .time = now, .end = end});
}

Result<> Ledger::reported(JobNumber number) {
    return append({.kind = Kind::reported, .number = number});
}

Result<> Ledger::note_time(std::optional<UnixTime> time, Grade grade) {
    if (broken_) return std::unexpected(*broken_);
    const bool room = history_.records() + history_.owed() < kMaxRecords;
    const bool trusted = grade == Grade::trusted;
    const auto floor = trusted ? history_.trusted_floor() : history_.floor();
    if (room && time && grade != Grade::wrong && *time >= floor + kClockEvery) {
        TRY(reserve(history_.owed() + 1));
        const auto kind = trusted ? Kind::clock : Kind::seen;
        TRY(append({.kind = kind, .number = history_.next(), .time = *time}));
    }
    if (history_.garbage() < (full() ? kSomeGarbage : kMuchGarbage)) return {};
    return within("ledger", rewrite());
}

Result<> Ledger::settle_birth(const sys::TwoClocks& clocks) {
    auto header = history_.header().value_or(Header{});
    if (header.birth != 0) return {};
    header.birth = birth_by(clocks).time_since_epoch().count();
    return append(header, history_.next());
}

// The records still needed, or those of all runs. A run that is over and reported becomes one
// record.
Result<std::vector<Record>> Ledger::remembered(bool all) const {
    std::vector<Record> kept;
    const auto old = TRY(sys::read_from_start(fd_, (kMaxRecords + 1) * kRecordBytes));
    crypto::Digest chain{};
    TRY(each_record(as_bytes(old), chain, [&](Record record) -> Result<> {
        const bool starts = record.kind == Kind::started || record.kind == Kind::ran;
        const bool ends = record.kind == Kind::ended;
        const bool open = history_.open_jobs().contains(record.number);
        if (starts && !open) record.kind = Kind::ran;
        const bool needed = starts && (all || history_.keeps(record.number));
        if (ends ? open : needed) kept.push_back(record);
        return {};
    }));
    return kept;
}

// The header stands in front. All records of the new file count as written again, so that no count
// stands for two digests.
Result<> Ledger::rewrite(Header header, std::uint64_t count, JobNumber next) {
    header.count = count + 1;
    const auto [once, quota] = history_.forgets();
    header.dropped = std::max(header.dropped, once.time_since_epoch().count());
    header.dropped_quota =
        std::min(std::max(header.dropped_quota, quota.time_since_epoch().count()),
                 kLatest.time_since_epoch().count());
    return replace(header, TRY(remembered()), next,
                   {.trusted = history_.trusted_floor(), .unsure = history_.unsure_floor()});
}

Result<> Ledger::replace(Header header, std::vector<Record> records, JobNumber next,
                         Floors floors) {
    const auto& [trusted, unsure] = floors;
    records.insert(
        records.begin(),
        {.kind = Kind::header, .number = JobNumber{1}, .time = trusted, .header = header});
    records.push_back({.kind = Kind::clock, .number = next, .time = trusted});
    if (unsure > trusted) records.push_back({.kind = Kind::seen, .number = next, .time = unsure});
    return replace(records);
}

Result<> Ledger::reset_floor(UnixTime now, bool trusted_too) {
    if (broken_) return std::unexpected(*broken_);
    now = std::clamp(now, kBuiltAfter, kLatest);
    const Floors floors{
        .trusted = trusted_too ? std::min(history_.trusted_floor(), now) : history_.trusted_floor(),
        .unsure = std::min(history_.unsure_floor(), now)};
    const auto floor = std::max(floors.trusted, floors.unsure);
    const auto seconds = floor.time_since_epoch().count();
    auto header = history_.header().value_or(Header{});
    // What was dropped counts as of now, like the starts that are kept.
    const auto last = (floor + kLongestQuota).time_since_epoch().count();
    header.dropped_quota = std::min(header.dropped_quota, last);
    began_floor_ = std::min(began_floor_, floor);
    // By the clock that was wrong: settled anew.
    if (header.birth > seconds) {
        header.birth = 0;
        begin(floor);
    }
    auto records = TRY(remembered(true));
    for (auto& record : records) {
        record.time = std::min(record.time, floor);
        record.start.started = std::min(record.start.started, floor);
    }
    header.count = history_.count() + 1;
    return replace(header, std::move(records), history_.next(), floors);
}

void Ledger::begin(UnixTime floor) {
    began_up_ = sys::read_clocks().up;
    began_floor_ = floor;
}

UnixTime Ledger::birth_by(const sys::TwoClocks& clocks) const {
    return std::max({clocks.now - (clocks.up - began_up_), began_floor_, kBuiltAfter});
}

Result<> Ledger::rewrite() {
    return rewrite(history_.header().value_or(Header{}), history_.count(), history_.next());
}

// A new file that takes the old one's name. Also makes the first file.
Result<> Ledger::replace(const std::vector<Record>& records) {
    Bytes content;
    crypto::Digest chain{};
    for (const auto& record : records) {
        const auto bytes = encode(record, chain);
        content.insert(content.end(), bytes.begin(), bytes.end());
    }
    auto done = dir_.write_atomic(kFile, as_text(content), 0600);
    struct stat info {};
    const bool old_stands = fd_ && ::fstat(fd_.get(), &info) == 0 && info.st_nlink > 0;
    if (!done && old_stands) return done;
    if (done) done = load();
    if (!done) broken_ = done.error();
    return done;
}

bool Ledger::full() const { return broken_ || view_of(history_).full; }

Memory Ledger::memory() const {
    const auto& header = history_.header();
    return header ? static_cast<Memory>(header->memory) : Memory::whole;
}

std::uint64_t Ledger::records() const {
    return !readable() && mark_ ? mark_->lines : history_.count();
}

const crypto::Digest& Ledger::head() const { return !readable() && mark_ ? mark_->hash : chain_; }

std::optional<Head> Ledger::mark() const {
    if (memory() == Memory::rolled_back) return {};
    if (!readable()) return mark_;
    // What was lost may be restored yet, and is measured by what was known of it.
    if (memory() == Memory::lost) return mark_;
    return Head{history_.count(), chain_};
}

admission::LedgerView Ledger::view_of(const History& history) {
    const auto header = history.header().value_or(Header{});
    std::optional<UnixTime> birth;
    if (header.birth != 0) birth = UnixTime(std::chrono::seconds(header.birth));
    return {.runs = history.runs(),
            .clock_floor = history.trusted_floor(),
            .unsure_floor = history.unsure_floor(),
            .birth = birth,
            .after_loss = header.after_loss,
            .memory = static_cast<Memory>(header.memory),
            .dropped_once = UnixTime(std::chrono::seconds(header.dropped)),
            .dropped_quota = UnixTime(std::chrono::seconds(header.dropped_quota)),
            .full = history.needed() + history.owed() + kRecordsOfARun > kRoom,
            .full_for_repeatable = history.repeatable() >= kMaxRepeatable};
}

admission::LedgerView Ledger::view() const {
    auto view = view_of(history_);
    view.full = view.full || broken_;
    return view;
}

admission::LedgerView Ledger::view(const sys::TwoClocks& clocks) const {
    auto view = this->view();
    if (!view.birth) view.birth = birth_by(clocks);
    return view;
}

std::optional<std::string> Ledger::acceptance() const {
    const auto text = dir_.read_file(kAcceptanceFile, 256);
    if (!text) return {};
    return *text;
}

Result<> Ledger::drop_acceptance() const {
    TRY(dir_.remove_file(kAcceptanceFile));
    return dir_.sync();
}

// Neither counts nor job numbers of the file that was lost are given again.
Result<> Ledger::accept_loss() {
    const auto seen = mark_ ? mark_->lines : 0;
    auto header = history_.header().value_or(Header{});
    header.memory = static_cast<std::uint8_t>(Memory::whole);
    header.after_loss = true;
    header.birth = 0;
    TRY(rewrite(header, std::max(history_.count(), seen),
                std::max(history_.next(), JobNumber{seen + 1})));
    begin(history_.floor());
    return drop_acceptance();
}

// Runs that are over become a start, an end and a report again, which 0.1 keeps as long as it can.
Result<> Ledger::write_for_old_version() {
    std::vector<Record> records;
    auto floor = UnixTime{};
    for (auto record : TRY(remembered())) {
        const auto number = record.number;
        floor = record.time = std::max(record.time, floor);
        const bool over = record.kind == Kind::ran;
        if (over) record.kind = Kind::started;
        record.start.period = 0;
        record.start.job_key = crypto::sha256(as_bytes(record.start.job_id.value.str()));
        records.push_back(record);
        if (!over) continue;
        records.push_back({.kind = Kind::ended, .number = number, .time = floor});
        records.push_back({.kind = Kind::reported, .number = number, .time = floor});
    }
    if (records.size() >= kMaxRecords) return fail("ledger: more runs than 0.1 can remember");
    floor = std::max(floor, history_.floor());
    records.push_back({.kind = Kind::clock, .number = history_.next(), .time = floor});
    return replace(records);
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
