// HostFiles: files of the host that the broker opens because a row of policy/reads.policy names
// them. The confined worker reads the descriptors.
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
    std::string reason;  // "ok", or the broker's code for why these rows give no file at all
    bool ok() const { return reason == "ok"; }
};

class HostFiles {
  public:
    using Visit = std::function<void(const HostFile& file)>;

    virtual ~HostFiles() = default;
    // Visits the files of the rows called `name`, in the order of their paths. If `only`, a path or
    // a pattern, is not empty, visits only the files that match it. Error: the broker is gone.
    virtual Result<HostRows> each(std::string_view name, std::string_view only,
                                  const Visit& visit) = 0;
};

// The sentence for a reason code of HostFile or HostRows; an unknown code is returned as it is.
std::string_view explain_read(std::string_view reason);

}  // namespace bulkhead::worker
