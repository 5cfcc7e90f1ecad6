#include "worker/backend/ravenxcope/ravenxcope_options.hpp"

#include <algorithm>
#include <array>

#include "common/base/parse.hpp"
#include "worker/backend/dialect/identifiers.hpp"
#include "worker/host/inventory/ip_address.hpp"

namespace bulkhead::worker {

namespace {

Result<> check_optional_name(std::string_view value) {
    if (value.empty()) return {};
    return check_agent_id(value);
}

Result<> check_name(std::string_view value) { return check_agent_id(value); }

Result<> check_port(std::string_view value) {
    const auto port = TRY(parse_number<std::uint16_t>(value));
    if (port == 0) return fail("must be 1..65535");
    return {};
}

Result<> check_path(std::string_view value) {
    const auto odd = [](char c) { return c <= ' ' || c > '~' || c == '?' || c == '#'; };
    if (!value.starts_with('/')) return fail("must begin with /");
    if (std::ranges::any_of(value, odd)) return fail("holds a blank, ?, # or an odd character");
    if (value.find("{id}") == value.npos) {
        return fail("must hold {id}, the place of the sensor's id");
    }
    return {};
}

Result<> check_file(std::string_view value) {
    if (value.empty() || value.starts_with('/')) return {};
    return fail("must be an absolute path, or empty");
}

Result<> check_probe(std::string_view value) {
    if (value.empty() || IpAddress::parse(value)) return {};
    return fail("must be an IP address, or empty");
}

Result<> check_anything(std::string_view) { return {}; }

constexpr std::string_view kVirtual =
    "docker br- veth virbr vmnet vboxnet tun tap wg dummy cni flannel cali lxc lxd vxlan ifb sit "
    "gre ip6tnl";

}  // namespace

std::span<const DialectOption> RavenxcopeOptions::rows() {
    static constexpr std::array<DialectOption, 13> kRows{{
        {"sensor_id", "", "the id the backend gave this sensor; required", &check_optional_name},
        {"agent_version", "2.0.0", "the version that the backend is told", &check_name},
        {"sensor_port", "22", "where the sensor is reached by SSH", &check_port},
        {"sudo_user", "sensoradmin", "who logs in there", &check_name},
        {"hostname", "", "empty: first line of host_hostname_file, else the kernel's name",
         &check_optional_name},
        {"os_info", "", "empty: PRETTY_NAME of host_os_release_file, else this system's",
         &check_optional_name},
        {"config_file", "/etc/ravenxcope/sensor-agent.env",
         "file of the original agent whose SENSOR_TOKEN is taken over when it is there; or empty",
         &check_file},
        {"host_os_release_file", "/host-os-release", "the host's os-release, seen from a container",
         &check_file},
        {"host_hostname_file", "/host-hostname", "the host's name, seen from a container",
         &check_file},
        {"address_probe", "8.8.8.8",
         "the sensor's address is the one on the way there; nothing is sent, and a \"connect\" row "
         "of "
         "the worker's profile has it at port 443",
         &check_probe},
        {"virtual_prefixes", kVirtual, "beginnings of names that make an interface virtual",
         &check_anything},
        {"enroll_path", "/api/sensors/{id}/agent/enroll", "where the sensor enrolls", &check_path},
        {"heartbeat_path", "/api/sensors/{id}/agent/heartbeat", "where heartbeats go", &check_path},
    }};
    return kRows;
}

std::span<const DialectVariable> RavenxcopeOptions::variables() {
    static constexpr std::array<DialectVariable, 9> kVariables{{
        {"BACKEND_URL", "url"},
        {"SENSOR_ID", "options.sensor_id"},
        {"INSTALL_TOKEN", "install_token"},
        {"SENSOR_TOKEN", "credential"},
        {"HEARTBEAT_INTERVAL", "heartbeat_interval", "", &original::seconds},
        {"SENSOR_PORT", "options.sensor_port"},
        {"CONFIG_FILE", "options.config_file"},
        {"HOST_OS_RELEASE_FILE", "options.host_os_release_file"},
        {"HOST_HOSTNAME_FILE", "options.host_hostname_file"},
    }};
    return kVariables;
}

RavenxcopeOptions RavenxcopeOptions::from(const DialectOptions& options) {
    const auto value = [&options](std::string_view name) {
        if (const auto found = options.find(name); found != options.end()) return found->second;
        return std::string(std::ranges::find(rows(), name, &DialectOption::name)->fallback);
    };
    const auto prefixes = value("virtual_prefixes");
    std::vector<std::string> virtual_prefixes;
    for (const auto prefix : words(prefixes)) virtual_prefixes.emplace_back(prefix);
    return {.sensor_id = value("sensor_id"),
            .agent_version = value("agent_version"),
            .sensor_port = parse_number<std::uint16_t>(value("sensor_port")).value_or(0),
            .sudo_user = value("sudo_user"),
            .hostname = value("hostname"),
            .os_info = value("os_info"),
            .address_probe = value("address_probe"),
            .virtual_prefixes = std::move(virtual_prefixes),
            .enroll_path = value("enroll_path"),
            .heartbeat_path = value("heartbeat_path")};
}

}  // namespace bulkhead::worker
