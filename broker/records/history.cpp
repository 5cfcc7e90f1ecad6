#include "broker/records/history.hpp"

#include <algorithm>

#include "common/protocol/codec.hpp"

namespace bulkhead::records {

namespace {

constexpr std::uint32_t kMagic = 0x314c'4842;  // "BHL1": the format's number is part of it
constexpr std::size_t kBodyBytes = kRecordBytes - sizeof(crypto::Digest);
constexpr std::chrono::hours kLongestQuota{24};
constexpr UnixTime kLatest{std::chrono::seconds{253'402'300'799}};  // the year 9999 ends

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

UnixTime at(std::int64_t seconds) { return UnixTime(std::chrono::seconds(seconds)); }

Result<Record> decode(ByteView bytes, crypto::Digest& chain) {
    std::vector<sys::Fd> none;
    protocol::Decoder decoder(bytes, none);
    Front front;
    TRY(decoder.get(front));
    Record record{.kind = front.kind, .number = front.number, .time = at(front.time)};
    if (record.kind == Kind::started) {
        TRY(decoder.get(record.start));
        record.start.started = record.time;
        record.start.not_after = at(front.not_after);
    }
    if (record.kind == Kind::ended) TRY(decoder.get(record.end));
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
    const bool starts = record.kind == Kind::started;
    protocol::Encoder encoder;
    encoder.put(Front{.kind = record.kind,
                      .number = record.number,
                      .time = record.time.time_since_epoch().count(),
                      .not_after = starts ? record.start.not_after.time_since_epoch().count() : 0});
    if (starts) encoder.put(record.start);
    if (record.kind == Kind::ended) encoder.put(record.end);
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
    if (offset == 0) return fail("not even a first record");
    return offset;
}

Result<> History::apply(const Record& record) {
    if (record.time < floor_ || record.time > kLatest) return fail("time runs backwards or wild");
    const auto job = open_.find(record.number);
    switch (record.kind) {
        case Kind::clock:
            if (record.number < next_) return fail("job numbers run backwards");
            next_ = record.number;
            ++clocks_;
            break;
        case Kind::started:
            if (record.number < next_) return fail("job number was given before");
            if (record.start.not_after > kLatest) return fail("not-after is out of range");
            numbers_.push_back(record.number);
            runs_.push_back(record.start);
            open_.emplace(record.number, OpenJob{.start = record.start});
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
    floor_ = record.time;
    ++records_;
    return {};
}

std::size_t History::owed() const {
    std::size_t count = 0;
    for (const auto& [number, job] : open_) count += job.end ? 1 : 2;
    return count;
}

std::size_t History::garbage() const {
    const auto kept = std::ranges::count_if(numbers_, [&](auto number) { return keeps(number); });
    return clocks_ + kRecordsOfARun * (numbers_.size() - static_cast<std::size_t>(kept));
}

bool History::keeps(JobNumber number) const {
    const auto found = std::ranges::lower_bound(numbers_, number);
    if (found == numbers_.end() || *found != number) return false;
    const auto& run = runs_[static_cast<std::size_t>(found - numbers_.begin())];
    return run.not_after >= floor_ || run.started >= floor_ - kLongestQuota ||
           open_.contains(number);
}

}  // namespace bulkhead::records
