// What a ledger's bytes say: records, and the history they add up to. Pure.
//
// A file begins with a header: of which host it is, when it was born, how many records were ever
// written. Files of 0.1 have none and are read as they always were; 0.1 refuses files that have one
// ("unknown enumerator"), see Ledger::write_for_old_version().
//
// A record is 512 bytes (a sector, the least a disk writes whole): magic, kind, job number, time,
// the kind's own fields, zeros, and in the last 32 bytes SHA-256 of the record before and this one.
// The chained digest detects flipped bits, as a CRC would, and also a record that is missing or in
// the wrong place.
#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "common/admission/ledger_view.hpp"
#include "common/protocol/requests.hpp"

namespace bulkhead::records {

// A start: what admit() compared, and what is needed to report the job after a restart.
struct Start : admission::PastRun {
    std::uint64_t output_max = 0;
    protocol::JobId job_id;
    BoundaryText<32> backend;
    protocol::DeliveryId delivery_id;
    protocol::Name profile;
    // Both times stand in front of every record.
    static constexpr auto fields =
        std::tuple{protocol::field("manifest", &PastRun::manifest),
                   protocol::field("job_key", &PastRun::job_key),
                   protocol::field("delivery_digest", &PastRun::delivery_digest),
                   protocol::field("output_max", &Start::output_max),
                   protocol::field("job_id", &Start::job_id),
                   protocol::field("backend", &Start::backend),
                   protocol::field("delivery_id", &Start::delivery_id),
                   protocol::field("profile", &Start::profile),
                   protocol::field("period", &Start::period)};
};

// What is known of the ledger itself. The last header of a file is in force.
struct Header {
    static constexpr std::uint32_t kFormat = 2;

    std::uint32_t format = kFormat;   // a file of a later format is refused
    std::uint64_t count = 0;          // records ever written, this one included; it only rises
    crypto::Digest host{};            // see host_digest(); zeros: not known
    std::int64_t birth = 0;           // seconds since 1970, by a trusted clock; 0: not known yet
    std::uint8_t memory = 0;          // admission::Memory
    bool after_loss = false;          // an operator accepted that an earlier ledger was lost
    std::uint64_t policy_serial = 0;  // unused: for the serial number of a signed policy
    // Seconds since 1970: the latest end of an approval among the one-shot jobs that a rewrite has
    // dropped. A file from before the member has zeros there.
    std::int64_t dropped = 0;
    // The same of repeatable jobs: when the last start that was dropped leaves its period.
    std::int64_t dropped_quota = 0;
    static constexpr auto fields =
        std::tuple{protocol::field("format", &Header::format),
                   protocol::field("count", &Header::count),
                   protocol::field("host", &Header::host),
                   protocol::field("birth", &Header::birth),
                   protocol::field("memory", &Header::memory),
                   protocol::field("after_loss", &Header::after_loss),
                   protocol::field("policy_serial", &Header::policy_serial),
                   protocol::field("dropped", &Header::dropped),
                   protocol::field("dropped_quota", &Header::dropped_quota)};
};

enum class Kind : std::uint8_t {
    clock = 0,     // `time` was reached by a trusted clock; `number` is the one of the next job
    started = 1,   // on disk before the job's process exists
    ended = 2,     // however it ended
    reported = 3,  // the worker says the backend has the result
    header = 4,    // about the ledger itself; `number` is the one of the next job
    ran = 5,       // instead of started, ended and reported, once a rewrite has joined them
    seen = 6,      // as clock, by a clock that was not trusted
    kLast = seen,
};

struct Record {
    Kind kind{};
    JobNumber number;
    UnixTime time;
    Start start;           // of kinds started and ran
    protocol::JobEnd end;  // of kind ended
    Header header;         // of kind header
};

inline constexpr UnixTime kLatest{std::chrono::seconds{253'402'300'799}};  // the year 9999 ends
inline constexpr std::size_t kRecordBytes = 512;
inline constexpr std::size_t kRecordsOfARun = 3;    // started, ended, reported
inline constexpr std::size_t kMaxRecords = 65'536;  // 32 MiB
// Repeatable jobs may take so many places, so that one-shot jobs always find some.
inline constexpr std::size_t kMaxRepeatable = kMaxRecords / 2;
// A one-shot job is remembered for so long after its approval ended, whatever a rewrite drops: one
// that is approved anew under the same id does not run again. There is room for 160 such jobs a
// day.
inline constexpr std::chrono::hours kHorizon{24 * 400};
inline constexpr std::chrono::seconds kLongestQuota{std::chrono::hours(24)};
// With so many starts in the file a clock that is not trusted makes them old, too. Without that a
// host whose clock nobody ever vouches for would be full one day.
inline constexpr std::size_t kCrowded = kMaxRecords / 4;

// `chain` is the last 32 bytes of the record before (zeros for the first) and moves on.
Bytes encode(const Record& record, crypto::Digest& chain);

// Visits each whole record and returns their bytes. A last record that was never completed (short,
// or its digest never written) is left out; whatever else is odd is an error that names its offset.
// Without a first record the error's code is ENODATA.
Result<std::size_t> each_record(ByteView file, crypto::Digest& chain,
                                const std::function<Result<>(const Record&)>& visit);

// A job that has started and whose result is not yet known to be with its backend.
struct OpenJob {
    Start start;
    std::optional<protocol::JobEnd> end;
};

class History {
  public:
    // An error when the record cannot follow: time runs backwards, an end has no start, a number is
    // used again.
    Result<> apply(const Record& record);

    const std::vector<admission::PastRun>& runs() const { return runs_; }
    const std::map<JobNumber, OpenJob>& open_jobs() const { return open_; }
    JobNumber next() const { return next_; }
    // The later of the two floors below.
    UnixTime floor() const { return std::max(floor_, unsure_); }
    // The latest time in a header or clock record; before the first header, in any record.
    UnixTime trusted_floor() const { return floor_; }
    // The latest time in a record of kind seen.
    UnixTime unsure_floor() const { return unsure_; }
    const std::optional<Header>& header() const { return header_; }
    // The time of the first record.
    UnixTime began() const { return began_; }

    std::size_t records() const { return records_; }  // in the file
    // Records ever written: those in the file, and those in the files that it replaced.
    std::uint64_t count() const { return count_; }
    // Records still to come for the jobs that have started.
    std::size_t owed() const;
    // Records that a rewrite of the file would leave.
    std::size_t needed() const;
    std::size_t garbage() const;  // the others
    // Starts of repeatable jobs that a rewrite would leave.
    std::size_t repeatable() const;
    // False once the run is reported and by the trusted floor (with kCrowded starts: by the later
    // one) neither kHorizon nor a quota can ask for it.
    bool keeps(JobNumber number) const;
    // Of the runs that it is false of: see Header::dropped and dropped_quota. Else 1970.
    struct Forgotten {
        UnixTime once;
        UnixTime quota;
    };
    Forgotten forgets() const;

  private:
    Result<> apply_header(const Header& header);
    bool keeps_at(std::size_t index) const;

    std::vector<JobNumber> numbers_;        // ascending
    std::vector<admission::PastRun> runs_;  // beside numbers_
    std::map<JobNumber, OpenJob> open_;
    std::optional<Header> header_;
    JobNumber next_{1};
    UnixTime floor_{};   // the trusted one
    UnixTime unsure_{};  // the other
    UnixTime began_{};
    std::size_t records_ = 0;
    std::uint64_t count_ = 0;
};

}  // namespace bulkhead::records
