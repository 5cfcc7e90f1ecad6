#include "worker/backend/ravenxcope/ravenxcope_files.hpp"

#include <optional>

#include "common/base/parse.hpp"
#include "worker/backend/dialect/identifiers.hpp"
#include "worker/host/system/os_release.hpp"

namespace bulkhead::worker {

namespace {

std::string pretty_name(std::string_view os_release) {
    return os_release.empty() ? "" : parse_os_release(os_release).pretty_name;
}

// `value` without quotes around it; nothing where systemd, shells and others differ.
std::optional<std::string_view> plain_value(std::string_view value) {
    if (value.find('\\') != value.npos) return std::nullopt;
    const char quote = value.empty() ? '\0' : value.front();
    if (quote != '"' && quote != '\'') return value;
    const bool whole = value.size() >= 2 && value.find(quote, 1) == value.size() - 1;
    if (!whole) return std::nullopt;
    return value.substr(1, value.size() - 2);
}

}  // namespace

Result<std::string> env_value(std::string_view text, std::string_view key) {
    std::string found;
    std::size_t number = 0;
    for (const auto raw : split(text, '\n')) {
        ++number;
        auto line = trimmed(raw);
        if (line.ends_with('\r')) line = trimmed(line.substr(0, line.size() - 1));
        if (line.starts_with("export ")) line = trimmed(line.substr(7));
        const auto equals = line.find('=');
        if (equals == line.npos || trimmed(line.substr(0, equals)) != key) continue;
        const auto value = plain_value(trimmed(line.substr(equals + 1)));
        if (equals != key.size() || !value) {
            return fail("line " + std::to_string(number) +
                        ": not every program reads this value alike; write it without blanks "
                        "round the =, without backslashes, and with quotes around all of it or "
                        "none");
        }
        found = *value;
    }
    return found;
}

Result<> check_ravenxcope_options(const DialectOptions& options) {
    const auto id = options.find("sensor_id");
    if (id != options.end() && !id->second.empty()) return {};
    return fail("options.sensor_id is missing; set it in the file or with SENSOR_ID");
}

Result<std::string> load_ravenxcope_files(
    DialectOptions& options,
    const std::function<Result<std::string>(std::string_view option, bool secret)>& read,
    Secret& credential) {
    auto kept = read("config_file", true);
    if (!kept && !credential.empty()) kept = "";
    if (!kept) {
        return fail("config_file: " + kept.error().what +
                    "; or set config_file to \"\" and give the sensor token as credential");
    }
    std::string origin;
    Secret token(
        TRY(within(options["config_file"] + ": SENSOR_TOKEN", env_value(*kept, "SENSOR_TOKEN"))));
    if (!token.empty()) {
        TRY(within(options["config_file"] + ": SENSOR_TOKEN", check_credential(token.reveal())));
        credential = std::move(token);
        origin = options["config_file"] + ", SENSOR_TOKEN";
    }
    auto& hostname = options["hostname"];
    if (hostname.empty()) {
        const auto text = TRY(read("host_hostname_file", false));
        hostname = trimmed(std::string_view(text).substr(0, text.find('\n')));
        if (!hostname.empty()) TRY(within("host_hostname_file", check_agent_id(hostname)));
    }
    auto& os_info = options["os_info"];
    if (os_info.empty()) os_info = pretty_name(TRY(read("host_os_release_file", false)));
    return origin;
}

}  // namespace bulkhead::worker
