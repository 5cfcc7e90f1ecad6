// What a ledger's bytes say: records, and the history they add up to. Pure.
//
// A record is 512 bytes (a sector, the least a disk writes whole): magic, kind, job number, time,
// the kind's own fields, zeros, and in the last 32 bytes SHA-256 of the record before and this one.
// The chained digest detects flipped bits, as a CRC would, and also a record that is missing or in
// the wrong place.
#pragma once
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
                   protocol::field("job_id_digest", &PastRun::job_id_digest),
                   protocol::field("delivery_digest", &PastRun::delivery_digest),
                   protocol::field("output_max", &Start::output_max),
                   protocol::field("job_id", &Start::job_id),
                   protocol::field("backend", &Start::backend),
                   protocol::field("delivery_id", &Start::delivery_id),
                   protocol::field("profile", &Start::profile)};
};

enum class Kind : std::uint8_t {
    clock = 0,     // `time` was reached; `number` is the one of the next job
    started = 1,   // on disk before the job's process exists
    ended = 2,     // however it ended
    reported = 3,  // the worker says the backend has the result
    kLast = reported,
};

struct Record {
    Kind kind{};
    JobNumber number;
    UnixTime time;
    Start start;           // of kind started
    protocol::JobEnd end;  // of kind ended
};

inline constexpr std::size_t kRecordBytes = 512;
inline constexpr std::size_t kRecordsOfARun = 3;    // started, ended, reported
inline constexpr std::size_t kMaxRecords = 65'536;  // 32 MiB

// `chain` is the last 32 bytes of the record before (zeros for the first) and moves on.
Bytes encode(const Record& record, crypto::Digest& chain);

// Visits each whole record and returns their bytes. A last record that was never completed (short,
// or its digest never written) is left out; whatever else is odd is an error that names its offset.
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
    UnixTime floor() const { return floor_; }  // the latest time in any record

    std::size_t records() const { return records_; }
    // Records still to come for the jobs that have started.
    std::size_t owed() const;
    // Records that a rewrite of the file would leave out.
    std::size_t garbage() const;
    // False once the run is reported and neither its approval nor a daily quota can ask for it.
    bool keeps(JobNumber number) const;

  private:
    std::vector<JobNumber> numbers_;        // ascending
    std::vector<admission::PastRun> runs_;  // beside numbers_
    std::map<JobNumber, OpenJob> open_;
    JobNumber next_{1};
    UnixTime floor_{};
    std::size_t records_ = 0;
    std::size_t clocks_ = 0;
};

}  // namespace bulkhead::records
