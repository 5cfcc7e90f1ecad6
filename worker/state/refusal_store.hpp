// RefusalStore: refusals that have not been reported yet, one small file each in the directory
// `refusals` of the state directory. So a delivery is answered even if the worker that refused it
// has died.
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

    // On disk when this returns. A refusal of the same delivery is replaced.
    Result<> keep(const KeptRefusal& refusal) const;
    // Absent is no error.
    Result<> forget(std::string_view backend, const DeliveryId& delivery_id) const;
    // The refusals of one backend. Damaged files are removed; a file under another name, which a
    // worker left that died, gets its own name.
    Result<std::vector<KeptRefusal>> of(std::string_view backend) const;

    // What open() has removed because the store cannot have written it, a sentence each.
    const std::vector<std::string>& removed() const { return removed_; }

  private:
    explicit RefusalStore(sys::Dir dir) : dir_(std::move(dir)) {}
    sys::Dir dir_;
    std::vector<std::string> removed_;
};

}  // namespace bulkhead::worker
