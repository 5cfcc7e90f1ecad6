#include "tests/backend/state.hpp"

#include <algorithm>

namespace bulkhead::reference {
namespace {

template <class T>
void add_bounded(std::deque<T>& all, T one) {
    if (all.size() == State::kKept) all.pop_front();
    all.push_back(std::move(one));
}

template <class Jobs>
auto find_in(Jobs& jobs, const std::string& id) -> decltype(&jobs.front()) {
    const auto found = std::ranges::find(jobs, id, &Job::id);
    return found == jobs.end() ? nullptr : &*found;
}

bool same(const Finding& a, const Finding& b) {
    return a.dialect == b.dialect && a.who == b.who && a.body["type"] == b.body["type"] &&
           a.body["key"] == b.body["key"];
}

}  // namespace

Job* State::find_job(const std::string& id) { return find_in(jobs, id); }
const Job* State::find_job(const std::string& id) const { return find_in(jobs, id); }

void State::add(Heartbeat heartbeat) {
    ++heartbeats_ever;
    add_bounded(heartbeats, std::move(heartbeat));
}

void State::add(Inventory inventory) { add_bounded(inventories, std::move(inventory)); }

void State::add(Alert alert) { add_bounded(alerts, std::move(alert)); }

void State::add(RequestRecord request) {
    ++requests_ever;
    add_bounded(requests, std::move(request));
}

void State::add_or_refresh(Finding finding) {
    const auto known =
        std::ranges::find_if(findings, [&](const Finding& f) { return same(f, finding); });
    if (known == findings.end()) {
        findings.push_back(std::move(finding));
        return;
    }
    finding.first_seen = known->first_seen;
    finding.times = known->times + 1;
    *known = std::move(finding);
}

std::string_view name_of(JobState state) {
    switch (state) {
        case JobState::queued:
            return "queued";
        case JobState::running:
            return "running";
        case JobState::done:
            return "done";
        case JobState::cancelled:
            return "cancelled";
    }
    return "unknown";
}

}  // namespace bulkhead::reference
