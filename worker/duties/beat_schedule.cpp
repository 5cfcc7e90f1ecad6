#include "worker/duties/beat_schedule.hpp"

#include <algorithm>

namespace bulkhead::worker {

namespace {

using std::chrono::milliseconds;

}  // namespace

void BeatSchedule::set_interval(std::chrono::seconds interval) {
    interval_ = interval;
    backoff_ =
        Backoff({.first = milliseconds(interval) / 4, .cap = 4 * milliseconds(interval)}, random_);
}

void BeatSchedule::start(Time now, std::chrono::seconds interval) {
    set_interval(interval);
    held_until_ = now;
    again_ = false;
    tries_ = rejections_ = 0;
    next_sample_ = first_after_interval_ ? now + interval_ : now;
}

void BeatSchedule::start_once(Time now) { next_sample_ = held_until_ = now; }

milliseconds BeatSchedule::step() {
    return std::exchange(spread_, false) ? first_phase(interval_, random_)
                                         : milliseconds(interval_);
}

BeatSchedule::Due BeatSchedule::wake(Time now) {
    Due due{.sample = now >= next_sample_};
    if (due.sample) {
        next_sample_ += step();
        // Samples that were missed while the event loop was busy are not made up for.
        if (next_sample_ <= now) next_sample_ = now + interval_;
    }
    due.send = !under_way_ && now >= held_until_ && (due.sample || again_);
    if (due.send) {
        under_way_ = true;
        again_ = false;
    }
    return due;
}

BeatSchedule::Time BeatSchedule::next() const {
    return again_ && !under_way_ ? std::min(next_sample_, held_until_) : next_sample_;
}

void BeatSchedule::delivered(Time now, std::optional<std::chrono::seconds> interval) {
    under_way_ = false;
    tries_ = rejections_ = 0;
    backoff_.succeeded();
    if (!interval || *interval == interval_) return;
    set_interval(*interval);
    spread_ = false;
    next_sample_ = now + first_phase(interval_, random_);
}

milliseconds BeatSchedule::pause_after(const Failure& failure) {
    const auto rejected = failure.kind == Failure::Kind::credential_rejected;
    rejections_ = rejected ? rejections_ + 1 : 0;
    if (rejected) {
        milliseconds pause(0);
        for (unsigned i = 1; i < rejections_ && pause < longest_rejected_pause_; ++i) {
            pause = pause == milliseconds(0) ? 2 * milliseconds(interval_) : pause * 2;
        }
        return std::min(pause, milliseconds(longest_rejected_pause_));
    }
    // The backend refused the content of the report: the same report would be refused again.
    if (failure.kind != Failure::Kind::retry) return milliseconds(0);
    if (!retries_) {
        if (std::exchange(tries_, 0) > 0) return milliseconds(0);
        const auto pause = backoff_.next();
        if (pause >= interval_) return milliseconds(0);
        again_ = true;
        tries_ = 1;
        return pause;
    }
    if (tries_ >= retries_->most) {
        tries_ = 0;
        return milliseconds(0);
    }
    again_ = true;
    // Retries::most may be larger than the number of bits that can be shifted.
    return std::min<milliseconds>(retries_->first * (1LL << std::min(tries_++, 20U)),
                                  std::chrono::hours(24));
}

void BeatSchedule::failed(Time now, const Failure& failure) {
    under_way_ = false;
    auto pause = pause_after(failure);
    if (failure.retry_after) pause = std::max(pause, backoff_.next(failure.retry_after));
    held_until_ = now + pause;
}

}  // namespace bulkhead::worker
