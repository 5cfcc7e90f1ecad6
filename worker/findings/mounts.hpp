// The file systems that hold data here: local, writable, each once.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::worker {

// Mount points out of /proc/PID/mountinfo (proc(5)), the shortest path of each file system. A line
// that is not understood is passed over. What answers over the network is left out, because looking
// at it may take forever; so is what cannot fill up.
std::vector<std::string> parse_mounts(std::string_view mountinfo);

}  // namespace bulkhead::worker
