// Reports what is new in this host's inventory, in as many parts as needed, and remembers on disk
// what the backend accepted.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/broker/client.hpp"
#include "worker/duties/cadence.hpp"
#include "worker/duties/duty_context.hpp"
#include "worker/duties/duty_trouble.hpp"
#include "worker/duties/host_facts.hpp"
#include "worker/duties/report_queue.hpp"
#include "worker/host/inventory/own_sockets.hpp"
#include "worker/state/inventory_store.hpp"

namespace bulkhead::worker {

class InventoryDuty {
  public:
    struct Callbacks {
        std::function<void()> before_each;
        // After each report; `failure` is null if it was accepted.
        std::function<void(const Failure* failure)> reported;
        // In a run that ends: true if the report was accepted or is not due yet.
        std::function<void(bool well)> finished;
    };

    // `report_now`: in a run that ends, reports although no report is due yet.
    InventoryDuty(const DutyContext& context, const InventoryDialect& dialect, BrokerClient& broker,
                  const InventoryStore& store, const HostFacts& facts, CollectInventory collect,
                  bool report_now, Callbacks callbacks);

    // Loads what is remembered and applies `asked`, the policy that came with the enrollment. Call
    // before each start(). A report under way belongs to the previous credential and is cancelled.
    void resume(const InventoryPolicyChange& asked);
    void start();
    void stop();
    void describe(JsonWriter& json) const;
    // What stands between this duty and its next success.
    void tell(std::vector<Trouble>& all) const { trouble_.tell(all, "inventory"); }

  private:
    // One report, or several when it is large.
    struct Run {
        ReportQueue queue;
        CollectionSet known;  // collections that were read: what they lack is gone
        std::array<ElementDigests, kCollections> current;
        sys::Clock::time_point started;
        std::size_t left_out = 0;  // InventoryElements::left_out
        std::size_t reports = 0;
        std::size_t sent = 0;  // elements that the backend accepted
        std::size_t dropped = 0;
        std::size_t failures = 0;
    };

    Cadence cadence() const;
    std::chrono::seconds collect_timeout() const;
    void schedule(std::chrono::milliseconds delay);
    void begin();
    Inventory collect();
    std::vector<Endpoint> backends() const;
    std::shared_ptr<const SocketOwners> ask_owners();
    void log_problems(std::vector<std::string> problems);
    Run prepare(const Inventory& inventory);
    void send();
    void on_answer(Answer<InventoryReceipt> answer);
    void on_accepted(const InventoryReceipt& receipt);
    // Splits the report or drops refused elements. False if that cannot help against `failure`.
    bool shrink_report(const Failure& failure);
    void mark_reported(const ReportQueue::Settled& items);
    void save_state();
    void succeed();
    void give_up(const Failure& failure);

    const DutyContext& context_;
    const InventoryDialect& dialect_;
    BrokerClient& broker_;
    const InventoryStore& store_;
    const HostFacts& facts_;
    CollectInventory collect_;
    bool report_now_;
    Callbacks callbacks_;
    InventoryState state_;
    Backoff backoff_;
    sys::TimerId timer_;
    std::optional<Run> run_;
    RequestId request_;                  // under way, while there is a run_
    std::vector<std::string> problems_;  // of the last reading, as logged
    DutyTrouble trouble_;
};

}  // namespace bulkhead::worker
