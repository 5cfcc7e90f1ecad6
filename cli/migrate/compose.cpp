#include "cli/migrate/compose.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <ranges>

#include "cli/base/command.hpp"
#include "cli/migrate/aegisflux.hpp"
#include "common/base/parse.hpp"
#include "common/policy/connect.hpp"
#include "common/policy/pattern.hpp"
#include "common/sys/log.hpp"
#include "worker/backend/http/url.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/settings.hpp"

namespace bulkhead::cli::migration {

namespace {

constexpr std::string_view kOptions = "options.";
constexpr std::string_view kOriginalState = "options.original_state";
constexpr std::string_view kHostId = "options.host_id";
// Variables that only AegisFlux' local-agent reads, whose defaults are others.
constexpr std::array<std::string_view, 6> kLocalAgents{
    "AGENT_POLL_INTERVAL_SEC", "AGENT_NATS_URL",  "AGENT_VAULT_URL",
    "AGENT_CACHE_DIR",         "AGENT_HTTP_PORT", "AGENT_TELEMETRY_SUBJECT"};
// Variables of AegisFlux' agents that become settings of ours only here: one of them may hold a
// login, and the environment of a service is no place for one.
constexpr std::array<std::string_view, 3> kTakenApart{"NATS_URL", "AGENT_NATS_URL",
                                                      "AGENT_TELEMETRY_SUBJECT"};
constexpr std::string_view kEtc = "/etc/bulkhead/";
// Ports that the shipped policy/profiles/worker.profile allows.
constexpr std::array<int, 4> kShippedPorts{443, 3128, 8080, 8443};

// Patterns that the shipped policy/reads.policy has.
constexpr std::array<std::string_view, 2> kShippedCertificates{
    "/etc/letsencrypt/live/*/fullchain.pem", "/etc/ssl/certs/hyprbox/*.crt"};

// Patterns that the shipped policy/credentials.policy has.
constexpr std::array<std::string_view, 8> kShippedFiles{"/etc/bulkhead/*.pem",
                                                        "/etc/ssl/certs/*",
                                                        "/usr/local/share/ca-certificates/*",
                                                        "/etc/pki/ca-trust/extracted/pem/*",
                                                        "/etc/pki/ca-trust/source/anchors/*",
                                                        "/etc/ravenxcope/sensor-agent.env",
                                                        "/host-hostname",
                                                        "/host-os-release"};

bool names_server(const worker::DialectOption& option) { return option.names_server; }
bool names_file(const worker::DialectOption& option) {
    return option.type.kind == worker::ValueType::Kind::path;
}

struct Value {
    std::string text;
    std::string where;
};

// `text` as a YAML scalar: plain, or as a JSON string, which is valid YAML (YAML 1.2, section 1.3).
std::string yaml_scalar(std::string_view text) {
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@+=,-*";
    const bool plain = !text.empty() && text.find_first_not_of(kPlain) == text.npos &&
                       std::string_view("-:*@,").find(text[0]) == std::string_view::npos &&
                       !text.ends_with(':');
    return plain ? std::string(text) : sys::json_string(text);
}

class Composer {
  public:
    Composer(const OldAgent& agent, const Installation& installation, const std::string& root)
        : agent_(agent),
          dialect_(*worker::find_dialect(agent.dialect)),
          installation_(installation),
          root_(root) {
        plan_.notes = installation.notes;
    }

    Result<Plan> compose() {
        for (const auto& row : dialect_.variables) TRY(take(row));
        note_strangers();
        TRY(carry_state());
        TRY(fill_in());
        for (const auto& [key, file] :
             {std::pair("credential", "credential"), std::pair("install_token", "install-token")}) {
            move_secret(key, file);
        }
        TRY(look_at_urls());
        write_yaml();
        TRY(check_yaml());
        add_reads();
        add_credentials();
        for (const auto note : agent_.notes) plan_.notes.emplace_back(note);
        return std::move(plan_);
    }

  private:
    static bool is_of(const worker::DialectVariable& row, const Found& found) {
        return !found.name.empty() && (found.name == row.variable || found.name == row.flag);
    }

    Result<> take(const worker::DialectVariable& row) {
        const auto all = installation_.found | std::views::reverse;
        const auto one = std::ranges::find_if(
            all, [&row](const Found& found) { return is_of(row, found) && !found.text.empty(); });
        if (one == all.end()) return {};
        auto text = row.translate == nullptr ? Result<std::optional<std::string>>(one->text)
                                             : row.translate(one->text);
        const auto name = written_name(*one);
        if (!text) return fail(one->where + ": " + name + ": " + text.error().what);
        if (!*text) return {};
        if (row.setting.empty()) {
            const bool later = std::ranges::find(kTakenApart, row.variable) != kTakenApart.end();
            if (later) return {};
            plan_.notes.push_back(one->where + ": " + name +
                                  " has nothing in its place: " + std::string(row.remark));
            return {};
        }
        values_[std::string(row.setting)] = {**std::move(text), one->where + ": " + name};
        return {};
    }

    // The name as it stands in its file: the keys of a YAML file are kept as flags.
    std::string written_name(const Found& found) const {
        const auto file = found.where.substr(0, found.where.rfind(':'));
        if (!found.name.starts_with("--") || !(file.ends_with(".yaml") || file.ends_with(".yml"))) {
            return found.name;
        }
        auto key = found.name.substr(2);
        std::ranges::replace(key, '-', '_');
        return key;
    }

    // Adds a note unless it is there already; a file may have been read for two settings.
    void note(const std::string& text) {
        if (std::ranges::find(plan_.notes, text) == plan_.notes.end()) plan_.notes.push_back(text);
    }

    void note_strangers() {
        for (const auto& found : installation_.found) {
            const bool known =
                std::ranges::any_of(dialect_.variables,
                                    [&](const auto& row) { return is_of(row, found); }) ||
                (!agent_.settings_variable.empty() && found.name == agent_.settings_variable);
            if (!known)
                note(found.where + ": " + written_name(found) +
                     " is no setting of this agent and was left out");
        }
    }

    // --- state and secrets

    Result<> carry_state() {
        const auto directory = values_.find(std::string(kOriginalState));
        auto state = TRY(read_state(
            agent_, directory == values_.end() ? "" : directory->second.text, root_, plan_.notes));
        plan_.secrets = std::move(state.files);
        plan_.identity = std::move(state.identity);
        plan_.key = std::move(state.key);
        // What lies there is carried over by now.
        if (directory != values_.end()) values_.erase(directory);
        if (!plan_.identity.credential.empty() && values_.erase("install_token") > 0) {
            note("The enrollment key was left out: with its API key the agent has no use for it.");
        }
        // In a dialect that enrolls, the credential came from an enrollment, so it is state and not
        // a setting.
        if (!dialect_.enrolls || !values_.contains("credential")) return {};
        const auto value = std::move(values_["credential"]);
        plan_.identity.credential = Secret(value.text);
        const auto id = values_.find("options.sensor_id");
        plan_.secrets.push_back(kept_credential(agent_, id == values_.end() ? "" : id->second.text,
                                                value.text, value.where));
        values_.erase("credential");
        // The old agent's file with the id is readable by root only and not needed any more.
        if (id != values_.end()) values_["options.config_file"] = {"", value.where};
        if (values_.erase("install_token") > 0) {
            note("The install token was left out: it has been used.");
        }
        return {};
    }

    // --- defaults of the old agents that are others here

    bool is_found(std::string_view name) const { return value_of(installation_, name) != nullptr; }
    void put_default(const std::string& key, const std::string& text, const std::string& why) {
        if (!text.empty()) values_.try_emplace(key, Value{text, why});
    }

    void fill_in_registration() {
        constexpr auto* kKey = "options.registration_url";
        constexpr auto* kDefault = "http://localhost:8083";
        const auto url = values_.find("url");
        if (url == values_.end() || !url->second.text.starts_with("https:")) {
            return put_default(kKey, kDefault, "the old agent's default");
        }
        if (values_.contains(kKey)) return;
        note(std::string(kKey) + " was left out: the old agent registered with its default " +
             kDefault + ", which is not asked without TLS beside a url that has it.");
    }

    Result<> fill_in() {
        if (agent_.name != "aegisflux") return {};
        TRY(refuse_websocket());
        TRY(take_telemetry());
        take_verify_key();
        // The agent of the backend's own repository.
        const bool local =
            std::ranges::any_of(kLocalAgents, [this](auto one) { return is_found(one); });
        const bool registers = !plan_.key.empty() || is_found("ACTIONS_API_URL") ||
                               is_found("ORG_ID") || is_found("AEGIS_DATA_DIR");
        if (local) {
            if (!values_.contains("url")) {
                note(
                    "url is the old agent's default of 2025, http://localhost:8084; since 2026 it "
                    "is http://localhost:8090.");
            }
            put_default("url", "http://localhost:8084", "the old agent's default");
            put_default("heartbeat_interval", "30s", "the old agent's default");
            put_default(std::string(kHostId), "localhost", "the old agent's default");
        }
        if (registers && !local) fill_in_registration();
        if (!values_.contains(std::string(kHostId))) TRY(find_host_id(registers));
        for (auto& one : aegisflux_notes(installation_, values_[std::string(kHostId)].text)) {
            note(std::move(one));
        }
        if (values_.contains("options.registration_url")) {
            note(
                "The record at the actions API: machine_id_hash becomes a hash of this agent's "
                "host id, as machine-id(5) asks that the machine id itself be told to nobody; "
                "capabilities become what could really be attached here.");
        }
        return {};
    }

    Result<> take_telemetry() {
        auto server = TRY(nats_server(installation_));
        if (!server) {
            note(
                "The old agent published to nats://localhost:4222 unless told otherwise; to go on "
                "with that, set telemetry.url.");
            return {};
        }
        values_["telemetry.url"] = {server->url, server->where};
        if (const auto* const subject = value_of(installation_, "AGENT_TELEMETRY_SUBJECT")) {
            values_["telemetry.subject"] = {subject->text, subject->where + ": " + subject->name};
        }
        if (!server->user.empty()) {
            values_["telemetry.user"] = {server->user, server->where};
            values_["telemetry.password"] = {server->password.reveal(), server->where};
            move_secret("telemetry.password", "nats-password");
        } else if (!server->token.empty()) {
            values_["telemetry.token"] = {server->token.reveal(), server->where};
            move_secret("telemetry.token", "nats-token");
        }
        if (server->several) {
            note(server->where + ": names several servers, and one is spoken to: the first.");
        }
        note(
            "Telemetry has the first agent's form (host_id, artifact_id, status, ...), and is sent "
            "when something changes and at an interval, never with an empty artifact_id.");
        return {};
    }

    // The key by which the old agent judged, which is told here and decides nothing.
    void take_verify_key() {
        constexpr auto* kKey = "options.verify_key_file";
        const auto* const found = value_of(installation_, "DEV_PUBLIC_KEY_PATH");
        if (found == nullptr || !is_option(kKey, &names_file)) return;
        values_[kKey] = {found->text, found->where + ": " + found->name};
    }

    // The registry of the same installation may be polled by us, but where it is only the old
    // agent's settings of today can say.
    Result<> refuse_websocket() {
        const auto* const found = websocket_setting(installation_);
        if (found == nullptr) return {};
        const auto start = found->where + ": " + found->name +
                           ": of the agent that speaks over a WebSocket, which this one does not";
        if (!is_found("AGENT_REGISTRY_URL")) {
            return fail(start +
                        "; its agents carry no key over, and no registry is named: write "
                        "AGENT_REGISTRY_URL, and ACTIONS_API_URL for the registration, into a file "
                        "and name it with --file");
        }
        note(start +
             ". What its channels carried (policies, investigations, processes, threats) has "
             "nothing in its place; taken over are the registry and the host id. It made "
             "itself a new key at each start, so there is none to carry over.");
        return {};
    }

    // Without AGENT_HOST_ID the old agent took /etc/machine-id, or else the host's name; before
    // 2025-09-19 it took "host-unknown".
    Result<> find_host_id(bool registers) {
        for (const auto* path : {"/etc/machine-id", "/etc/hostname"}) {
            const auto id = TRY(only_line(root_, path));
            if (id.empty()) continue;
            put_default(std::string(kHostId), id,
                        std::string(path) + ", as no AGENT_HOST_ID is set");
            note(std::string(kHostId) + " is the content of " + path +
                 ", as the old agent has no AGENT_HOST_ID" +
                 (registers ? "." : "; if it is older than 2025-09-19 its id is host-unknown."));
            return {};
        }
        put_default(std::string(kHostId), "host-unknown", "the old agent's default");
        return {};
    }

    // Moves a secret from the settings to a file of its own, in the directory of its backend.
    void move_secret(const std::string& key, const std::string& file) {
        const auto found = values_.find(key);
        if (found == values_.end()) return;
        const auto target = std::string(kEtc) + "credentials/" + name() + "/" + file;
        plan_.secrets.push_back({.name = file,
                                 .target = target,
                                 .owner = "root:root",
                                 .mode = "600",
                                 .origin = found->second.where,
                                 .content = Secret(found->second.text + "\n")});
        if (key == "credential") plan_.identity.credential = Secret(found->second.text);
        values_[key + "_file"] = {target, found->second.where};
        values_.erase(key);
    }

    // Whether `key` is an option of the dialect that is declared so.
    bool is_option(std::string_view key, bool (*declared)(const worker::DialectOption&)) const {
        return std::ranges::any_of(dialect_.options, [&](const worker::DialectOption& option) {
            return key == std::string(kOptions) + std::string(option.name) && declared(option);
        });
    }

    // --- where it connects

    Result<> look_at_urls() {
        if (!values_.contains("url") && !dialect_.default_url.empty()) {
            values_["url"] = {std::string(dialect_.default_url), "the old agent's default"};
        }
        for (const auto& [key, value] : values_) {
            const bool nats = key == "telemetry.url";
            if (key != "url" && !nats && !is_option(key, &names_server)) continue;
            const auto url = nats ? as_http(value.text) : worker::parse_url(value.text);
            if (!url) return fail(value.where + ": " + url.error().what);
            if (url->scheme == "http" && !url->loopback) note_plaintext(value.where, nats);
            // The "any" in the shipped lines does not include loopback.
            const bool named = policy::parse_address(url->host).has_value();
            if (!url->loopback &&
                std::ranges::find(kShippedPorts, url->port) != kShippedPorts.end()) {
                continue;
            }
            const auto line =
                "connect " +
                (named           ? url->host
                 : url->loopback ? "127.0.0.1"
                                 : "any") +
                " " + std::to_string(url->port) + "  # the " +
                (nats ? std::string("NATS server") : std::string(agent_.dialect) + " backend");
            if (std::ranges::find(plan_.landlock, line) == plan_.landlock.end()) {
                plan_.landlock.push_back(line);
            }
        }
        if (!plaintext_.empty()) values_["allow_plaintext"] = {"true", plaintext_};
        return {};
    }

    void note_plaintext(const std::string& where, bool nats) {
        plaintext_ = where;
        note(where + (nats ? ": nats" : ": http") +
             " without TLS, as before: everybody on the way can read and change what is said. "
             "Move " +
             (nats ? "the server to tls" : "the backend to https") + " when you can.");
    }

    // tls://HOST:PORT as https://HOST:PORT, by whose port policy lets a worker connect.
    static Result<worker::Url> as_http(std::string_view nats) {
        const bool tls = nats.starts_with("tls:");
        return worker::parse_url((tls ? "https:" : "http:") +
                                 std::string(nats.substr(nats.find("//"))));
    }

    void add_reads() {
        const auto found = values_.find("findings.tls_paths");
        if (found == values_.end()) return;
        const auto& paths = found->second.text;
        for (const auto path : split(paths, ':')) {
            if (std::ranges::find(kShippedCertificates, path) != kShippedCertificates.end())
                continue;
            const bool pattern = path.find_first_of("*?") != path.npos;
            plan_.reads.push_back(std::string(pattern ? "glob" : "file") + " tls-certificates " +
                                  std::string(path) +
                                  " 64KiB  # certificates the old agent watched");
        }
    }

    // Adds lines for files of the old agent that the broker has to open for this backend.
    void add_credentials() {
        for (const auto& [key, value] : values_) {
            if (key != "ca_file" && !is_option(key, &names_file)) continue;
            const auto& path = value.text;
            const bool shipped = std::ranges::any_of(
                kShippedFiles, [&](auto pattern) { return policy::matches(pattern, path); });
            if (path.empty() || shipped) continue;
            plan_.credentials.push_back("file " + path + " backend " + name() +
                                        "  # the old agent's");
        }
    }

    // --- the file

    void line(const std::string& text, const std::string& origin = "") {
        yaml_ += text + (origin.empty() ? "" : "  # " + origin) + "\n";
        origins_.push_back(origin);
    }
    void setting(const std::string& indent, const std::string& key, const Value& value) {
        line(indent + key + ": " + yaml_scalar(value.text), value.where);
    }

    static bool at_top(std::string_view key) {
        const auto* const row = worker::find_setting(key);
        return row != nullptr && row->scope == worker::Scope::agent;
    }

    void write_yaml() {
        line("# Made by bulkhead migrate --from " + std::string(agent_.name) + ".");
        line("backend:");
        line("  dialect: " + std::string(agent_.dialect));
        for (const auto& [key, value] : values_) {
            if (key.find('.') == key.npos && !at_top(key)) setting("  ", key, value);
        }
        std::string part;
        for (const auto& [key, value] : values_) {
            const auto dot = key.find('.');
            if (dot == key.npos || at_top(key)) continue;
            if (part != key.substr(0, dot)) line("  " + (part = key.substr(0, dot)) + ":");
            setting("    ", key.substr(dot + 1), value);
        }
        std::string section;
        for (const auto& [key, value] : values_) {
            if (!at_top(key)) continue;
            const auto dot = key.find('.');
            if (dot == key.npos) {
                setting("", key, value);
                continue;
            }
            if (section != key.substr(0, dot)) line((section = key.substr(0, dot)) + ":");
            setting("  ", key.substr(dot + 1), value);
        }
        plan_.agent_yaml = yaml_;
    }

    // Parses the new agent.yaml as the agent will. An error names the old file that the wrong line
    // comes from.
    Result<> check_yaml() const {
        const auto parsed =
            worker::parse_config({.file_name = "agent.yaml", .file = yaml_, .arguments = {}});
        if (parsed) return {};
        std::string all;
        const auto& problems = parsed.error().what;
        for (const auto problem : split(problems, '\n')) {
            all += (all.empty() ? "" : "\n") + in_old_words(problem);
        }
        return fail(all);
    }

    std::string in_old_words(std::string_view problem) const {
        constexpr std::string_view kFile = "agent.yaml:";
        const auto colon = problem.find(':', kFile.size());
        if (!problem.starts_with(kFile) || colon == problem.npos) {
            return "the settings of " + std::string(agent_.name) +
                   " make no whole: " + std::string(problem);
        }
        const auto number =
            parse_number<std::size_t>(problem.substr(kFile.size(), colon - kFile.size()));
        if (!number || *number == 0 || *number > origins_.size() || origins_[*number - 1].empty()) {
            return std::string(problem);
        }
        const auto why = problem.find(": ", colon + 2);
        return origins_[*number - 1] + ": " +
               std::string(problem.substr(why == problem.npos ? colon + 2 : why + 2));
    }

    std::string name() const { return std::string(agent_.dialect); }

    const OldAgent& agent_;
    const worker::DialectRow& dialect_;
    const Installation& installation_;
    const std::string& root_;
    std::map<std::string, Value> values_;
    std::string plaintext_;
    std::string yaml_;
    std::vector<std::string> origins_;  // for each line of yaml_, where it comes from
    Plan plan_;
};

}  // namespace

Result<Plan> compose(const OldAgent& agent, const Installation& installation,
                     const std::string& root) {
    return Composer(agent, installation, root).compose();
}

}  // namespace bulkhead::cli::migration
