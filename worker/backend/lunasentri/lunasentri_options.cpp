#include "worker/backend/lunasentri/lunasentri_options.hpp"

#include <algorithm>
#include <array>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr unsigned kMostRetries = 1'000;

template <milliseconds::rep least, milliseconds::rep most>
Result<> check_span(std::string_view text) {
    const auto span = TRY(parse_span(text));
    if (span.count() >= least && span.count() <= most) return {};
    return fail("must be " + std::to_string(least) + "ms.." + std::to_string(most / 1000) + "s");
}

Result<> check_retries(std::string_view text) {
    if (TRY(parse_number<unsigned>(text)) <= kMostRetries) return {};
    return fail("must be 0.." + std::to_string(kMostRetries));
}

Result<> check_user_agent(std::string_view text) {
    const auto odd = [](char c) { return c < ' ' || c > '~'; };
    if (text.size() <= 256 && std::ranges::none_of(text, odd)) return {};
    return fail("must be up to 256 printable ASCII characters");
}

}  // namespace

std::span<const DialectOption> LunasentriOptions::rows() {
    static constexpr std::array<DialectOption, 4> kRows{{
        {"system_info_period", "1h", "how often the host's description is sent again",
         &check_span<1'000, 31'536'000'000>},
        {"max_retries", "3", "tries of one report after the first", &check_retries},
        {"retry_backoff", "5s", "before the first of them; each later one waits twice as long",
         &check_span<100, 3'600'000>},
        {"user_agent", "", "sent instead of the agent's own name when set", &check_user_agent},
    }};
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
    const auto value = [&options](std::string_view name) {
        if (const auto found = options.find(name); found != options.end()) return found->second;
        return std::string(std::ranges::find(rows(), name, &DialectOption::name)->fallback);
    };
    const auto span = [&value](std::string_view name) {
        return parse_span(value(name)).value_or(milliseconds(0));
    };
    return {
        .system_info_period = std::chrono::floor<std::chrono::seconds>(span("system_info_period")),
        .max_retries = parse_number<unsigned>(value("max_retries")).value_or(0),
        .retry_backoff = span("retry_backoff"),
        .user_agent = value("user_agent")};
}

}  // namespace bulkhead::worker
