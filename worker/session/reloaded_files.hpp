// ReloadedFiles: secrets that an operator or a renewing program replaces while we run. Looked at
// before each report; the sandbox must let the worker read where they lie.
#pragma once
#include <optional>
#include <string>

#include "common/sys/log.hpp"
#include "worker/backend/http_client.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::worker {

// Tells when a file is no longer the one it was, also when another was renamed over it.
class FileMark {
  public:
    explicit FileMark(std::string path);
    // Once for each change. A file that cannot be seen has not changed.
    bool changed();

  private:
    struct State {
        std::uint64_t inode = 0;
        std::int64_t size = 0;
        std::int64_t changed_ns = 0;
        bool operator==(const State&) const = default;
    };
    std::optional<State> look() const;

    std::string path_;  // empty: nothing to look at
    std::optional<State> seen_;
};

class ReloadedFiles {
  public:
    ReloadedFiles(const BackendConfig& config, const sys::Log& log);

    // Hands a new client certificate to `client`; a new credential is given back.
    std::optional<Secret> check(HttpClient& client);

  private:
    void say(std::string_view what, const Result<>& done);

    const BackendConfig& config_;
    const sys::Log& log_;
    FileMark certificate_;
    FileMark key_;
    FileMark credential_;
    bool pair_pending_ = false;  // one of the two changed, and they do not match yet
};

}  // namespace bulkhead::worker
