#include "broker/records/history.hpp"

#include <algorithm>
#include <cerrno>

#include "common/protocol/codec.hpp"

namespace bulkhead::records {

namespace {

constexpr std::uint32_t kMagic = 0x314c'4842;  // "BHL1": the format's number is part of it
constexpr std::size_t kBodyBytes = kRecordBytes - sizeof(crypto::Digest);
constexpr std::uint64_t kMost = 1ULL << 62;  // of records and of jobs; no host gets there

struct Front {
    std::uint32_t magic = kMagic;
    Kind kind{};
    JobNumber number;
    std::int64_t time = 0;
    std::int64_t not_after = 0;
    static constexpr auto fields =
        std::tuple{protocol::field("magic", &Front::magic), protocol::field("kind", &Front::kind),
                   protocol::field("number", &Front::number), protocol::field("time", &Front::time),
                   protocol::field("not_after", &Front::not_after)};
};

bool is_start(Kind kind) { return kind == Kind::started || kind == Kind::ran; }

// Of a one-shot job. In records of 0.1, which have no period, the end of its approval lies later.
bool is_once(const admission::PastRun& run) {
    return run.period == 0 && run.not_after > run.started;
}

// The last moment at which admit() may count the start of a repeatable job.
UnixTime end_of_quota(const admission::PastRun& run) {
    return run.started + (run.period == 0 ? kLongestQuota : std::chrono::seconds(run.period));
}

UnixTime at(std::int64_t seconds) { return UnixTime(std::chrono::seconds(seconds)); }

Result<Record> decode(ByteView bytes, crypto::Digest& chain) {
    std::vector<sys::Fd> none;
    protocol::Decoder decoder(bytes, none);
    Front front;
    TRY(decoder.get(front));
    Record record{.kind = front.kind, .number = front.number, .time = at(front.time)};
    if (is_start(record.kind)) {
        TRY(decoder.get(record.start));
        record.start.started = record.time;
        record.start.not_after = at(front.not_after);
    }
    if (record.kind == Kind::ended) TRY(decoder.get(record.end));
    if (record.kind == Kind::header) {
        TRY(decoder.get(record.header));
        // A later format may have more to say than is decoded here.
        if (record.header.format > Header::kFormat) {
            return fail("format " + std::to_string(record.header.format) +
                            ", written by a later version; this one reads " +
                            std::to_string(Header::kFormat),
                        ENOTSUP);
        }
    }
    // Encoding it again checks magic, padding and digest at once, and refuses any other encoding of
    // the same record.
    if (!std::ranges::equal(encode(record, chain), bytes)) return fail("digest does not match");
    return record;
}

bool never_completed(ByteView last) {
    return last.size() < kRecordBytes ||
           (last.size() == kRecordBytes &&
            std::ranges::all_of(last.subspan(kBodyBytes),
                                [](std::byte b) { return b == std::byte{}; }));
}

}  // namespace

Bytes encode(const Record& record, crypto::Digest& chain) {
    const bool starts = is_start(record.kind);
    protocol::Encoder encoder;
    encoder.put(Front{.kind = record.kind,
                      .number = record.number,
                      .time = record.time.time_since_epoch().count(),
                      .not_after = starts ? record.start.not_after.time_since_epoch().count() : 0});
    if (starts) encoder.put(record.start);
    if (record.kind == Kind::ended) encoder.put(record.end);
    if (record.kind == Kind::header) encoder.put(record.header);
    Bytes bytes = encoder.bytes();
    bytes.resize(kBodyBytes);

    Bytes chained(chain.begin(), chain.end());
    chained.insert(chained.end(), bytes.begin(), bytes.end());
    chain = crypto::sha256(chained);
    bytes.insert(bytes.end(), chain.begin(), chain.end());
    return bytes;
}

Result<std::size_t> each_record(ByteView file, crypto::Digest& chain,
                                const std::function<Result<>(const Record&)>& visit) {
    std::size_t offset = 0;
    for (; !never_completed(file.subspan(offset)); offset += kRecordBytes) {
        const auto where = "record at byte " + std::to_string(offset);
        const auto record = TRY(within(where, decode(file.subspan(offset, kRecordBytes), chain)));
        TRY(within(where, visit(record)));
    }
    if (offset == 0) return fail("not even a first record", ENODATA);
    return offset;
}

Result<> History::apply_header(const Header& header) {
    if (header.count <= count_) return fail("the count of records runs backwards");
    if (header.count > kMost) return fail("the count of records is out of range");
    if (header.memory > static_cast<std::uint8_t>(admission::Memory::rolled_back)) {
        return fail("no such state of memory");
    }
    if (header.birth < 0 || at(header.birth) > kLatest) return fail("birth is out of range");
    for (const auto dropped : {header.dropped, header.dropped_quota}) {
        if (dropped < 0 || at(dropped) > kLatest) return fail("dropped is out of range");
    }
    header_ = header;
    return {};
}

Result<> History::apply(const Record& record) {
    // Only readings that were trusted are recorded by themselves, and raise the floor. Before the
    // first header, which is in files of 0.1, every record did.
    const bool seen = record.kind == Kind::seen;
    const bool raises =
        !seen && (!header_ || record.kind == Kind::clock || record.kind == Kind::header);
    const auto earliest = raises ? floor_ : seen ? unsure_ : UnixTime{};
    if (record.time < earliest || record.time > kLatest) {
        return fail("time runs backwards or wild");
    }
    if (record.number.value > kMost) return fail("job number is out of range");
    const auto job = open_.find(record.number);
    switch (record.kind) {
        case Kind::header:
        case Kind::clock:
        case Kind::seen:
            if (record.number < next_) return fail("job numbers run backwards");
            if (record.kind == Kind::header) TRY(apply_header(record.header));
            next_ = record.number;
            break;
        case Kind::started:
        case Kind::ran:
            if (record.number < next_) return fail("job number was given before");
            if (record.start.not_after > kLatest) return fail("not-after is out of range");
            numbers_.push_back(record.number);
            runs_.push_back(record.start);
            // Computed again, as 0.1 recorded another digest.
            runs_.back().job_key =
                admission::job_key(record.start.profile.str(), record.start.job_id.value.str());
            if (record.kind == Kind::started) {
                open_.emplace(record.number, OpenJob{.start = record.start, .end = {}});
            }
            next_ = JobNumber{record.number.value + 1};
            break;
        case Kind::ended:
            if (job == open_.end() || job->second.end) return fail("no such job is running");
            job->second.end = record.end;
            break;
        case Kind::reported:
            if (job == open_.end() || !job->second.end) return fail("no such job has ended");
            open_.erase(job);
            break;
    }
    if (records_ == 0) began_ = record.time;
    if (raises) floor_ = record.time;
    if (seen) unsure_ = record.time;
    count_ = record.kind == Kind::header ? record.header.count : count_ + 1;
    ++records_;
    return {};
}

std::size_t History::owed() const {
    std::size_t count = 0;
    for (const auto& [number, job] : open_) count += job.end ? 1 : 2;
    return count;
}

std::size_t History::needed() const {
    std::size_t count = unsure_ > floor_ ? 3 : 2;  // header, clock, and seen
    for (std::size_t i = 0; i < runs_.size(); ++i) count += keeps_at(i) ? 1 : 0;
    for (const auto& [number, job] : open_) count += job.end ? 1 : 0;
    return count;
}

std::size_t History::garbage() const { return records_ - std::min(records_, needed()); }

std::size_t History::repeatable() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        count += !is_once(runs_[i]) && keeps_at(i) ? 1 : 0;
    }
    return count;
}

bool History::keeps(JobNumber number) const {
    const auto found = std::ranges::lower_bound(numbers_, number);
    if (found == numbers_.end() || *found != number) return false;
    return keeps_at(static_cast<std::size_t>(found - numbers_.begin()));
}

History::Forgotten History::forgets() const {
    Forgotten latest{};
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        if (keeps_at(i)) continue;
        const bool once = is_once(runs_[i]);
        auto& last = once ? latest.once : latest.quota;
        last = std::max(last, once ? runs_[i].not_after : end_of_quota(runs_[i]));
    }
    return latest;
}

bool History::keeps_at(std::size_t index) const {
    const auto& run = runs_[index];
    const auto until = is_once(run) ? run.not_after + kHorizon : end_of_quota(run);
    const auto by = runs_.size() > kCrowded ? floor() : trusted_floor();
    return until >= by || open_.contains(numbers_[index]);
}

}  // namespace bulkhead::records
