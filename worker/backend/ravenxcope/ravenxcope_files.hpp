// Files that RavenXcope's sensor agent read: the one with its token, and, because it ran in a
// container, the host's os-release and hostname.
#pragma once
#include <functional>
#include <string_view>

#include "common/base/result.hpp"
#include "common/base/secret.hpp"
#include "worker/backend/dialect/option.hpp"

namespace bulkhead::worker {

// Error: sensor_id is not set.
Result<> check_ravenxcope_options(const DialectOptions& options);

// Fills in the options hostname and os_info from files if they are empty; an absent file changes
// nothing. A SENSOR_TOKEN in config_file replaces `credential`, as the newer of the two; then the
// result says where it was found, else it is "". Errors: a file cannot be read (config_file: only
// if `credential` is empty), or its content is not valid.
Result<std::string> load_ravenxcope_files(
    DialectOptions& options,
    const std::function<Result<std::string>(std::string_view option, bool secret)>& read,
    Secret& credential);

// The value of the last line KEY=VALUE or export KEY=VALUE, without quotes around it; "" if there
// is none. Error: a line of this key that systemd (EnvironmentFile=, systemd.exec(5)) and shells
// read in different ways, such as one with a backslash.
Result<std::string> env_value(std::string_view text, std::string_view key);

}  // namespace bulkhead::worker
