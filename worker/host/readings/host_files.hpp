// Files that the broker opens for us because policy/reads.policy names them; we read them,
// confined.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::worker {

struct HostFile {
    std::string path;
    std::string reason;  // "ok", or the broker's code for why there is no content
    std::string content;
};

struct HostRows {
    std::string reason;  // "ok", or why policy gives nothing at all
    bool ok() const { return reason == "ok"; }
};

class HostFiles {
  public:
    using Visit = std::function<void(const HostFile& file)>;

    virtual ~HostFiles() = default;
    // Visits the files of the rows called `name`, in the order of their paths; of those only what
    // matches `only`, a path or a pattern, unless it is empty. An error: the broker is gone.
    virtual Result<HostRows> each(std::string_view name, std::string_view only,
                                  const Visit& visit) = 0;
};

// A broker's reason code for people.
std::string_view explain_read(std::string_view reason);

}  // namespace bulkhead::worker
