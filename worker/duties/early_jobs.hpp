// Jobs that root refused because they are too early by a few minutes: they are kept, and asked for
// again when they are due.
//
// Clocks of authors and hosts differ, and a backend may deliver a job once only, so such a refusal
// is not reported at once.
#pragma once
#include <functional>
#include <list>
#include <vector>

#include "common/sys/loop.hpp"
#include "worker/backend/dialect/messages.hpp"
#include "worker/state/refusal_store.hpp"

namespace bulkhead::worker {

struct EarlyJob {
    JobOffer offer;
    KeptRefusal refusal;  // what is reported if it does not come to an answer
    unsigned asked = 1;   // times
};

class EarlyJobs {
  public:
    static constexpr std::size_t kMost = 16;
    static constexpr unsigned kMostAsked = 4;  // then the clock does not go on as it should

    using OnDue = std::function<void(EarlyJob)>;
    EarlyJobs(sys::Loop& loop, OnDue on_due) : loop_(loop), on_due_(std::move(on_due)) {}
    ~EarlyJobs();
    EarlyJobs(const EarlyJobs&) = delete;
    EarlyJobs& operator=(const EarlyJobs&) = delete;

    bool takes(const EarlyJob& job) const { return jobs_.size() < kMost && job.asked < kMostAsked; }
    // It is given back after `due_in`, or by release().
    void hold(EarlyJob job, std::chrono::seconds due_in);
    bool holds(const DeliveryId& id) const;
    // The job of this delivery, or all.
    std::vector<EarlyJob> release(const DeliveryId& id);
    std::vector<EarlyJob> release_all();
    std::size_t size() const { return jobs_.size(); }

  private:
    struct Held {
        EarlyJob job;
        sys::TimerId timer{};
    };
    EarlyJob take(std::list<Held>::iterator held);

    sys::Loop& loop_;
    OnDue on_due_;
    std::list<Held> jobs_;
};

}  // namespace bulkhead::worker
