// Values as duties would hand them to a dialect.
#pragma once
#include "worker/backend/dialect/messages.hpp"

namespace bulkhead::worker::test {

Identity identity();
SystemInfo system_info();
Heartbeat heartbeat();
JobResult job_result(std::string delivery_id);
// The value of a header, "" when the request has none of that name.
std::string header(const HttpRequest& request, std::string_view name);
const std::string& body(const HttpRequest& request);

}  // namespace bulkhead::worker::test
