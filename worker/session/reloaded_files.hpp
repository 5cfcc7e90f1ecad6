// ReloadedFiles: secrets that an operator or a renewing program replaces while we run. The broker
// opens them anew for us, so a look costs two frames each: some minutes lie between two, seconds
// where something fails that another file may mend.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "common/sys/log.hpp"
#include "common/sys/loop.hpp"
#include "worker/backend/http/http_client.hpp"
#include "worker/config/files.hpp"

namespace bulkhead::worker {

class ReloadedFiles {
  public:
    // Of the setting's key.
    using Open = std::function<OpenedFile(std::string_view key)>;
    static constexpr std::chrono::minutes kPollInterval{5};
    static constexpr std::chrono::seconds kPollIntervalOnFailure{10};

    // `config` with what load_files() took from them.
    ReloadedFiles(const BackendConfig& config, const sys::Log& log, Open open);

    // Whether the last report came through: if not, the next look is soon.
    void note_report(bool succeeded) { failing_ = !succeeded; }
    // The next look is at once.
    void poll_soon() { last_poll_ = {}; }
    // When it is time. Hands a new client certificate to `client`; a new credential is given back.
    std::optional<Secret> poll(HttpClient& client, sys::Clock::time_point now = sys::Clock::now());

  private:
    void check_certificate(HttpClient& client);
    std::optional<Secret> check_credential();
    // Each failure once, until there is another or none.
    void say(std::string_view what, const Result<>& done, std::string& said);

    const BackendConfig& config_;
    const sys::Log& log_;
    Open open_;
    // As they were taken last.
    std::string certificate_;
    Secret key_;
    Secret credential_;
    std::string certificate_trouble_;
    std::string credential_trouble_;
    sys::Clock::time_point last_poll_;
    bool failing_ = false;
};

}  // namespace bulkhead::worker
