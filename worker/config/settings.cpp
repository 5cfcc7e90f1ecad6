#include "worker/config/settings.hpp"

#include <algorithm>
#include <array>

#include "worker/backend/dialect/identifiers.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/telemetry.hpp"
#include "worker/config/values.hpp"

namespace bulkhead::worker {

namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};

// Of Docker, Podman, LXC, Kubernetes' network plugins, libvirt and Proxmox. Docker's own networks
// are "br-" and twelve digits.
constexpr std::string_view kContainerLinks =
    "veth* docker* br-???????????? podman* cni* flannel* cali* cilium* lxc* vnet* tap*i* fwbr* "
    "fwln* fwpr* nodelocaldns kube-ipvs*";

template <class Member>
Config& owner(const Draft& draft, Member Config::*) {
    return *draft.config;
}
template <class Member>
BackendConfig& owner(const Draft& draft, Member BackendConfig::*) {
    return *draft.backend;
}

// Parses the text into a member of Config or BackendConfig, or into a member of that member.
template <auto First>
Result<> into(const Draft& draft, const ValueType& type, std::string_view text) {
    return parse_into(type, text, owner(draft, First).*First);
}
template <auto First, auto Second>
Result<> into(const Draft& draft, const ValueType& type, std::string_view text) {
    return parse_into(type, text, owner(draft, First).*First.*Second);
}

template <auto First, auto Second, auto Third>
Result<> into(const Draft& draft, const ValueType& type, std::string_view text) {
    return parse_into(type, text, owner(draft, First).*First.*Second.*Third);
}

// Keeps the text unchecked: config.cpp checks it together with the backend's other settings.
template <std::string BackendConfig::*Member>
Result<> unread(const Draft& draft, const ValueType&, std::string_view text) {
    draft.backend->*Member = text;
    return {};
}

}  // namespace

Result<> check_secret(std::string_view text) {
    if (text.find(' ') == text.npos) return check_credential(text);
    return fail("holds a blank, as no secret does; is its quotation mark closed?");
}

namespace {

// Other agents have a flag of the same name that takes levels in capitals.
Result<> log_level(const Draft& draft, const ValueType&, std::string_view text) {
    const auto level = TRY(original::python_level(text));
    draft.config->log_level = TRY(sys::parse_level(*level));
    return {};
}

Result<> proxy(const Draft& draft, const ValueType&, std::string_view text) {
    draft.backend->proxy = TRY(parse_proxy(text));
    return {};
}

// The key with `separator` between its words, after `prefix`.
std::string name_from(std::string_view key, std::string_view prefix, char separator) {
    std::string name(key);
    for (char& c : name) {
        if (c == '.' || c == '_') c = separator;
    }
    return std::string(prefix) + name;
}

}  // namespace

std::string Setting::variable() const {
    if (!has_variable) return "";
    auto name = name_from(key, "BULKHEAD_", '_');
    std::ranges::transform(name, name.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return name;
}

std::string Setting::flag() const { return has_flag ? name_from(key, "--", '-') : ""; }

std::string Setting::values() const { return form.empty() ? in_words(type) : std::string(form); }

Result<> Setting::store(const Draft& draft, std::string_view text) const {
    if (check != nullptr) TRY(check(text));
    return keep(draft, type, text);
}

std::span<const Setting> settings() {
    static const auto kSettings = std::to_array<Setting>({
        {.key = "name",
         .scope = Scope::backend,
         .help = "names this backend's files and log lines; its dialect unless set",
         .form = "a-z, 0-9, -",
         .has_variable = false,
         .has_flag = false,
         .check = &check_backend_name,
         .keep = &into<&BackendConfig::name>},
        {.key = "dialect",
         .scope = Scope::backend,
         .type = value::choice(dialect_names()),
         .help =
             "how the backend speaks; bulkhead unless set or another agent's variables are present",
         .keep = &unread<&BackendConfig::dialect>},
        {.key = "url",
         .scope = Scope::backend,
         .type = value::url(),
         .help = "where the backend is",
         .keep = &unread<&BackendConfig::url>},
        {.key = "allow_plaintext",
         .scope = Scope::every_backend,
         .type = value::boolean(),
         .fallback = "false",
         .help = "http without TLS to other hosts than this one",
         .keep = &into<&BackendConfig::allow_plaintext>},
        {.key = "heartbeat_interval",
         .scope = Scope::every_backend,
         .type = value::duration(1s, 24h),
         .help = "time between heartbeats; the dialect's own unless set, and the backend may ask "
                 "for another",
         .keep = &into<&BackendConfig::heartbeat_interval>},
        {.key = "install_token",
         .scope = Scope::backend,
         .help = "enrolls this host once",
         .has_flag = false,
         .check = &check_secret,
         .keep = &into<&BackendConfig::install_token>},
        {.key = "install_token_file",
         .scope = Scope::backend,
         .type = value::path(),
         .help = "file that holds the install token",
         .keep = &into<&BackendConfig::install_token_file>},
        {.key = "credential",
         .scope = Scope::backend,
         .help = "token or key for a dialect that does not enroll",
         .has_flag = false,
         .check = &check_secret,
         .keep = &into<&BackendConfig::credential>},
        {.key = "credential_file",
         .scope = Scope::backend,
         .type = value::path(),
         .help = "file that holds the credential, read again when it changes; unless set, "
                 "/etc/bulkhead/tls/NAME.credential if it is there",
         .keep = &into<&BackendConfig::credential_file>},
        {.key = "ca_file",
         .scope = Scope::backend,
         .type = value::path(),
         .help = "trust the authorities in this file (PEM) and no others; unless set, those of the "
                 "system, /etc/ssl/certs",
         .keep = &into<&BackendConfig::ca_file>},
        {.key = "pinned_key",
         .scope = Scope::backend,
         .help = "accept this public key of the server only, besides a valid certificate",
         .form = "sha256//<base64>",
         .check = &check_pin,
         .keep = &into<&BackendConfig::pinned_key>},
        {.key = "client_certificate_file",
         .scope = Scope::backend,
         .type = value::path(),
         .help = "show this certificate (PEM) to the backend",
         .keep = &into<&BackendConfig::client_certificate_file>},
        {.key = "client_key_file",
         .scope = Scope::backend,
         .type = value::path(),
         .help = "the private key of that certificate (PEM)",
         .keep = &into<&BackendConfig::client_key_file>},
        {.key = "proxy",
         .scope = Scope::backend,
         .type = value::url(),
         .help = "reach the backend through this proxy; unless set, HTTPS_PROXY and NO_PROXY count "
                 "for https",
         .form = "http://host:port",
         .check = &check_proxy,
         .keep = &proxy},
        {.key = "proxy_credential_file",
         .scope = Scope::backend,
         .type = value::path(),
         .help = "file that holds user:password for the proxy, read again when it changes",
         .keep = &into<&BackendConfig::proxy_credential_file>},
        {.key = "timeout",
         .scope = Scope::backend,
         .type = value::duration(100ms, 10min),
         .fallback = "30s",
         .help = "longest time for one request and its answer",
         .keep = &into<&BackendConfig::timeout>},
        {.key = "connect_timeout",
         .scope = Scope::backend,
         .type = value::duration(100ms, 10min),
         .fallback = "10s",
         .help = "the part of it that connecting may take",
         .keep = &into<&BackendConfig::connect_timeout>},
        {.key = "log_level",
         .scope = Scope::agent,
         .type = value::choice(kLevels),
         .fallback = "info",
         .help = "least important line that is logged",
         .keep = &log_level},
        {.key = "status_socket",
         .scope = Scope::agent,
         .type = value::boolean(),
         .fallback = "true",
         .help = "answer `bulkhead status` on a local socket",
         .keep = &into<&Config::status_socket>},
        {.key = "telemetry.url",
         .scope = Scope::backend,
         .help =
             "publish events on this NATS server, beside what the backend is told; with tls:// one "
             "without TLS is refused",
         .form = "tls://host:port",
         .check = &check_telemetry_url,
         .keep = &into<&BackendConfig::telemetry, &TelemetryConfig::url>},
        {.key = "telemetry.subject",
         .scope = Scope::backend,
         .fallback = "agent.telemetry",
         .help =
             "the subject of events of artifacts; heartbeats add .heartbeat to it, and jobs .job. "
             "{host_id} in it stands for the host",
         .form = "NATS subject",
         .check = &check_telemetry_subject,
         .keep = &into<&BackendConfig::telemetry, &TelemetryConfig::subject>},
        {.key = "telemetry.nkey_seed_file",
         .scope = Scope::backend,
         .type = value::path(),
         .help = "file that holds the seed of a user's nkey (SU...), by which the server knows "
                 "this host; "
                 "read again at each new connection",
         .keep = &into<&BackendConfig::telemetry, &TelemetryConfig::nkey_seed_file>},
        {.key = "telemetry.credentials_file",
         .scope = Scope::backend,
         .type = value::path(),
         .help = "in place of it, a credentials file: a user's JWT and its seed",
         .keep = &into<&BackendConfig::telemetry, &TelemetryConfig::credentials_file>},
        {.key = "telemetry.token_file",
         .scope = Scope::backend,
         .type = value::path(),
         .help = "in place of it, file that holds a token",
         .keep = &into<&BackendConfig::telemetry, &TelemetryConfig::token_file>},
        {.key = "telemetry.user",
         .scope = Scope::backend,
         .help = "in place of it, a user's name",
         .check = &check_telemetry_user,
         .keep = &into<&BackendConfig::telemetry, &TelemetryConfig::user>},
        {.key = "telemetry.password_file",
         .scope = Scope::backend,
         .type = value::path(),
         .help = "file that holds that user's password",
         .keep = &into<&BackendConfig::telemetry, &TelemetryConfig::password_file>},
        {.key = "telemetry.ca_file",
         .scope = Scope::backend,
         .type = value::path(),
         .help =
             "trust the authorities in this file (PEM) and no others for that server; unless set, "
             "those of the system, /etc/ssl/certs",
         .keep = &into<&BackendConfig::telemetry, &TelemetryConfig::ca_file>},
        {.key = "telemetry.interval",
         .scope = Scope::backend,
         .type = value::duration(1s, 24h),
         .fallback = "60s",
         .help = "time between two tellings of what stands: figures of artifacts, heartbeats",
         .keep = &into<&BackendConfig::telemetry, &TelemetryConfig::interval>},
        {.key = "telemetry.heartbeats",
         .scope = Scope::backend,
         .type = value::boolean(),
         .fallback = "false",
         .help = "publish heartbeats too",
         .keep = &into<&BackendConfig::telemetry, &TelemetryConfig::heartbeats>},
        {.key = "telemetry.job_events",
         .scope = Scope::backend,
         .type = value::boolean(),
         .fallback = "false",
         .help = "publish when a job starts, ends or is refused",
         .keep = &into<&BackendConfig::telemetry, &TelemetryConfig::job_events>},
        {.key = "spool.max_bytes",
         .scope = Scope::agent,
         .type = value::bytes(1_MiB, 1024_GiB),
         .fallback = "2GiB",
         .help = "job output kept on disk until the backend has it; when it is full, jobs wait",
         .keep = &into<&Config::spool, &SpoolConfig::max_bytes>},
        {.key = "jobs.max_running",
         .scope = Scope::agent,
         .type = value::count(1, 16),
         .fallback = "4",
         .help = "jobs of one backend that may run at once; more are not fetched. A host runs at "
                 "most 16",
         .keep = &into<&Config::jobs, &JobsConfig::max_running>},
        {.key = "jobs.poll_wait",
         .scope = Scope::agent,
         .type = value::duration(1s, 5min),
         .fallback = "50s",
         .help = "how long a question for the next job waits at a backend that can wait",
         .keep = &into<&Config::jobs, &JobsConfig::poll_wait>},
        {.key = "interfaces.include",
         .scope = Scope::agent,
         .type = value::globs(),
         .help = "network interfaces that heartbeats list; unless set, all that are not excluded",
         .keep = &into<&Config::interfaces, &NameFilter::include>},
        {.key = "interfaces.exclude",
         .scope = Scope::agent,
         .type = value::globs(),
         .fallback = kContainerLinks,
         .help =
             "and those that they leave out: links of containers and virtual machines. Sums over "
             "all interfaces count them all the same",
         .keep = &into<&Config::interfaces, &NameFilter::exclude>},
        {.key = "mounts.include",
         .scope = Scope::agent,
         .type = value::globs(),
         .help = "mount points of file systems that findings judge; unless set, all that are not "
                 "excluded. The figures of / are in heartbeats whatever stands here",
         .keep = &into<&Config::findings, &FindingsConfig::mounts, &NameFilter::include>},
        {.key = "mounts.exclude",
         .scope = Scope::agent,
         .type = value::globs(),
         .fallback = "/var/lib/docker/overlay*/* /var/lib/docker/containers/* "
                     "/var/lib/containers/storage/overlay* /var/lib/kubelet/pods/*",
         .help = "and those that they pass over, as container engines mount them",
         .keep = &into<&Config::findings, &FindingsConfig::mounts, &NameFilter::exclude>},
        {.key = "findings.interval",
         .scope = Scope::agent,
         .type = value::duration(10s, 24h),
         .fallback = "15m",
         .help = "time between scans for findings",
         .keep = &into<&Config::findings, &FindingsConfig::interval>},
        {.key = "findings.tls_paths",
         .scope = Scope::agent,
         .type = value::paths(),
         .help = "certificates whose expiry is watched; unless set, all that the rows "
                 "tls-certificates of policy/reads.policy name, and never any others",
         .keep = &into<&Config::findings, &FindingsConfig::tls_paths>},
        {.key = "findings.tls_warn_days",
         .scope = Scope::agent,
         .type = value::count(1, 3'650),
         .fallback = "30",
         .help = "fewer days left than this are a warning",
         .keep = &into<&Config::findings, &FindingsConfig::tls_warn_days>},
        {.key = "findings.tls_critical_days",
         .scope = Scope::agent,
         .type = value::count(1, 3'650),
         .fallback = "7",
         .help = "fewer than this are critical",
         .keep = &into<&Config::findings, &FindingsConfig::tls_critical_days>},
        {.key = "findings.disk_warn_percent",
         .scope = Scope::agent,
         .type = value::count(1, 100),
         .fallback = "90",
         .help = "a file system with so much of its space or inodes in use is a warning",
         .keep = &into<&Config::findings, &FindingsConfig::disk_warn_percent>},
        {.key = "findings.disk_critical_percent",
         .scope = Scope::agent,
         .type = value::count(1, 100),
         .fallback = "95",
         .help = "with so much it is critical",
         .keep = &into<&Config::findings, &FindingsConfig::disk_critical_percent>},
    });
    return kSettings;
}

namespace {

template <class Name>
const Setting* find_by(std::string_view name, Name of) {
    const auto found = std::ranges::find(settings(), name, of);
    return name.empty() || found == settings().end() ? nullptr : &*found;
}

}  // namespace

const Setting* find_setting(std::string_view key) { return find_by(key, &Setting::key); }
const Setting* find_by_variable(std::string_view variable) {
    return find_by(variable, &Setting::variable);
}
const Setting* find_by_flag(std::string_view flag) { return find_by(flag, &Setting::flag); }

}  // namespace bulkhead::worker
