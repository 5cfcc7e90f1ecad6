// What an AegisFlux agent's settings meant to it, where the table of its variables cannot say it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/migrate/installation.hpp"

namespace bulkhead::cli::migration {

// The value that holds for the variable or flag `name`; null if there is none, or it is empty.
const Found* value_of(const Installation& installation, std::string_view name);

// A setting of the agent that speaks over a WebSocket (since 2025-10), whose backend cannot be
// spoken to; null if there is none.
const Found* websocket_setting(const Installation& installation);

// Sentences about settings that go on differently: what they meant, and what to do. `host_id` is
// the one that the old agent took.
std::vector<std::string> aegisflux_notes(const Installation& installation,
                                         const std::string& host_id);

// The address of AGENT_HTTP_ADDR or AGENT_HTTP_PORT in the form of systemd.socket(5)'s
// ListenStream=, where it differs from that of bulkhead-http.socket; nullopt where it does not, or
// is none.
std::optional<std::string> status_address(const Installation& installation);

// NATS_URL or AGENT_NATS_URL, taken apart: the old agents had a login in it.
struct NatsServer {
    std::string where;  // file and line, and the variable
    std::string url;    // the first of several, with its scheme and port
    std::string user;
    Secret password;  // with `user`
    Secret token;     // without
    bool several = false;
};
// Nothing if neither is set. Errors: a url that cannot be told apart, or of another scheme.
Result<std::optional<NatsServer>> nats_server(const Installation& installation);

}  // namespace bulkhead::cli::migration
