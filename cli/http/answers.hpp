// What /healthz and /status say. Everybody on the host can ask, so the texts of troubles, which
// name files and people, stay in `bulkhead status`.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/status/ask.hpp"
#include "cli/status/root_file.hpp"

namespace bulkhead::cli {

struct HttpAnswer {
    int status = 503;
    std::string body;
};

// 200 while all is well, else 503: {"healthy":BOOL,"troubles":N}.
// Where a backend of the dialect aegisflux is configured, its shape: {"ok":BOOL}.
HttpAnswer answer_healthz(const RootFile& root, const std::vector<Asked>& workers);

// 200, whatever it says. Where a backend of the dialect aegisflux is configured, its shape:
// {"loaded":{},"capabilities":{...}} and a line end.
HttpAnswer answer_status(const RootFile& root, const std::vector<Asked>& workers);

}  // namespace bulkhead::cli
