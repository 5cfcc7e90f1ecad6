// Spool: the output of all jobs that the backend does not hold yet, one directory per job.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "worker/state/spool/spool_job.hpp"

namespace bulkhead::worker {

class Spool {
  public:
    // Opens the directory `spool` beneath `state`, made if absent, and the jobs of earlier workers:
    // the newest, as many as the broker keeps unreported.
    static Result<Spool> open(const sys::Dir& state, SpoolLimits limits = {});

    Result<SpoolJob*> create(JobNumber number, SpoolLabel label);
    SpoolJob* find(JobNumber number) const;  // null when there is none
    std::vector<SpoolJob*> jobs() const;     // by number
    // Removes the directory of the job, whatever it holds; absent is no error.
    Result<> remove(JobNumber number);
    // Removes all jobs but these.
    Result<> keep_only(const std::vector<JobNumber>& jobs);

    // What open() could not use. Directories of jobs stay until create(), remove() or keep_only();
    // everything else was removed.
    const std::vector<Error>& problems() const { return problems_; }
    // Bytes of all jobs that wait for the backend.
    std::uint64_t owed() const { return shared_->owed; }
    const SpoolLimits& limits() const { return shared_->limits; }

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
