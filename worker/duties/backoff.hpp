// Backoff: how long to wait before the next try. Exponential with full jitter, capped, and never
// shorter than the Retry-After of the backend (RFC 9110, section 10.2.3).
#pragma once
#include <chrono>
#include <functional>
#include <optional>

namespace bulkhead::worker {

// Uniform in [0, 1).
using Random = std::function<double()>;
Random system_random();

class Backoff {
  public:
    struct Limits {
        std::chrono::milliseconds least{100};  // no delay is shorter, so that nothing spins
        std::chrono::milliseconds first{1'000};
        std::chrono::milliseconds cap{300'000};
        std::chrono::milliseconds longest_retry_after{3'600'000};  // a backend may ask for no more
    };

    explicit Backoff(Random random) : Backoff(Limits{}, std::move(random)) {}
    Backoff(Limits limits, Random random) : limits_(limits), random_(std::move(random)) {}

    // The delay before the next try after one more failure: uniform between `least` and
    // first * 2^failures, at most `cap`; after a Retry-After, that much later still, so that a
    // fleet which was told the same second does not return in it.
    std::chrono::milliseconds next(std::optional<std::chrono::seconds> retry_after = {});
    void succeeded() { failures_ = 0; }
    unsigned failures() const { return failures_; }

  private:
    Limits limits_;
    Random random_;
    unsigned failures_ = 0;
};

// A random part of `interval`, after which a periodic duty begins: agents that were restarted
// together do not report together.
std::chrono::milliseconds first_phase(std::chrono::milliseconds interval, const Random& random);

}  // namespace bulkhead::worker
