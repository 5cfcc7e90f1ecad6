#include "worker/backend/lunasentri/lunasentri_options.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::worker {

namespace {

using namespace std::chrono_literals;
Result<> check_user_agent(std::string_view text) {
    const auto odd = [](char c) { return c < ' ' || c > '~'; };
    if (text.size() <= 256 && std::ranges::none_of(text, odd)) return {};
    return fail("must be up to 256 printable ASCII characters");
}

constexpr auto kOptions = std::tuple{
    option("system_info_period", &LunasentriOptions::system_info_period,
           {.type = value::duration(1s, 365 * 24h),
            .fallback = "1h",
            .help = "how often the host's description is sent again"}),
    option("max_retries", &LunasentriOptions::max_retries,
           {.type = value::count(0, 1'000),
            .fallback = "3",
            .help = "tries of one report after the first"}),
    option("retry_backoff", &LunasentriOptions::retry_backoff,
           {.type = value::duration(100ms, 1h),
            .fallback = "5s",
            .help = "before the first of them; each later one waits twice as long"}),
    option("user_agent", &LunasentriOptions::user_agent,
           {.help = "sent instead of the agent's own name when set", .check = &check_user_agent}),
};

}  // namespace

std::span<const DialectOption> LunasentriOptions::rows() {
    static constexpr auto kRows = rows_of(kOptions);
    return kRows;
}

std::span<const DialectVariable> LunasentriOptions::variables() {
    static constexpr std::array<DialectVariable, 6> kVariables{{
        {"LUNASENTRI_SERVER_URL", "url", "--server-url"},
        {"LUNASENTRI_API_KEY", "credential", "--api-key"},
        {"LUNASENTRI_INTERVAL", "heartbeat_interval", "--interval", &original::go_duration},
        {"LUNASENTRI_SYSTEM_INFO_PERIOD", "options.system_info_period", "--system-info-period",
         &original::go_duration},
        {"LUNASENTRI_MAX_RETRIES", "options.max_retries", "--max-retries", &original::unless_zero},
        {"LUNASENTRI_RETRY_BACKOFF", "options.retry_backoff", "--retry-backoff",
         &original::go_duration},
    }};
    return kVariables;
}

LunasentriOptions LunasentriOptions::from(const DialectOptions& options) {
    return filled<LunasentriOptions>(kOptions, options);
}

}  // namespace bulkhead::worker
