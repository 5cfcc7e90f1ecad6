#include "worker/backend/grapheon/grapheon_options.hpp"

#include <algorithm>
#include <array>

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxName = 255;

// In the order of WildcardListeners.
constexpr std::array<std::string_view, 3> kTreatments{"rewrite", "drop", "raw"};

Result<> check_text(std::string_view value) {
    if (value.size() > kMaxName) return fail("longer than 255 bytes");
    if (!is_utf8(value) || value.find('\0') != value.npos) return fail("is not UTF-8 text");
    return {};
}

Result<> check_header(std::string_view value) {
    const auto odd = [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '_');
    };
    if (value.empty() || value.size() > kMaxName) return fail("not 1..255 bytes");
    if (std::ranges::any_of(value, odd)) return fail("only letters, digits, - and _");
    return {};
}

constexpr auto kOptions = std::tuple{
    option("display_name", &GrapheonOptions::display_name,
           {.help = "shown instead of the host's name", .check = &check_text}),
    option("site_name", &GrapheonOptions::site_name,
           {.help = "where this host stands", .check = &check_text}),
    option("hostname", &GrapheonOptions::hostname,
           {.help = "sent as the host's name; empty: its own", .check = &check_text}),
    option("api_key_header", &GrapheonOptions::api_key_header,
           {.fallback = "X-Agent-Api-Key",
            .help = "header that carries the key",
            .check = &check_header}),
    option("agent_version", &GrapheonOptions::agent_version,
           {.help = "the version that the backend is told; empty: bulkhead and its own",
            .check = &check_text}),
    option("original_state", &GrapheonOptions::original_state,
           {.fallback = "/var/lib/grapheon-agent",
            .help = "state directory of the agent that is replaced, whose agent_uuid and api_key "
                    "are taken over where this host has none; empty: none",
            .check = &check_directory}),
    option("timer_interval", &GrapheonOptions::timer_interval,
           {.type = value::duration(1s, 24h),
            .fallback = "900s",
            .help = "how often a timer starts --once; also the time between questions whether an "
                    "administrator has approved"}),
    option("wildcard_listeners", &GrapheonOptions::wildcard_listeners,
           {.type = value::choice(kTreatments),
            .fallback = "rewrite",
            .help = "rewrite, drop or raw: sockets that listen on 0.0.0.0 or ::, for which the "
                    "backend refuses a report"}),
};

}  // namespace

std::span<const DialectOption> GrapheonOptions::rows() {
    static constexpr auto kRows = rows_of(kOptions);
    return kRows;
}

std::span<const DialectVariable> GrapheonOptions::variables() {
    static constexpr std::array<DialectVariable, 13> kRows{{
        {"GRAPHEON_AGENT_SERVER_URL", "url", "--server-url"},
        {"GRAPHEON_AGENT_ENROLLMENT_KEY", "install_token", "--enrollment-key"},
        {"GRAPHEON_AGENT_DISPLAY_NAME", "options.display_name", "--display-name"},
        {"GRAPHEON_AGENT_SITE_NAME", "options.site_name", "--site-name"},
        {"GRAPHEON_AGENT_HOSTNAME", "options.hostname", "--hostname"},
        {"GRAPHEON_AGENT_REQUEST_TIMEOUT_SECONDS", "timeout", "--request-timeout-seconds",
         &original::seconds},
        {"GRAPHEON_AGENT_TIMER_INTERVAL_SECONDS", "options.timer_interval",
         "--timer-interval-seconds", &original::seconds},
        {"GRAPHEON_AGENT_API_KEY_HEADER", "options.api_key_header", "--api-key-header"},
        {"GRAPHEON_AGENT_CA_FILE", "ca_file", "--ca-file"},
        {"GRAPHEON_AGENT_INSECURE_SKIP_VERIFY", "", "--insecure-skip-verify",
         &original::no_verification, "verification cannot be turned off; name a ca_file", true},
        {"GRAPHEON_AGENT_LOG_LEVEL", "log_level", "--log-level", &original::python_level},
        {"GRAPHEON_AGENT_STATE_DIR", "options.original_state", "--state-dir", nullptr,
         "its identity is taken over; state is kept in the worker's directory"},
        {"GRAPHEON_AGENT_CONFIG", "", "--config", nullptr,
         "name that file in EnvironmentFile= of the unit"},
    }};
    return kRows;
}

std::vector<OriginalFile> GrapheonOptions::original_files(const DialectOptions& options) {
    const auto directory = from(options).original_state;
    if (directory.empty()) return {};
    return {{"agent_uuid", directory + "/agent_uuid", false}, {"api_key", directory + "/api_key"}};
}

GrapheonOptions GrapheonOptions::from(const DialectOptions& options) {
    return filled<GrapheonOptions>(kOptions, options);
}

}  // namespace bulkhead::worker
