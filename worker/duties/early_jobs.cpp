#include "worker/duties/early_jobs.hpp"

#include <algorithm>

namespace bulkhead::worker {

namespace {

constexpr std::chrono::seconds kBehind{1};  // the second that is due begins then at the latest

}  // namespace

EarlyJobs::~EarlyJobs() { release_all(); }

void EarlyJobs::hold(EarlyJob job, std::chrono::seconds due_in) {
    const auto held = jobs_.insert(jobs_.end(), {.job = std::move(job)});
    held->timer = loop_.after(due_in + kBehind, [this, held] { on_due_(take(held)); });
}

bool EarlyJobs::holds(const DeliveryId& id) const {
    return std::ranges::any_of(jobs_, [&](const Held& one) { return one.job.offer.id == id; });
}

EarlyJob EarlyJobs::take(std::list<Held>::iterator held) {
    auto job = std::move(held->job);
    jobs_.erase(held);
    return job;
}

std::vector<EarlyJob> EarlyJobs::release(const DeliveryId& id) {
    std::vector<EarlyJob> jobs;
    for (auto one = jobs_.begin(); one != jobs_.end();) {
        const auto held = one++;
        if (held->job.offer.id != id) continue;
        loop_.cancel(held->timer);
        jobs.push_back(take(held));
    }
    return jobs;
}

std::vector<EarlyJob> EarlyJobs::release_all() {
    std::vector<EarlyJob> jobs;
    while (!jobs_.empty()) {
        loop_.cancel(jobs_.front().timer);
        jobs.push_back(take(jobs_.begin()));
    }
    return jobs;
}

}  // namespace bulkhead::worker
