// Scans the host at its own pace and tells the backend what was found.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/broker/host_files.hpp"
#include "worker/duties/services.hpp"

namespace bulkhead::worker {

class FindingsDuty {
  public:
    // In a pass that ends, which scans once: whether the backend has what was found.
    using OnFinished = std::function<void(bool sent)>;

    FindingsDuty(Services& services, const BackendConfig& config, const FindingsDialect& dialect,
                 HttpClient& client, const Identity& identity, OnFinished finished)
        : services_(services),
          config_(config),
          dialect_(dialect),
          client_(client),
          identity_(identity),
          finished_(std::move(finished)),
          host_(services.broker),
          backoff_(services.random) {}

    // The first scan at a random moment of the interval: a fleet that was started together must not
    // report together. May be called again; the pace stays.
    void start();
    void stop();

    // For `bulkhead status`: members of the backend's object.
    void describe(JsonWriter& json) const;

  private:
    void scan();
    void on_answer(const Answer<>& answer, std::size_t count);
    void schedule(std::chrono::milliseconds delay);

    Services& services_;
    const BackendConfig& config_;
    const FindingsDialect& dialect_;
    HttpClient& client_;
    const Identity& identity_;
    OnFinished finished_;
    BrokerHostFiles host_;
    Backoff backoff_;
    sys::TimerId timer_;
    bool started_ = false;
    std::optional<std::size_t> accepted_;  // findings in the last report that was taken
    std::string trouble_;
};

}  // namespace bulkhead::worker
