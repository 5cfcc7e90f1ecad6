// A job that goes on after a restart of the host: a file with all that is needed to judge and start
// it again.
//
// The file permits one more run. It is removed, and the removal is on disk, before the process
// exists, so that the job cannot run a third time.
#pragma once
#include <string>

#include "common/protocol/requests.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

struct KeptJob {
    BoundaryText<64> boot;  // in which it ran first
    BoundaryText<32> backend;
    protocol::DeliveryId delivery_id;
    protocol::Streams streams{};
    protocol::Bounded<protocol::Param, 32> params;
    bool catalogue = false;
    protocol::Name name;
    bool with_manifest = false;
    std::string script, manifest, signatures;  // follow the fields in the file
    static constexpr auto fields =
        std::tuple{protocol::field("boot", &KeptJob::boot),
                   protocol::field("backend", &KeptJob::backend),
                   protocol::field("delivery_id", &KeptJob::delivery_id),
                   protocol::field("streams", &KeptJob::streams),
                   protocol::field("params", &KeptJob::params),
                   protocol::field("catalogue", &KeptJob::catalogue),
                   protocol::field("name", &KeptJob::name),
                   protocol::field("with_manifest", &KeptJob::with_manifest)};
};

// The files of such jobs, in `dir`, the broker's state.
class KeptJobs {
  public:
    explicit KeptJobs(sys::Dir dir) : dir_(std::move(dir)) {}
    std::vector<JobNumber> list() const;
    Result<> keep(JobNumber number, const KeptJob& job) const;
    Result<KeptJob> read(JobNumber number) const;
    // Gone from the disk when this returns.
    Result<> remove(JobNumber number) const;

  private:
    sys::Dir dir_;
};

}  // namespace bulkhead::broker
