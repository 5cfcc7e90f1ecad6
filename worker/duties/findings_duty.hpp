// Scans the host at its own pace and tells the backend what was found.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/broker/host_files.hpp"
#include "worker/duties/duty_context.hpp"
#include "worker/duties/duty_trouble.hpp"

namespace bulkhead::worker {

class FindingsDuty {
  public:
    // In a run that ends, which scans once: whether the backend has what was found.
    using OnFinished = std::function<void(bool sent)>;

    FindingsDuty(const DutyContext& context, const FindingsDialect& dialect,
                 const FindingsConfig& settings, BrokerClient& broker, const SystemInfo& system,
                 const sys::Fd& disk, OnFinished finished)
        : context_(context),
          dialect_(dialect),
          settings_(settings),
          broker_(broker),
          host_(broker),
          system_(system),
          disk_(disk),
          finished_(std::move(finished)),
          backoff_(context.random) {}

    // The first scan is at a random moment of the interval, so that hosts which were started
    // together do not report together. Further calls change nothing.
    void start();
    void stop();

    // For `bulkhead status`: members of the backend's object.
    void describe(JsonWriter& json) const;
    // What stands between this duty and its next success.
    void tell(std::vector<Trouble>& all) const { trouble_.tell(all, "findings"); }

  private:
    void scan();
    void on_answer(const Answer<>& answer, std::size_t count);
    void schedule(std::chrono::milliseconds delay);

    const DutyContext& context_;
    const FindingsDialect& dialect_;
    const FindingsConfig& settings_;
    BrokerClient& broker_;
    BrokerHostFiles host_;
    const SystemInfo& system_;
    const sys::Fd& disk_;  // a file of the host's root file system
    OnFinished finished_;
    Backoff backoff_;
    sys::TimerId timer_;
    bool started_ = false;
    std::optional<std::size_t> accepted_;  // findings in the last report that was taken
    DutyTrouble trouble_;
};

}  // namespace bulkhead::worker
