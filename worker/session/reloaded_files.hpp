// ReloadedFiles: secrets that an operator or a program replaces while the worker runs. The broker
// opens the files again at each poll, which costs a request and a reply for each file, so polls are
// minutes apart, or seconds while reports fail that a new file may help.
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
    // Opens the file that the setting of this key names.
    using Open = std::function<OpenedFile(std::string_view key)>;
    static constexpr std::chrono::minutes kPollInterval{5};
    static constexpr std::chrono::seconds kPollIntervalOnFailure{10};

    // `config`: as load_files() has filled it.
    ReloadedFiles(const BackendConfig& config, const sys::Log& log, Open open);

    // Whether the last report succeeded: if not, the next poll is soon.
    void note_report(bool succeeded) { failing_ = !succeeded; }
    const std::string& client_certificate() const { return certificate_; }  // PEM, in use
    // The next call of poll() reads the files.
    void poll_soon() { last_poll_ = {}; }
    // Reads the files if it is time. A new client certificate and a new login at the proxy are
    // handed to `client`, a new credential is returned.
    std::optional<Secret> poll(HttpClient& client, sys::Clock::time_point now = sys::Clock::now());

  private:
    void check_certificate(HttpClient& client);
    void check_proxy_login(HttpClient& client);
    std::optional<Secret> check_credential();
    // Logs each failure once, until there is another or none.
    void say(std::string_view what, const Result<>& done, std::string& said);

    const BackendConfig& config_;
    const sys::Log& log_;
    Open open_;
    // As they were read last.
    std::string certificate_;
    Secret key_;
    Secret credential_;
    Secret proxy_login_;
    std::string certificate_trouble_;
    std::string credential_trouble_;
    std::string proxy_login_trouble_;
    sys::Clock::time_point last_poll_;
    bool failing_ = false;
};

}  // namespace bulkhead::worker
