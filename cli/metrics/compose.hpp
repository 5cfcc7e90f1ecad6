// What root and the workers say of the agent, as metrics. What a worker says has names of its own,
// `bulkhead_worker_says_...`: it talks to the network, and may be captured.
#pragma once
#include <string>
#include <vector>

#include "cli/status/ask.hpp"
#include "cli/status/root_file.hpp"
#include "common/base/parse.hpp"

namespace bulkhead::cli {

// A value that is not known has no sample; unless the file is fresh, only when it was written is.
std::string compose_metrics(const RootFile& root, const std::vector<Asked>& workers, UnixTime now);

}  // namespace bulkhead::cli
