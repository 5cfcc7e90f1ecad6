#include "worker/session/reloaded_files.hpp"

#include <sys/stat.h>

namespace bulkhead::worker {

FileMark::FileMark(std::string path) : path_(std::move(path)), seen_(look()) {}

std::optional<FileMark::State> FileMark::look() const {
    struct stat info {};
    if (path_.empty() || ::stat(path_.c_str(), &info) != 0) return std::nullopt;
    return State{.inode = info.st_ino,
                 .size = info.st_size,
                 .changed_ns = info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec};
}

bool FileMark::changed() {
    auto now = look();
    if (!now || now == seen_) return false;
    seen_ = now;
    return true;
}

ReloadedFiles::ReloadedFiles(const BackendConfig& config, const sys::Log& log)
    : config_(config),
      log_(log),
      certificate_(config.client_certificate_file),
      key_(config.client_key_file),
      credential_(config.credential_file) {}

std::optional<Secret> ReloadedFiles::check(HttpClient& client) {
    const bool certificate = certificate_.changed();
    const bool key = key_.changed();
    if (certificate || key || pair_pending_) {
        auto pair = read_client_certificate(config_);
        if (pair) client.show(std::move(pair->certificate_pem), std::move(pair->key_pem));
        if (!pair_pending_ || pair) {
            say("client certificate", pair ? Result<>() : std::unexpected(pair.error()));
        }
        pair_pending_ = !pair;
    }
    if (!credential_.changed()) return std::nullopt;
    auto credential = read_credential_file(config_);
    say("credential", credential ? Result<>() : std::unexpected(credential.error()));
    if (!credential) return std::nullopt;
    return *std::move(credential);
}

void ReloadedFiles::say(std::string_view what, const Result<>& done) {
    if (done) {
        log_.info("reloaded", {{"backend", config_.name}, {"what", std::string(what)}});
        return;
    }
    log_.warning("not reloaded",
                 {{"backend", config_.name},
                  {"what", std::string(what)},
                  {"why", done.error().what},
                  {"advice",
                   "the old one stays; if the sandbox is in the way, let the file lie in "
                   "a directory of profiles/worker.profile, or restart the agent"}});
}

}  // namespace bulkhead::worker
