// Asks workers' status sockets. A worker talks to the network and may be captured, so its answer is
// bounded: 1 MiB, 5 s of the monotonic clock for all workers together, and as parse_bounded()
// says.
#pragma once
#include <string>
#include <vector>

#include "cli/status/bounded_json.hpp"
#include "common/base/result.hpp"

namespace bulkhead::cli {

struct Asked {
    std::string backend;  // from the socket's name; empty if the caller named the socket
    Result<StatusJson> answer;
};

Asked ask_one(const std::string& socket);
// Asks all sockets in `run_dir`/status at the same time. An error if there is none.
Result<std::vector<Asked>> ask_all(const std::string& run_dir);

}  // namespace bulkhead::cli
