// Asks workers' status sockets. A worker talks to the network and may be captured, so its answer is
// bounded: 5 s, 1 MiB, 16 levels, and 256 names in one object.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::cli {

using StatusJson = nlohmann::ordered_json;

struct Asked {
    std::string backend;  // from the socket's name; empty if the caller named the socket
    Result<StatusJson> answer;
};

Asked ask_one(const std::string& socket);
// Asks all sockets in `run_dir`/status at the same time. An error if there is none.
Result<std::vector<Asked>> ask_all(const std::string& run_dir);

}  // namespace bulkhead::cli
