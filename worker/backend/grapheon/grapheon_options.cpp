#include "worker/backend/grapheon/grapheon_options.hpp"

#include <algorithm>
#include <array>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxName = 255;

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

Result<> check_interval(std::string_view value) {
    const auto interval = TRY(parse_span(value));
    if (interval < std::chrono::seconds(1) || interval > std::chrono::hours(24)) {
        return fail("not within 1s..24h");
    }
    return {};
}

Result<> check_treatment(std::string_view value) {
    if (std::ranges::find(kTreatments, value) == kTreatments.end()) {
        return fail("expected rewrite, drop or raw");
    }
    return {};
}

}  // namespace

std::span<const DialectOption> GrapheonOptions::rows() {
    static constexpr std::array<DialectOption, 6> kRows{{
        {"display_name", "", "shown instead of the host's name", &check_text},
        {"site_name", "", "where this host stands", &check_text},
        {"hostname", "", "sent as the host's name; empty: its own", &check_text},
        {"api_key_header", "X-Agent-Api-Key", "header that carries the key", &check_header},
        {"timer_interval", "900s",
         "how often a timer starts --once; also the time between questions whether an "
         "administrator has approved",
         &check_interval},
        {"wildcard_listeners", "rewrite",
         "rewrite, drop or raw: sockets that listen on 0.0.0.0 or ::, for which the backend "
         "refuses a report",
         &check_treatment},
    }};
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
        {"GRAPHEON_AGENT_STATE_DIR", "", "--state-dir", nullptr,
         "the worker's state directory is used"},
        {"GRAPHEON_AGENT_CONFIG", "", "--config", nullptr,
         "name that file in EnvironmentFile= of the unit"},
    }};
    return kRows;
}

GrapheonOptions GrapheonOptions::from(const DialectOptions& options) {
    const auto value = [&options](std::string_view name) {
        if (const auto found = options.find(name); found != options.end()) return found->second;
        const auto row = std::ranges::find(rows(), name, &DialectOption::name);
        return std::string(row == rows().end() ? "" : row->fallback);
    };
    const auto interval = parse_span(value("timer_interval"));
    const auto treatment = std::ranges::find(kTreatments, value("wildcard_listeners"));
    return {.display_name = value("display_name"),
            .site_name = value("site_name"),
            .hostname = value("hostname"),
            .api_key_header = value("api_key_header"),
            .timer_interval = std::chrono::floor<std::chrono::seconds>(
                interval.value_or(std::chrono::minutes(15))),
            .wildcard_listeners = static_cast<WildcardListeners>(treatment - kTreatments.begin())};
}

}  // namespace bulkhead::worker
