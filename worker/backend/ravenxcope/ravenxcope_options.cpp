#include "worker/backend/ravenxcope/ravenxcope_options.hpp"

#include <algorithm>
#include <array>

#include "worker/backend/dialect/identifiers.hpp"
#include "worker/host/inventory/ip_address.hpp"

namespace bulkhead::worker {

namespace {

Result<> check_optional_name(std::string_view value) {
    if (value.empty()) return {};
    return check_agent_id(value);
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

Result<> check_probe(std::string_view value) {
    if (value.empty() || IpAddress::parse(value)) return {};
    return fail("must be an IP address, or empty");
}

constexpr std::string_view kVirtual =
    "docker br- veth virbr vmnet vboxnet tun tap wg dummy cni flannel cali lxc lxd vxlan ifb sit "
    "gre ip6tnl";

constexpr auto kFile = value::or_empty(value::path());

constexpr auto kOptions = std::tuple{
    option(
        "sensor_id", &RavenxcopeOptions::sensor_id,
        {.help = "the id the backend gave this sensor; required", .check = &check_optional_name}),
    option("agent_version", &RavenxcopeOptions::agent_version,
           {.fallback = "2.0.0",
            .help = "the version that the backend is told",
            .check = &check_agent_id}),
    option("sensor_port", &RavenxcopeOptions::sensor_port,
           {.type = value::count(1, 65'535),
            .fallback = "22",
            .help = "where the sensor is reached by SSH"}),
    option("sudo_user", &RavenxcopeOptions::sudo_user,
           {.fallback = "sensoradmin", .help = "who logs in there", .check = &check_agent_id}),
    option("hostname", &RavenxcopeOptions::hostname,
           {.help = "empty: first line of host_hostname_file, else the kernel's name",
            .check = &check_optional_name}),
    option("os_info", &RavenxcopeOptions::os_info,
           {.help = "empty: PRETTY_NAME of host_os_release_file, else this system's",
            .check = &check_optional_name}),
    option("config_file",
           {.type = kFile,
            .fallback = "/etc/ravenxcope/sensor-agent.env",
            .help = "file of the original agent whose SENSOR_TOKEN is taken over when it is there; "
                    "or empty"}),
    option("host_os_release_file", {.type = kFile,
                                    .fallback = "/host-os-release",
                                    .help = "the host's os-release, seen from a container"}),
    option("host_hostname_file", {.type = kFile,
                                  .fallback = "/host-hostname",
                                  .help = "the host's name, seen from a container"}),
    option("address_probe", &RavenxcopeOptions::address_probe,
           {.fallback = "8.8.8.8",
            .help = "the sensor's address is the one on the way there; nothing is sent, and a "
                    "\"connect\" row of the worker's profile has it at port 443",
            .check = &check_probe}),
    option("virtual_prefixes", &RavenxcopeOptions::virtual_prefixes,
           {.type = value::words(),
            .fallback = kVirtual,
            .help = "beginnings of names that make an interface virtual"}),
    option("enroll_path", &RavenxcopeOptions::enroll_path,
           {.fallback = "/api/sensors/{id}/agent/enroll",
            .help = "where the sensor enrolls",
            .check = &check_path}),
    option("heartbeat_path", &RavenxcopeOptions::heartbeat_path,
           {.fallback = "/api/sensors/{id}/agent/heartbeat",
            .help = "where heartbeats go",
            .check = &check_path}),
};

}  // namespace

std::span<const DialectOption> RavenxcopeOptions::rows() {
    static constexpr auto kRows = rows_of(kOptions);
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
    return filled<RavenxcopeOptions>(kOptions, options);
}

}  // namespace bulkhead::worker
