#include "worker/config/sealed_settings.hpp"

#include <concepts>
#include <limits>

#include "common/base/text.hpp"
#include "common/protocol/requests.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxText = protocol::kMaxSettings;
constexpr std::size_t kMaxItems = 1'000;

// Every setting that a worker uses, in both directions: a member that is not listed here does not
// reach it.
template <class Walk, class Shared, class Backend>
void walk(Walk& each, Shared& shared, Backend& backend) {
    each("log_level", shared.log_level);
    each("status_socket", shared.status_socket);
    each("spool.max_bytes", shared.spool.max_bytes);
    each("jobs.max_running", shared.jobs.max_running);
    each("jobs.poll_wait", shared.jobs.poll_wait);
    each("findings.interval", shared.findings.interval);
    each("findings.tls_paths", shared.findings.tls_paths);
    each("findings.tls_warn_days", shared.findings.tls_warn_days);
    each("findings.tls_critical_days", shared.findings.tls_critical_days);
    each("findings.disk_warn_percent", shared.findings.disk_warn_percent);
    each("findings.disk_critical_percent", shared.findings.disk_critical_percent);
    each("interfaces.include", shared.interfaces.include);
    each("interfaces.exclude", shared.interfaces.exclude);
    each("mounts.include", shared.findings.mounts.include);
    each("mounts.exclude", shared.findings.mounts.exclude);
    each("name", backend.name);
    each("dialect", backend.dialect);
    each("url", backend.url);
    each("allow_plaintext", backend.allow_plaintext);
    each("heartbeat_interval", backend.heartbeat_interval);
    each("timeout", backend.timeout);
    each("connect_timeout", backend.connect_timeout);
    each("ca_file", backend.ca_file);
    each("pinned_key", backend.pinned_key);
    each("client_certificate_file", backend.client_certificate_file);
    each("client_key_file", backend.client_key_file);
    each("proxy", backend.proxy.url);
    each("proxy.login", backend.proxy.login);
    each("proxy.https_only", backend.proxy.https_only);
    each("proxy.exceptions", backend.proxy.exceptions);
    each("proxy_credential_file", backend.proxy_credential_file);
    each("install_token", backend.install_token);
    each("install_token_file", backend.install_token_file);
    each("credential", backend.credential);
    each("credential_file", backend.credential_file);
    each("credential_file_optional", backend.credential_file_optional);
    each("install_token_origin", backend.install_token_origin);
    each("credential_origin", backend.credential_origin);
    each("options", backend.options);
    each("telemetry.url", backend.telemetry.url);
    each("telemetry.subject", backend.telemetry.subject);
    each("telemetry.user", backend.telemetry.user);
    each("telemetry.password_file", backend.telemetry.password_file);
    each("telemetry.token_file", backend.telemetry.token_file);
    each("telemetry.nkey_seed_file", backend.telemetry.nkey_seed_file);
    each("telemetry.credentials_file", backend.telemetry.credentials_file);
    each("telemetry.ca_file", backend.telemetry.ca_file);
    each("telemetry.interval", backend.telemetry.interval);
    each("telemetry.heartbeats", backend.telemetry.heartbeats);
    each("telemetry.job_events", backend.telemetry.job_events);
}

class Writer {
  public:
    Writer() { json_.begin_object(); }

    void operator()(std::string_view name, const std::string& text) {
        // JsonWriter would put U+FFFD for the wrong bytes, and so change the value.
        if (!is_utf8(text)) problem_ = std::string(name) + ": not UTF-8";
        json_.put(name, std::string_view(text));
    }
    void operator()(std::string_view name, const Secret& secret) { (*this)(name, secret.reveal()); }
    void operator()(std::string_view name, const std::vector<std::string>& list) {
        json_.begin_array(name);
        for (const auto& item : list) json_.add(std::string_view(item));
        json_.end();
    }
    void operator()(std::string_view name, const DialectOptions& options) {
        json_.begin_object(name);
        for (const auto& [key, value] : options) (*this)(key, value);
        json_.end();
    }
    void operator()(std::string_view name, sys::Level level) {
        json_.put(name, static_cast<int>(level));
    }
    template <class Period>
    void operator()(std::string_view name, std::chrono::duration<std::int64_t, Period> span) {
        json_.put(name, span.count());
    }
    template <std::integral T>
    void operator()(std::string_view name, T value) {
        json_.put(name, value);
    }

    Result<Secret> finish() && {
        if (!problem_.empty()) return fail(problem_);
        json_.end();
        return Secret(std::move(json_).take());
    }

  private:
    JsonWriter json_;
    std::string problem_;
};

class Reader {
  public:
    explicit Reader(const JsonValue& from) : from_(from) {}

    template <class T>
    void operator()(std::string_view name, T& into) {
        ++members_;
        if (!result_) return;
        const auto value = from_.member(name);
        result_ = value ? take(*value, into) : Result<>(std::unexpected(value.error()));
    }
    Result<> finish() const {
        TRY(result_);
        if (TRY(from_.members(kMaxItems)).size() != members_) return fail("an unknown member");
        return {};
    }

  private:
    static Result<> take(const JsonValue& value, std::string& into) {
        into = TRY(value.text(kMaxText));
        return {};
    }
    static Result<> take(const JsonValue& value, Secret& into) {
        into = Secret(TRY(value.text(kMaxText)));
        return {};
    }
    static Result<> take(const JsonValue& value, bool& into) {
        into = TRY(value.truth());
        return {};
    }
    static Result<> take(const JsonValue& value, std::vector<std::string>& into) {
        for (const auto& item : TRY(value.items(kMaxItems))) {
            into.push_back(TRY(item.text(kMaxText)));
        }
        return {};
    }
    static Result<> take(const JsonValue& value, DialectOptions& into) {
        for (const auto& [key, item] : TRY(value.members(kMaxItems))) {
            into[key] = TRY(item.text(kMaxText));
        }
        return {};
    }
    static Result<> take(const JsonValue& value, sys::Level& into) {
        into = static_cast<sys::Level>(TRY(value.integer(0, static_cast<int>(sys::Level::error))));
        return {};
    }
    template <class Period>
    static Result<> take(const JsonValue& value,
                         std::chrono::duration<std::int64_t, Period>& into) {
        std::int64_t count = 0;
        TRY(take(value, count));
        into = std::chrono::duration<std::int64_t, Period>(count);
        return {};
    }
    template <std::integral T>
    static Result<> take(const JsonValue& value, T& into) {
        constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
        constexpr auto kOwn = std::numeric_limits<T>::max();
        constexpr auto kLess =
            std::in_range<std::int64_t>(kOwn) ? static_cast<std::int64_t>(kOwn) : kMost;
        into = static_cast<T>(TRY(value.integer(0, kLess)));
        return {};
    }

    const JsonValue& from_;
    std::size_t members_ = 0;
    Result<> result_;
};

// A dialect turns options into its members and reports no error, so a value that it cannot parse
// must not get that far.
Result<> check_options(const BackendConfig& backend) {
    const auto* const dialect = find_dialect(backend.dialect);
    if (dialect == nullptr) return fail("unknown dialect " + quoted(backend.dialect, 64));
    for (const auto& option : dialect->options) {
        const auto given = backend.options.find(option.name);
        if (given == backend.options.end()) continue;
        TRY(within("option " + std::string(option.name), option.accepts(given->second)));
    }
    return {};
}

}  // namespace

Result<sys::Fd> seal_settings(const Config& config, const BackendConfig& backend) {
    Writer writer;
    walk(writer, config, backend);
    const auto text = TRY(within("backend " + backend.name, std::move(writer).finish()));
    if (text.reveal().size() > protocol::kMaxSettings) {
        return fail("backend " + backend.name + ": its settings are more than 64 KiB");
    }
    return sys::sealed_memfd("settings", as_bytes(text.reveal()));
}

Result<Config> read_settings(const sys::Fd& sealed) {
    TRY(within("settings", sys::require_sealed(sealed, protocol::kMaxSettings)));
    const Secret text(
        TRY(within("settings", sys::read_from_start(sealed, protocol::kMaxSettings))));
    const auto json = TRY(within("settings", JsonValue::parse(text.reveal())));
    Config config;
    Reader reader(json);
    walk(reader, config, config.backends.emplace_back());
    TRY(within("settings", reader.finish()));
    TRY(within("settings", check_options(config.backends.front())));
    return config;
}

}  // namespace bulkhead::worker
