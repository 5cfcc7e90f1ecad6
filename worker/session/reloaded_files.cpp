#include "worker/session/reloaded_files.hpp"

#include <cerrno>

namespace bulkhead::worker {

ReloadedFiles::ReloadedFiles(const BackendConfig& config, const sys::Log& log, Open open)
    : config_(config),
      log_(log),
      open_(std::move(open)),
      certificate_(config.client_certificate_pem),
      key_(config.client_key_pem),
      credential_(config.credential),
      proxy_login_(config.proxy.login),
      last_poll_(sys::Clock::now()) {}

std::optional<Secret> ReloadedFiles::poll(HttpClient& client, sys::Clock::time_point now) {
    const sys::Clock::duration pause =
        failing_ ? sys::Clock::duration(kPollIntervalOnFailure) : kPollInterval;
    if (last_poll_ != sys::Clock::time_point{} && now - last_poll_ < pause) return std::nullopt;
    last_poll_ = now;
    if (!config_.client_certificate_file.empty()) check_certificate(client);
    if (!config_.proxy_credential_file.empty()) check_proxy_login(client);
    return config_.credential_file.empty() ? std::nullopt : check_credential();
}

void ReloadedFiles::check_certificate(HttpClient& client) {
    auto pair = read_client_certificate(config_, open_("client_certificate_file"),
                                        open_("client_key_file"));
    if (!pair) {
        say("client certificate", std::unexpected(pair.error()), certificate_trouble_);
        return;
    }
    certificate_trouble_.clear();
    if (pair->certificate_pem == certificate_ && pair->key_pem.reveal() == key_.reveal()) return;
    certificate_ = pair->certificate_pem;
    key_ = pair->key_pem;
    client.use_client_certificate(std::move(pair->certificate_pem), std::move(pair->key_pem));
    say("client certificate", {}, certificate_trouble_);
}

void ReloadedFiles::check_proxy_login(HttpClient& client) {
    auto login = read_proxy_login(config_, open_("proxy_credential_file"));
    if (!login) {
        say("proxy credential", std::unexpected(login.error()), proxy_login_trouble_);
        return;
    }
    proxy_login_trouble_.clear();
    if (login->reveal() == proxy_login_.reveal()) return;
    proxy_login_ = *login;
    client.use_proxy_login(*std::move(login));
    say("proxy credential", {}, proxy_login_trouble_);
}

std::optional<Secret> ReloadedFiles::check_credential() {
    auto credential = read_credential(config_, open_("credential_file"));
    if (!credential) {
        // A file that was removed changes nothing. That policy refuses an optional file was logged
        // when the worker started.
        const bool kept = credential.error().code == EACCES && config_.credential_file_optional;
        if (credential.error().code != ENOENT && !kept) {
            say("credential", std::unexpected(credential.error()), credential_trouble_);
        }
        return std::nullopt;
    }
    credential_trouble_.clear();
    if (credential->reveal() == credential_.reveal()) return std::nullopt;
    credential_ = *credential;
    say("credential", {}, credential_trouble_);
    return *std::move(credential);
}

void ReloadedFiles::say(std::string_view what, const Result<>& done, std::string& said) {
    if (done) {
        log_.info("files-reloaded", {{"what", what}});
    } else if (said != done.error().what) {
        said = done.error().what;
        log_.warning("reload-failed",
                     {{"what", what}, {"why", said}, {"advice", "the old one stays"}});
    }
}

}  // namespace bulkhead::worker
