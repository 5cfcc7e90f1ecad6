// Asks workers' status sockets. A worker meets the network: its answer is bounded in time, size,
// depth and number of names, whatever it is.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::cli {

using StatusJson = nlohmann::ordered_json;

struct Asked {
    std::string backend;  // that the socket is named after; empty: asked for by its path
    Result<StatusJson> answer;
};

Asked ask_one(const std::string& socket);
// All of `run_dir`/status, at once; an error when there is none.
Result<std::vector<Asked>> ask_all(const std::string& run_dir);

}  // namespace bulkhead::cli
