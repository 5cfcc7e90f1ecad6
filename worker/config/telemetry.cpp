#include "worker/config/telemetry.hpp"

#include "worker/backend/dialect/identifiers.hpp"
#include "worker/backend/nats/nats_protocol.hpp"
#include "worker/backend/nats/nats_url.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kCaFile = "telemetry.ca_file";
constexpr std::string_view kPasswordFile = "telemetry.password_file";
constexpr std::string_view kTokenFile = "telemetry.token_file";
constexpr std::string_view kSeedFile = "telemetry.nkey_seed_file";
constexpr std::string_view kCredentialsFile = "telemetry.credentials_file";

std::string subject_for(std::string text, std::string_view id) {
    for (auto at = text.find(kHostIdWord); at != text.npos; at = text.find(kHostIdWord, at)) {
        text.replace(at, kHostIdWord.size(), id);
        at += id.size();
    }
    return text;
}

struct LoginFile {
    std::string_view key;
    const std::string* path;
};

std::vector<LoginFile> login_files(const TelemetryConfig& telemetry) {
    std::vector<LoginFile> given;
    for (const auto& one : {LoginFile{kSeedFile, &telemetry.nkey_seed_file},
                            LoginFile{kCredentialsFile, &telemetry.credentials_file},
                            LoginFile{kTokenFile, &telemetry.token_file},
                            LoginFile{kPasswordFile, &telemetry.password_file}}) {
        if (!one.path->empty()) given.push_back(one);
    }
    return given;
}

Result<NatsLogin> login_of(const TelemetryConfig& telemetry, const LoginFile& given,
                           const OpenedFile& file) {
    const auto& path = *given.path;
    if (given.key == kCredentialsFile) {
        const auto text = TRY(read_secret_text(path, file));
        return within(path, parse_nats_credentials(text.reveal()));
    }
    auto secret = TRY(read_secret_line(path, file));
    NatsLogin login;
    if (given.key == kSeedFile) {
        login.key = TRY(within(path, NatsUserKey::of_seed(secret.reveal())));
    } else if (given.key == kTokenFile) {
        login.token = std::move(secret);
    } else {
        login.user = telemetry.user;
        login.password = std::move(secret);
    }
    return login;
}

}  // namespace

Result<> check_telemetry_url(std::string_view text) {
    TRY(parse_nats_url(text));
    return {};
}

Result<> check_telemetry_subject(std::string_view text) {
    return check_nats_subject(subject_for(std::string(text), "id"));
}

Result<> check_telemetry_user(std::string_view text) { return check_credential(text); }

std::vector<std::string> telemetry_problems(const TelemetryConfig& telemetry,
                                            bool allow_plaintext) {
    std::vector<std::string> all;
    const auto logins = login_files(telemetry);
    if (telemetry.url.empty()) {
        const bool any = !logins.empty() || !telemetry.user.empty() || !telemetry.ca_file.empty() ||
                         telemetry.heartbeats || telemetry.job_events;
        if (any) all.emplace_back("telemetry.url is missing: no telemetry goes anywhere");
        return all;
    }
    if (const auto url = parse_telemetry_url(telemetry.url, allow_plaintext); !url) {
        all.push_back("telemetry.url: " + url.error().what);
    }
    if (logins.size() > 1) {
        all.push_back("give one of " + std::string(logins[0].key) + " and " +
                      std::string(logins[1].key));
    }
    if (telemetry.user.empty() != telemetry.password_file.empty()) {
        all.emplace_back("telemetry.user and telemetry.password_file go together");
    }
    return all;
}

std::string telemetry_subject(const TelemetryConfig& telemetry, std::string_view host_id) {
    std::string token(host_id);
    for (char& c : token) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!plain) c = '_';
    }
    return subject_for(telemetry.subject, token);
}

std::vector<NamedFile> telemetry_files(const TelemetryConfig& telemetry) {
    std::vector<NamedFile> all{{std::string(kCaFile), telemetry.ca_file, true}};
    for (const auto& given : login_files(telemetry)) {
        all.push_back({std::string(given.key), *given.path, true});
    }
    return all;
}

Result<TelemetryFiles> read_telemetry_files(const TelemetryConfig& telemetry,
                                            const OpenNamed& open) {
    TelemetryFiles files;
    if (!telemetry.ca_file.empty()) {
        const std::string key(kCaFile);
        files.ca_pem = TRY(within(key, read_authorities(telemetry.ca_file, open(key))));
    }
    for (const auto& given : login_files(telemetry)) {
        const std::string key(given.key);
        files.login = TRY(within(key, login_of(telemetry, given, open(key))));
        files.login.setting = key;
    }
    return files;
}

}  // namespace bulkhead::worker
