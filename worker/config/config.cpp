#include "worker/config/config.hpp"

#include <algorithm>
#include <set>

#include "common/base/text.hpp"
#include "worker/backend/http/url.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/environment_proxy.hpp"
#include "worker/config/settings.hpp"
#include "worker/config/sources.hpp"
#include "worker/config/telemetry.hpp"

namespace bulkhead::worker {

namespace {

// A backend's credential is looked for here when no setting names its file.
constexpr std::string_view kCredentials = "/etc/bulkhead/tls/";
constexpr std::string_view kOptionPrefix = "options.";

class Builder {
  public:
    Builder(Gathered gathered, EnvironmentProxy environment)
        : gathered_(std::move(gathered)),
          environment_(std::move(environment)),
          problems_(std::move(gathered_.problems)) {}

    Result<Config> build() {
        if (!gathered_.unreadable.empty()) return fail(gathered_.unreadable);
        store_agent();
        config_.backends.resize(gathered_.backends);
        for (std::size_t i = 0; i < config_.backends.size(); ++i) store_backend(i);
        check_names();
        config_.remarks = std::move(gathered_.remarks);
        if (problems_.empty()) return std::move(config_);
        std::string all;
        for (const auto& problem : problems_) all += (all.empty() ? "" : "\n") + problem;
        return fail(all);
    }

  private:
    void complain(std::string text) { problems_.push_back(std::move(text)); }

    // A value that a stronger source overrides is checked as well: without that source it would
    // count.
    void store(const Setting& setting, const Draft& draft, std::size_t backend) {
        if (!setting.fallback.empty()) {
            // Cannot fail: a test stores each default.
            static_cast<void>(setting.store(draft, setting.fallback));
        }
        for (const auto& assignment : gathered_.assignments) {
            if (assignment.key != setting.key) continue;
            if (assignment.backend.value_or(backend) != backend) continue;
            const auto stored = setting.store(draft, assignment.text);
            if (!stored) complain_once(assignment.origin + ": " + stored.error().what);
        }
    }

    // A wrong value that counts for all backends is found once for each of them.
    void complain_once(std::string text) {
        if (std::ranges::find(problems_, text) == problems_.end()) complain(std::move(text));
    }

    void store_agent() {
        for (const auto& setting : settings()) {
            if (setting.scope == Scope::agent) store(setting, {.config = &config_}, 0);
        }
    }

    void store_backend(std::size_t index) {
        auto& backend = config_.backends[index];
        const auto* const chosen = gathered_.last("dialect", index);
        const std::string name = chosen == nullptr ? "bulkhead" : chosen->text;
        const auto* const dialect = find_dialect(name);
        if (dialect == nullptr) {
            const std::vector names(dialect_names().begin(), dialect_names().end());
            return complain(chosen->origin + ": unknown dialect " + quoted(name, 64) +
                            suggestion(name, names));
        }
        // The dialect's defaults are set first; assignments override them.
        backend.name = backend.dialect = dialect->name;
        backend.url = dialect->default_url;
        backend.heartbeat_interval = dialect->make({})->traits().heartbeat_interval;
        for (const auto& setting : settings()) {
            if (setting.scope != Scope::agent) {
                store(setting, {.config = &config_, .backend = &backend}, index);
            }
        }
        backend.install_token_origin = origin_of("install_token", index);
        backend.credential_origin = origin_of("credential", index);
        store_options(*dialect, backend, index);
        check_url(backend, index);
        for (const auto& problem : telemetry_problems(backend.telemetry, backend.allow_plaintext)) {
            complain(where(backend) + problem);
        }
        add_proxy(backend, index);
        check_credentials(*dialect, backend);
        look_for_credential(*dialect, backend);
        if (backend.client_certificate_file.empty() != backend.client_key_file.empty()) {
            complain(where(backend) + "client_certificate_file and client_key_file go together");
        }
    }

    std::string origin_of(std::string_view key, std::size_t index) const {
        const auto* const given = gathered_.last(key, index);
        return given == nullptr ? "" : given->origin;
    }

    std::string where(const BackendConfig& backend) const {
        return "backend " + backend.name + ": ";
    }

    void store_options(const DialectRow& dialect, BackendConfig& backend, std::size_t index) {
        std::vector<std::string_view> names;
        for (const auto& option : dialect.options) {
            names.push_back(option.name);
            backend.options[std::string(option.name)] = option.fallback;
        }
        for (const auto& assignment : gathered_.assignments) {
            if (!assignment.key.starts_with(kOptionPrefix)) continue;
            if (assignment.backend.value_or(index) != index) continue;
            const auto name = assignment.key.substr(kOptionPrefix.size());
            const auto option = std::ranges::find(dialect.options, name, &DialectOption::name);
            if (option == dialect.options.end()) {
                complain(assignment.origin + ": the dialect " + std::string(dialect.name) +
                         " has no such option" + suggestion(name, names));
                continue;
            }
            const auto checked = option->accepts(assignment.text);
            if (!checked) complain(assignment.origin + ": " + checked.error().what);
            backend.options[name] = assignment.text;
        }
        const auto checked = dialect.check ? dialect.check(backend.options) : Result<>();
        if (!checked) complain(where(backend) + checked.error().what);
    }

    void check_url(BackendConfig& backend, std::size_t index) {
        if (backend.url.empty()) {
            const auto& silent = gathered_.silent;
            return complain((silent.empty() ? "" : silent + ". ") + where(backend) +
                            "url is missing; set it in the file, with BULKHEAD_URL or --url");
        }
        for (const auto& [key, text] : server_urls(backend)) {
            auto url = parse_backend_url(text, backend.allow_plaintext);
            if (url && url->scheme == "http" && backend.url.starts_with("https://")) {
                url = fail("plain http beside a url with https");
            }
            if (!url) complain_once(found_at(key, backend, index) + url.error().what);
            if (url && key == "url") backend.url = url->text();
        }
    }

    void add_proxy(BackendConfig& backend, std::size_t index) {
        const bool own = !backend.proxy.url.empty();
        for (const auto& remark : environment_.remarks(backend)) {
            if (std::ranges::find(gathered_.remarks, remark) == gathered_.remarks.end()) {
                gathered_.remarks.push_back(remark);
            }
        }
        if (!environment_.problem.empty()) complain_once(environment_.problem);
        if (!own) backend.proxy = environment_.proxy;
        if (backend.proxy_credential_file.empty()) return;
        const auto at = found_at("proxy_credential_file", backend, index);
        if (backend.proxy.url.empty()) {
            complain_once(at +
                          "there is no proxy to use it at; set proxy, or HTTPS_PROXY in the "
                          "environment");
        } else if (!backend.proxy.login.empty()) {
            complain_once(at + environment_.variable +
                          " has a user and a password too; take them "
                          "out of it");
        }
    }

    std::string found_at(std::string_view key, const BackendConfig& backend, std::size_t index) {
        const auto* const given = gathered_.last(key, index);
        return given == nullptr ? where(backend) : given->origin + ": ";
    }

    void check_credentials(const DialectRow& dialect, const BackendConfig& backend) {
        const bool token = !backend.install_token.empty();
        const bool token_file = !backend.install_token_file.empty();
        const bool credential = !backend.credential.empty();
        const bool credential_file = !backend.credential_file.empty();
        if (token && token_file) {
            complain(where(backend) + "give either install_token or install_token_file");
        }
        if (credential && credential_file) {
            complain(where(backend) + "give either credential or credential_file");
        }
        if ((token || token_file) && !dialect.enrolls) {
            complain(where(backend) + "the dialect " + backend.dialect +
                     " does not enroll; give it a credential instead of an install token");
        }
        if ((credential || credential_file) && dialect.enrolls && !dialect.takes_credential) {
            complain(where(backend) + "the dialect " + backend.dialect +
                     " enrolls; give it an install token instead of a credential");
        }
    }

    static void look_for_credential(const DialectRow& dialect, BackendConfig& backend) {
        const bool takes = dialect.enrolls ? dialect.takes_credential
                                           : dialect.make({})->traits().wants_credential;
        const bool given = !backend.credential.empty() || !backend.credential_file.empty();
        backend.credential_file_optional = dialect.enrolls || !given;
        if (given || !takes) return;
        backend.credential_file = std::string(kCredentials) + backend.name + ".credential";
    }

    // The state directory and the log name a backend by its name, so it must be unique.
    void check_names() {
        std::set<std::string_view> seen;
        for (const auto& backend : config_.backends) {
            if (backend.name.empty() || seen.insert(backend.name).second) continue;
            complain(where(backend) + "two backends have this name; give each its own");
        }
    }

    Gathered gathered_;
    EnvironmentProxy environment_;
    std::vector<std::string> problems_;
    Config config_;
};

// Whether a value of this setting, or of this option of any dialect, is a path.
bool names_file(std::string_view key) {
    constexpr auto kPath = ValueType::Kind::path;
    const auto* const setting = find_setting(key);
    if (setting != nullptr) return setting->type.kind == kPath;
    return std::ranges::any_of(dialects(), [key](const DialectRow& dialect) {
        return std::ranges::any_of(dialect.options, [key](const DialectOption& option) {
            return option.type.kind == kPath &&
                   key == std::string(kOptionPrefix) + std::string(option.name);
        });
    });
}

// The service manager hands a unit's credentials over in a directory that it makes for each start
// (systemd.exec(5), LoadCredential=).
void expand_credentials_directory(Gathered& all,
                                  const std::map<std::string, std::string>& environment) {
    const auto directory = environment.find("CREDENTIALS_DIRECTORY");
    for (auto& assignment : all.assignments) {
        if (!names_file(assignment.key)) continue;
        for (const std::string_view word :
             {"$CREDENTIALS_DIRECTORY/", "${CREDENTIALS_DIRECTORY}/"}) {
            if (!assignment.text.starts_with(word)) continue;
            if (directory == environment.end()) {
                all.problems.push_back(assignment.origin +
                                       ": $CREDENTIALS_DIRECTORY is not set; give the unit a line "
                                       "LoadCredential= or SetCredentialEncrypted=");
                assignment.text = "/";
            } else {
                assignment.text.replace(0, word.size() - 1, directory->second);
            }
        }
    }
}

}  // namespace

namespace {

Gathered gather_all(const ConfigSources& sources) {
    auto all = gather(sources);
    expand_credentials_directory(all, sources.environment);
    return all;
}

constexpr std::string_view kHidden = "(hidden)";

// What may be shown of a value: not a secret, nor a user and password within a URL.
std::string shown_value(std::string_view key, std::string_view text) {
    if (key == "install_token" || key == "credential") return std::string(kHidden);
    const auto scheme = text.find("://");
    const auto begin = scheme == text.npos ? 0 : scheme + 3;
    const auto host = text.substr(begin, text.find_first_of("/?#", begin) - begin);
    const bool is_url = scheme != text.npos || key == "proxy" || key == "url";
    const auto at = is_url ? text.rfind('@') : text.npos;
    if (at == text.npos || at < begin || host.empty()) return std::string(text);
    return std::string(text.substr(0, begin)) + std::string(kHidden) + std::string(text.substr(at));
}

// The variable that gave a proxy, as an origin.
EffectiveSetting effective_proxy(const BackendConfig& backend, const EnvironmentProxy& found) {
    return {backend.name, "proxy", backend.proxy.url, found.variable};
}

}  // namespace

std::vector<EffectiveSetting> effective_settings(const ConfigSources& sources,
                                                 const Config& config) {
    const auto all = gather_all(sources);
    const auto found = read_environment_proxy(sources.environment);
    std::vector<EffectiveSetting> list;
    const auto add = [&](const std::string& backend, std::size_t index, std::string_view key,
                         std::string_view fallback) {
        const auto* const given = all.last(key, index);
        const auto text = given == nullptr ? std::string(fallback) : given->text;
        auto source = given == nullptr ? std::string("default") : given->origin;
        // "agent.yaml:7: url" of a file; the key is told beside it.
        const auto end = source.find(": ");
        if (end != source.npos) source.resize(end);
        list.push_back({backend, std::string(key), shown_value(key, text), std::move(source)});
    };
    for (const auto& setting : settings()) {
        if (setting.scope == Scope::agent) add("", 0, setting.key, setting.fallback);
    }
    for (std::size_t i = 0; i < config.backends.size(); ++i) {
        const auto& backend = config.backends[i];
        const auto* const dialect = find_dialect(backend.dialect);
        for (const auto& setting : settings()) {
            if (setting.scope == Scope::agent) continue;
            auto fallback = std::string(setting.fallback);
            if (setting.key == "name") fallback = backend.name;
            if (setting.key == "dialect") fallback = backend.dialect;
            if (setting.key == "url") fallback = backend.url;
            if (setting.key == "credential_file") fallback = backend.credential_file;
            if (setting.key == "heartbeat_interval") {
                fallback = std::to_string(backend.heartbeat_interval.count()) + "s";
            }
            const bool by_variable = setting.key == "proxy" && !backend.proxy.url.empty() &&
                                     all.last("proxy", i) == nullptr;
            if (by_variable) list.push_back(effective_proxy(backend, found));
            if (!by_variable) add(backend.name, i, setting.key, fallback);
        }
        for (const auto& option : dialect->options) {
            add(backend.name, i, std::string(kOptionPrefix) + std::string(option.name),
                option.fallback);
        }
    }
    return list;
}

Result<Config> parse_config(const ConfigSources& sources) {
    auto all = gather_all(sources);
    return Builder(std::move(all), read_environment_proxy(sources.environment)).build();
}

std::map<std::string, std::string> server_urls(const BackendConfig& backend) {
    std::map<std::string, std::string> urls{{"url", backend.url}};
    const auto* const dialect = find_dialect(backend.dialect);
    if (dialect == nullptr) return urls;
    for (const auto& option : dialect->options) {
        const auto value = text_of(option, backend.options);
        if (option.names_server && !value.empty()) {
            urls[std::string(kOptionPrefix) + std::string(option.name)] = value;
        }
    }
    return urls;
}

HttpSettings http_settings(const BackendConfig& backend, std::string_view agent_version) {
    return {.base_url = backend.url,
            .user_agent = "bulkhead/" + std::string(agent_version),
            .allow_plaintext = backend.allow_plaintext,
            .ca_pem = backend.ca_pem,
            .pinned_key = backend.pinned_key,
            .client_certificate_pem = backend.client_certificate_pem,
            .client_key_pem = backend.client_key_pem,
            .proxy = backend.proxy,
            .timeout = backend.timeout,
            .connect_timeout = backend.connect_timeout};
}

}  // namespace bulkhead::worker
