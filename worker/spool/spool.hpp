// Spool: the output of all jobs that the backend does not hold yet, one directory per job.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "worker/spool/spool_job.hpp"

namespace bulkhead::worker {

class Spool {
  public:
    // The directory `spool` beneath `state`, made if absent, with the jobs left from before.
    static Result<Spool> open(const sys::Dir& state, SpoolLimits limits = {});

    Result<SpoolJob*> create(JobNumber number, SpoolLabel label);
    SpoolJob* find(JobNumber number) const;  // null when there is none
    std::vector<SpoolJob*> jobs() const;     // by number
    // With all it holds; absent is no error.
    Result<> remove(JobNumber number);

    // What open() found and could not use. It stays on disk: a job's until create() or remove(),
    // the rest for an operator.
    const std::vector<Error>& problems() const { return problems_; }
    // Bytes that wait for a backend, of all jobs.
    std::uint64_t owed() const { return shared_->owed; }

  private:
    explicit Spool(sys::Dir dir) : dir_(std::move(dir)) {}
    Result<> resume(const std::string& name);

    sys::Dir dir_;
    std::shared_ptr<SpoolShared> shared_ = std::make_shared<SpoolShared>();
    std::map<JobNumber, std::unique_ptr<SpoolJob>> jobs_;
    std::vector<Error> problems_;
};

}  // namespace bulkhead::worker
