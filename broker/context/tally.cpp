#include "broker/context/tally.hpp"

#include <algorithm>

#include "common/sys/clock.hpp"

namespace bulkhead::broker {

namespace {

template <class T>
void keep(std::deque<T>& last, T one) {
    last.push_front(std::move(one));
    if (last.size() > Tally::kLast) last.pop_back();
}

}  // namespace

void Tally::ended(JobNumber number, const records::Start& start, const protocol::JobEnd& end) {
    ++outcomes_[end.reason.str()];
    keep(ended_, {.number = number,
                  .job_id = start.job_id.value.str(),
                  .profile = start.profile.str(),
                  .backend = start.backend.str(),
                  .at = sys::now(),
                  .end = end});
}

void Tally::refused(Refused one) {
    ++refusals_[one.reason];
    auto& last = refused_[one.backend];
    keep(last, std::move(one));
}

std::vector<Tally::Refused> Tally::last_refused() const {
    std::vector<Refused> all;
    for (const auto& [backend, last] : refused_) all.insert(all.end(), last.begin(), last.end());
    std::ranges::stable_sort(all, std::greater(), &Refused::at);
    return all;
}

}  // namespace bulkhead::broker
