// The worker's configuration: command line, environment, file and defaults become one checked
// value.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/base/secret.hpp"
#include "common/sys/log.hpp"
#include "worker/backend/dialect/messages.hpp"
#include "worker/backend/dialect/option.hpp"
#include "worker/backend/http/http_client.hpp"
#include "worker/backend/nats/nats_login.hpp"
#include "worker/host/scanners/settings.hpp"

namespace bulkhead::worker {

// The contents of the files that settings of telemetry name.
struct TelemetryFiles {
    std::string ca_pem;
    NatsLogin login;
};

// What is published on a NATS server, beside what the backend is told.
struct TelemetryConfig {
    std::string url;  // as parse_telemetry_url() accepts it; empty: nothing is published
    std::string subject;
    std::string user;  // at most one of the four ways to log in
    std::string password_file;
    std::string token_file;
    std::string nkey_seed_file;
    std::string credentials_file;
    std::string ca_file;
    std::chrono::seconds interval{60};
    bool heartbeats = false;
    bool job_events = false;

    // load_files() fills these.
    TelemetryFiles files;
    std::string trouble;  // why a file cannot be used; nothing is published until it can
};

struct BackendConfig {
    std::string name;  // [a-z0-9][a-z0-9-]*, unique: it names this backend's files and log lines
    std::string dialect;
    std::string url;
    bool allow_plaintext = false;
    std::chrono::seconds heartbeat_interval{60};
    std::chrono::milliseconds timeout{};
    std::chrono::milliseconds connect_timeout{};

    std::string ca_file;
    std::string pinned_key;
    std::string client_certificate_file;
    std::string client_key_file;
    Proxy proxy;  // of the setting, or of the environment
    std::string proxy_credential_file;

    Secret install_token;
    std::string install_token_file;
    Secret credential;
    std::string credential_file;
    // True for the default path and for dialects that enroll: the file may not exist yet.
    bool credential_file_optional = false;
    // Where the two were found, for messages that say what to replace: "agent.yaml:4:
    // credential".
    std::string install_token_origin;
    std::string credential_origin;

    DialectOptions options;
    TelemetryConfig telemetry;

    // load_files() fills these, in the worker of this backend.
    // Not empty: why nothing is sent to this backend, as policy keeps from us what it takes.
    std::string shut;
    std::string ca_pem;
    std::string client_certificate_pem;
    Secret client_key_pem;
    OriginalIdentity original;          // of the agent that this one replaces
    std::string original_trouble;       // why a file of it could not be read
    std::string install_token_missing;  // why the file gave no token; fatal only without credential
    bool install_token_unusable = false;  // it is there
};

struct SpoolConfig {
    std::uint64_t max_bytes = 0;
};

struct JobsConfig {
    std::uint32_t max_running = 0;
    std::chrono::seconds poll_wait{};
};

struct Config {
    sys::Level log_level = sys::Level::info;
    bool status_socket = true;
    SpoolConfig spool;
    JobsConfig jobs;
    FindingsConfig findings;
    NameFilter interfaces;                // which a heartbeat lists
    std::vector<BackendConfig> backends;  // at least one; in a worker its own alone
    std::vector<std::string> remarks;     // for the log: what was given and has no effect
};

inline constexpr std::size_t kMaxBackends = 16;  // each has a process of its own

// The name of the file in messages.
inline constexpr std::string_view kConfigFile = "agent.yaml";

struct ConfigSources {
    std::string file_name;               // for messages
    std::optional<std::string> file;     // none: it does not exist, or `file_name` is empty
    std::vector<std::string> arguments;  // without the program's name
    std::map<std::string, std::string> environment;
};

// Pure. Everything wrong is reported at once, one line each: "agent.yaml:7: spol: unknown key; did
// you mean spool?".
Result<Config> parse_config(const ConfigSources& sources);

// What counts of each setting, and where it stands.
struct EffectiveSetting {
    std::string backend;  // its name; empty: a setting of the agent
    std::string key;      // "url", "spool.max_bytes", "options.NAME"
    std::string value;    // as it was written; secrets are "(hidden)", in URLs too
    std::string source;   // "agent.yaml:7", "BULKHEAD_URL", "--url", "default"
};
// `config` is what parse_config() made of the same sources.
std::vector<EffectiveSetting> effective_settings(const ConfigSources& sources,
                                                 const Config& config);

// The URL of each server that a backend asks, by the key: "url", and options that name servers.
std::map<std::string, std::string> server_urls(const BackendConfig& backend);

HttpSettings http_settings(const BackendConfig& backend, std::string_view agent_version);

// The settings for --help, one per paragraph: flag, environment variable, default, meaning.
std::string describe_flags();
// Every key of agent.yaml, one per paragraph: values, where it may stand, meaning, default, and the
// variable and flag that give it too.
std::string describe_keys();
// The same table as a Markdown page: every key, where it may stand, and its values.
std::string describe_settings();
// The same as a JSON Schema of agent.yaml (draft 2020-12), for editors.
std::string describe_schema();

}  // namespace bulkhead::worker
