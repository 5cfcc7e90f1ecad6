// What the original sensor agent read from files: the token it had kept, and who its host is when
// it stood in a container.
#pragma once
#include <array>
#include <functional>
#include <string_view>

#include "common/base/result.hpp"
#include "common/base/secret.hpp"
#include "worker/backend/dialect/option.hpp"

namespace bulkhead::worker {

inline constexpr std::array<std::string_view, 3> kRavenxcopeFiles{
    "config_file", "host_os_release_file", "host_hostname_file"};

Result<> check_ravenxcope_options(const DialectOptions& options);

// Fills in what these options leave to files; absent files change nothing. A SENSOR_TOKEN in
// config_file takes the place of `credential`, as the newer of the two, and its place is named.
Result<std::string> load_ravenxcope_files(
    DialectOptions& options,
    const std::function<Result<std::string>(std::string_view option, bool secret)>& read,
    Secret& credential);

// The value of a KEY=VALUE line, its quotes taken off; "" without one. A later line wins.
std::string env_value(std::string_view text, std::string_view key);

}  // namespace bulkhead::worker
