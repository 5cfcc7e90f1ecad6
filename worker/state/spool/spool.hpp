// Spool: the output of all jobs that the backend does not hold yet, one directory per job.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "worker/state/spool/spool_job.hpp"

namespace bulkhead::worker {

class Spool {
  public:
    // The directory `spool` beneath `state`, made if absent, with the jobs left from before: the
    // newest, as many as the broker keeps unreported.
    static Result<Spool> open(const sys::Dir& state, SpoolLimits limits = {});

    Result<SpoolJob*> create(JobNumber number, SpoolLabel label);
    SpoolJob* find(JobNumber number) const;  // null when there is none
    std::vector<SpoolJob*> jobs() const;     // by number
    // With all it holds, whatever that is; absent is no error.
    Result<> remove(JobNumber number);
    // Removes what is of no job of these.
    Result<> keep_only(const std::vector<JobNumber>& jobs);

    // What open() found and could not use. A job's files stay until create(), remove() or
    // keep_only(); the rest is gone.
    const std::vector<Error>& problems() const { return problems_; }
    // Bytes that wait for a backend, of all jobs.
    std::uint64_t owed() const { return shared_->owed; }

  private:
    explicit Spool(sys::Dir dir) : dir_(std::move(dir)) {}
    std::vector<JobNumber> numbers();
    Result<> resume(JobNumber number);
    void note(const std::string& name, Error problem);

    sys::Dir dir_;
    std::shared_ptr<SpoolShared> shared_ = std::make_shared<SpoolShared>();
    std::map<JobNumber, std::unique_ptr<SpoolJob>> jobs_;
    std::vector<Error> problems_;
};

}  // namespace bulkhead::worker
