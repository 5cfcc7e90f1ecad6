// The replay ledger: which approved jobs were started on this host, how they ended, and whether
// their backend knows. It is why an approved one-shot job runs at most once, whatever dies when.
//
// A file that is only appended to; every record is fsync'ed before the call returns, and start()
// returns before anything of the job runs. What does not read back exactly lets nothing start. What
// reads back and is not all that was written, because the file is gone, older, or another host's,
// is told from a first start by a Past.
//
// Times never run backwards in it: the latest that a trusted clock showed is one floor, the latest
// that any other showed the other, and only an operator can lower them. When the clock was set
// back, starts are recorded with the later floor instead.
//
// What admit() relies on, whatever the clock does, whoever resets it, whenever the file is
// rewritten: of each one-shot job that ever ran,
//   its run is among the records, or
//   its approval ends at Header::dropped at the latest, so admit() finds it too late after that
//   time, and until then refuses every job approved from that time or an earlier one on, or
//   the file that had the run was lost, and an operator has accepted that: admit() refuses each job
//   that a clock may have let start before the birth, which is no earlier than the floor then.
// Of each start of a repeatable job, as long as a quota may count it, its record is there, or
// Header::dropped_quota lies ahead, and until then none starts. So `dropped` is never lowered,
// `dropped_quota` only to where a reset puts the starts themselves, and a rewrite raises both.
// Neither comes to count where the clock is trusted: then what is dropped is over for good.
//
// Two things no file can tell. A loss forgets the counts of repeatable jobs, and that a clock had
// run ahead: a one-shot job which ran under such a clock, with a `not-before` that is still to come
// when the loss is accepted, runs again. Who accepts it, or resets the floors after it, with a
// clock that is behind dates the birth too early.
#pragma once
#include <functional>

#include "broker/records/history.hpp"
#include "broker/records/past.hpp"
#include "broker/records/trusted_clock.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::records {

struct Unreported {
    JobNumber number;
    Start start;
    protocol::JobEnd end;
};

class Ledger {
  public:
    static constexpr std::string_view kFile = "ledger";
    // The reason of jobs whose end no broker saw.
    static constexpr std::string_view kInterrupted = "interrupted";
    static constexpr std::chrono::minutes kClockEvery{10};
    // Records no longer needed, before the file is rewritten; the lower number when it is full.
    static constexpr std::size_t kMuchGarbage = 1024;  // a week of clock records
    static constexpr std::size_t kSomeGarbage = 64;

    // Creates the file if it is absent. Locks `dir`, so that two brokers cannot share it. Jobs that
    // started and did not end are given their end here: interrupted.
    // Not so those that are `waiting` for the host to restart. Without a Past the file is believed.
    static Result<Ledger> open(const sys::Dir& dir, UnixTime now,
                               std::span<const JobNumber> waiting = {},
                               const std::optional<Past>& past = {});

    // What open() met, for the audit log.
    struct Opened {
        bool created = false;
        std::string lacking;         // why the memory is no longer whole; empty: nothing new
        std::size_t torn_bytes = 0;  // of a record that was being written when the power went
        std::vector<JobNumber> interrupted;
    };
    const Opened& opened() const { return opened_; }

    // False: a later version has written it, in a format that this one does not know. It is left as
    // it is, and nothing starts; later() says which format. What jobs there are is not known.
    bool readable() const { return later_.empty(); }
    const std::string& later() const { return later_; }

    // Sets aside room on disk for the records of one more job. An error when there is none, or when
    // nothing may start.
    Result<> make_room();
    // A write failed, so that nothing starts until the broker has read the file afresh.
    bool broken() const { return broken_.has_value(); }
    // Only after this has returned a number may anything of the job run. `start.started` is the
    // time; room on disk for the job's other records is set aside here.
    // `meanwhile` is called when the record is written and not on disk yet: what it makes must not
    // count before the call has returned, and not at all if that is an error.
    Result<JobNumber> start(Start start, const std::function<void(JobNumber)>& meanwhile = {});
    Result<> end(JobNumber number, const protocol::JobEnd& end, UnixTime now);
    Result<> reported(JobNumber number);
    // Raises the floor of the time's grade, at most one record per kClockEvery, and rewrites the
    // file when much of it is no longer needed. Call it whenever a timer is awake anyway.
    Result<> note_time(std::optional<UnixTime> time, Grade grade = Grade::trusted);
    // Records the birth, where it is not known yet, by clocks that were held or are trusted.
    Result<> settle_birth(const sys::TwoClocks& clocks);
    // An operator says that it is `now`: the floor that no trusted clock raised is lowered to it,
    // and if `trusted_too` the other as well. Nothing that ran is forgotten; starts that were
    // recorded with a later time count as of now.
    Result<> reset_floor(UnixTime now, bool trusted_too);

    // What the records say by themselves. Valid as long as `history` is not changed.
    static admission::LedgerView view_of(const History& history);
    // `full` also after a failed write: nothing starts until the broker has read the file afresh.
    // Valid until the ledger is next changed.
    admission::LedgerView view() const;
    // The same with a birth even where none is recorded yet: the moment when this memory began, by
    // the clock of now. Later if the broker was restarted in between.
    admission::LedgerView view(const sys::TwoClocks& clocks) const;
    admission::Memory memory() const;

    // The request of an operator to accept what is lost, as it stands in kAcceptanceFile.
    std::optional<std::string> acceptance() const;
    // The memory is whole from now on, and nothing from before is known. Removes the request.
    Result<> accept_loss();
    Result<> drop_acceptance() const;
    // Replaces the file by one that 0.1 reads.
    Result<> write_for_old_version();

    // Ended, and not yet reported().
    std::vector<Unreported> unreported() const;
    // Started, and not ended: when the ledger has just been opened, those that wait.
    std::vector<Unreported> unended() const;
    // Started, and not yet reported(): ended or not.
    std::size_t open_jobs() const { return history_.open_jobs().size(); }
    // Records ever written, and the digest that the last of them ends with; of one that is not
    // readable what the audit log has seen.
    std::uint64_t records() const;
    const crypto::Digest& head() const;
    // Both, for the audit log; nothing while the memory is rolled back, so that a file which is not
    // can still be restored.
    std::optional<Head> mark() const;
    // The two floors. Jobs are judged by clocks that may be 5 minutes behind them.
    UnixTime trusted_floor() const { return history_.trusted_floor(); }
    UnixTime unsure_floor() const { return history_.unsure_floor(); }

  private:
    explicit Ledger(sys::Dir dir) : dir_(std::move(dir)) {}
    Result<> load();
    Result<> open_file(const std::optional<Past>& past);
    Result<> create(const Past& past);
    Result<> judge(const std::optional<Past>& past);
    std::string age_in_doubt() const;
    Result<> append(Record record, const std::function<void()>& meanwhile = {});
    Result<> append(Header header, JobNumber next);
    Result<> reserve(std::size_t count) const;
    Result<std::vector<Record>> remembered(bool all = false) const;
    // A memory begins whose birth is not recorded yet.
    void begin(UnixTime floor);
    UnixTime birth_by(const sys::TwoClocks& clocks) const;
    Result<> rewrite();
    Result<> rewrite(Header header, std::uint64_t count, JobNumber next);
    struct Floors {
        UnixTime trusted;
        UnixTime unsure;
    };
    Result<> replace(Header header, std::vector<Record> records, JobNumber next, Floors floors);
    Result<> replace(const std::vector<Record>& records);
    bool full() const;

    sys::Dir dir_;  // a handle of its own: it carries the lock
    sys::Fd fd_;
    History history_;
    crypto::Digest chain_{};
    std::optional<Head> mark_;             // what the audit log says
    std::optional<crypto::Digest> there_;  // the digest in the file after so many records
    std::chrono::seconds began_up_{};      // CLOCK_BOOTTIME when a birth that is not recorded was
    UnixTime began_floor_{};               // the later floor at that moment
    std::optional<Error> broken_;
    std::string later_;
    Opened opened_;
};

}  // namespace bulkhead::records
