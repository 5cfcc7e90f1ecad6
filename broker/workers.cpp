#include "broker/workers.hpp"

#include <algorithm>

#include "broker/exit_status.hpp"

namespace bulkhead::broker {

Workers::Workers(WorkerGround ground, std::vector<Home> homes, Owner owner)
    : ground_(std::move(ground)), owner_(std::move(owner)), to_do_(homes.size()) {
    first_.resize(homes.size(), First::open);
    for (std::size_t i = 0; i < homes.size(); ++i) {
        workers_.push_back(std::make_unique<Worker>(
            ground_, std::move(homes[i]),
            Worker::Owner{.greeted = [this, i] { on_greeted(i); },
                          .ended = [this, i](int exit) { return on_ended(i, exit); }}));
    }
}

void Workers::start() {
    for (const auto& one : workers_) one->start();
}

void Workers::replace_all() {
    for (const auto& one : workers_) one->replace();
}

void Workers::replace_all_at_once() {
    for (const auto& one : workers_) one->replace_at_once();
}

void Workers::follow_name_servers() {
    for (const auto& one : workers_) one->follow_name_servers();
}

bool Workers::any_runs() const { return std::ranges::any_of(workers_, &Worker::runs); }

bool Workers::all_hold(const std::set<std::string, std::less<>>& backends) const {
    return std::ranges::all_of(workers_, [&](const auto& one) {
        return !one->is_served() || backends.contains(one->backend());
    });
}

std::vector<std::string> Workers::backends() const {
    std::vector<std::string> names;
    for (const auto& one : workers_) names.push_back(one->backend());
    return names;
}

std::vector<WorkerFacts> Workers::facts() const {
    std::vector<WorkerFacts> facts;
    for (const auto& one : workers_) facts.push_back(one->facts());
    return facts;
}

std::size_t Workers::count(First how) const {
    return static_cast<std::size_t>(std::ranges::count(first_, how));
}

void Workers::settle(std::size_t which, First how) {
    if (first_[which] != First::confined) first_[which] = how;
    const auto confined = count(First::confined);
    if (ready_ || confined == 0 || count(First::open) > 0) return;
    ready_ = true;
    owner_.ready(confined, first_.size());
}

void Workers::on_greeted(std::size_t which) {
    settle(which, First::confined);
    owner_.greeted(*workers_[which]);
}

bool Workers::on_ended(std::size_t which, int exit) {
    if (ground_.mode == protocol::Mode::once) {
        worst_ = std::max(worst_, exit < 0 ? kFailed : exit);
        if (--to_do_ == 0) owner_.done(worst_);
        return false;
    }
    settle(which, exit == kBadUsage ? First::wrong : First::failed);
    // A restart does not mend wrong settings. Only the first process of each worker is believed
    // that, before it has met the network: a captured one must not be able to stop root and jobs.
    if (count(First::wrong) == first_.size()) {
        owner_.done(kBadUsage);
        return false;
    }
    if (!ground_.broker.draining) return true;
    owner_.drained();
    return false;
}

}  // namespace bulkhead::broker
