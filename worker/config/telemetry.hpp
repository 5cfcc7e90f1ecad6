// The settings of telemetry: what they mean together, and the files that they name.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/config/config.hpp"
#include "worker/config/files.hpp"

namespace bulkhead::worker {

// What agent.yaml may write in a subject for the host's id.
inline constexpr std::string_view kHostIdWord = "{host_id}";

Result<> check_telemetry_url(std::string_view text);
Result<> check_telemetry_subject(std::string_view text);
Result<> check_telemetry_user(std::string_view text);

// What is wrong with these settings taken together, a line each.
std::vector<std::string> telemetry_problems(const TelemetryConfig& telemetry, bool allow_plaintext);

// The subject, with the host's id in place of kHostIdWord; of that each character but letters,
// digits, - and _ is a _.
std::string telemetry_subject(const TelemetryConfig& telemetry, std::string_view host_id);

// The files that are named, for named_files(). Each may be absent: what is wrong with telemetry is
// told, and takes the backend nothing away.
std::vector<NamedFile> telemetry_files(const TelemetryConfig& telemetry);

// Opens the file that the setting of this key names.
using OpenNamed = std::function<OpenedFile(const std::string& key)>;
// Reads them.
Result<TelemetryFiles> read_telemetry_files(const TelemetryConfig& telemetry,
                                            const OpenNamed& open);

}  // namespace bulkhead::worker
