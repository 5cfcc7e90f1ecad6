// The replay ledger: which approved jobs were started on this host, how they ended, and whether
// their backend knows. It is why an approved one-shot job runs at most once, whatever dies when.
//
// A file that is only appended to; every record is fsync'ed before the call returns, and start()
// returns before the job's process exists. What does not read back exactly lets nothing start.
// Times never run backwards in it: when the clock was set back, the latest time ever seen is
// recorded instead (the floor). A clock that once was far in the future therefore expires approvals
// for good.
#pragma once
#include "broker/records/history.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::records {

struct Unreported {
    JobNumber number;
    Start start;
    protocol::JobEnd end;
};

class Ledger {
  public:
    static constexpr std::string_view kFile = "ledger";
    static constexpr std::chrono::minutes kClockEvery{10};
    // Records no longer needed, before the file is rewritten; the lower number when it is full.
    static constexpr std::size_t kMuchGarbage = 1024;  // a week of clock records
    static constexpr std::size_t kSomeGarbage = 64;

    // Creates the file if it is absent. Locks `dir`, so that two brokers cannot share it. Jobs that
    // started and did not end are given their end here: interrupted.
    // Not so those that are `waiting` for the host to restart.
    static Result<Ledger> open(const sys::Dir& dir, UnixTime now,
                               std::span<const JobNumber> waiting = {});

    // What open() met, for the audit log.
    struct Opened {
        bool created = false;
        std::size_t torn_bytes = 0;  // of a record that was being written when the power went
        std::vector<JobNumber> interrupted;
    };
    const Opened& opened() const { return opened_; }

    // Only after this has returned a number may the job's process be created. `start.started` is
    // the time; room on disk for the job's other records is set aside here.
    Result<JobNumber> start(Start start);
    Result<> end(JobNumber number, const protocol::JobEnd& end, UnixTime now);
    Result<> reported(JobNumber number);
    // Raises the floor, at most one record per kClockEvery, and rewrites the file when much of it
    // is no longer needed. Call it whenever a timer is awake anyway.
    Result<> note_time(UnixTime now);

    // `full` also after a failed write: nothing starts until the broker has read the file afresh.
    // Valid until the ledger is next changed.
    admission::LedgerView view() const;
    // Ended, and not yet reported().
    std::vector<Unreported> unreported() const;
    // Started, and not ended: when the ledger has just been opened, those that wait.
    std::vector<Unreported> unended() const;
    // Started, and not yet reported(): ended or not.
    std::size_t open_jobs() const { return history_.open_jobs().size(); }
    // Records in the file, and the digest that the last of them ends with.
    std::uint64_t records() const { return history_.records(); }
    const crypto::Digest& head() const { return chain_; }
    UnixTime clock_floor() const { return history_.floor(); }

  private:
    explicit Ledger(sys::Dir dir) : dir_(std::move(dir)) {}
    Result<> load();
    Result<> append(Record record);
    Result<> reserve(std::size_t count) const;
    Result<> rewrite();
    bool full() const;

    sys::Dir dir_;  // a handle of its own: it carries the lock
    sys::Fd fd_;
    History history_;
    crypto::Digest chain_{};
    std::optional<Error> broken_;
    Opened opened_;
};

}  // namespace bulkhead::records
