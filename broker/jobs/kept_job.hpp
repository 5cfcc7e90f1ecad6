// A job that goes on after a restart of the host: all that is judged and needed anew, in a file.
//
// The file is the leave to run once more: it is removed for good before a process exists, so that
// whatever dies then the job does not run a third time.
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
    std::string script, manifest, signatures;  // behind the fields
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

// Where they lie: in the broker's state.
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
