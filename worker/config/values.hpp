// Texts of the configuration as values: the whole text or an error that says what to write instead.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

// 30s, 5m, 1h, also in a row as other agents write them: 1h30m.
Result<std::chrono::milliseconds> parse_span(std::string_view text, std::chrono::milliseconds least,
                                             std::chrono::milliseconds most);
// 4096, 512KiB, 64MiB, 2GiB.
Result<std::uint64_t> parse_size(std::string_view text, std::uint64_t least, std::uint64_t most);
Result<std::uint32_t> parse_count(std::string_view text, std::uint32_t least, std::uint32_t most);
// true or false; YAML's other words for them are refused, so that "no" is not a surprise.
Result<bool> parse_truth(std::string_view text);
// Separated by colons, each absolute.
Result<std::vector<std::string>> parse_paths(std::string_view text);

Result<> check_file_path(std::string_view text);
Result<> check_backend_name(std::string_view text);
// sha256//<base64>, several separated by semicolons, as curl takes them.
Result<> check_pin(std::string_view text);
Result<> check_proxy(std::string_view text);

}  // namespace bulkhead::worker
