// What /healthz and /status say. Everybody on the host can ask, so the texts of troubles, which
// name files and people, stay in `bulkhead status`.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/http/aegisflux.hpp"
#include "cli/status/ask.hpp"
#include "cli/status/root_file.hpp"

namespace bulkhead::cli {

struct HttpAnswer {
    int status = 503;
    std::string body;
};

// 200 while all is well, else 503: {"healthy":BOOL,"troubles":N}.
// Where a backend of the dialect aegisflux is configured, its shape (cli/http/aegisflux.hpp).
HttpAnswer answer_healthz(const RootFile& root, const std::vector<Asked>& workers,
                          HealthShape shape = HealthShape::seed);

// 200, whatever it says. Where a backend of the dialect aegisflux is configured, the members that
// its agents' /status have, without addresses and keys, and "capabilities".
HttpAnswer answer_status(const RootFile& root, const std::vector<Asked>& workers);

}  // namespace bulkhead::cli
