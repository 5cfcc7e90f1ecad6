// Refusals that a backend has not heard of yet, one small file each in `refusals` of the worker's
// state: a job that was handed out is answered, even when the worker that refused it is gone.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::worker {

struct KeptRefusal {
    std::string backend;  // its name in the configuration
    DeliveryId delivery_id;
    std::string reason;  // a stable code
    std::string detail;
    std::string rule;
};

class RefusalStore {
  public:
    static Result<RefusalStore> open(const sys::Dir& state);

    // On disk when it returns. Keeping one again is keeping it once.
    Result<> keep(const KeptRefusal& refusal) const;
    // Absent is no error.
    Result<> forget(std::string_view backend, const DeliveryId& delivery_id) const;
    // Those of one backend. What is damaged is removed; what a worker that died left half named is
    // given its name.
    Result<std::vector<KeptRefusal>> of(std::string_view backend) const;

    // What open() found there that could be no file of ours.
    const std::vector<std::string>& removed() const { return removed_; }

  private:
    explicit RefusalStore(sys::Dir dir) : dir_(std::move(dir)) {}
    sys::Dir dir_;
    std::vector<std::string> removed_;
};

}  // namespace bulkhead::worker
