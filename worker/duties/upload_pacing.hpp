// UploadPacing: when a chunk of a job's output leaves, and how many octets it may have. Pure: it is
// told the time, so that a test needs neither a loop nor a backend.
//
// After a silence the first octets leave at once, what follows them a moment later together, and
// from then on whatever there is once in JobTraits::flush_interval. Where the end of a short job's
// output may be part of its result, even the first octets are given that moment.
#pragma once
#include <chrono>
#include <cstdint>

#include "worker/backend/dialect/dialect.hpp"

namespace bulkhead::worker {

class UploadPacing {
  public:
    using Time = std::chrono::steady_clock::time_point;

    // A script's lines that come together within this time leave together.
    static constexpr std::chrono::milliseconds kGather{20};
    // Octets: a chunk of this size is worth a request of its own and does not wait.
    static constexpr std::uint64_t kWorthAtOnce = 64_KiB;
    // Octets: where even this is too much for a backend, the size is not what it objects to.
    static constexpr std::uint64_t kSmallestChunk = 1_KiB;

    // `timeout`: how long a request may take before it is given up.
    UploadPacing(const JobTraits& traits, std::chrono::milliseconds timeout);

    // Octets that the next chunk may have: halved by halve(), doubled by accepted(), never above
    // JobTraits::max_chunk_bytes.
    std::uint64_t max_chunk() const { return max_chunk_; }

    // Whether a chunk of `length` octets goes now. `last`: all output has been received.
    bool may_send(Time now, std::uint64_t length, bool last) const;
    // How long a chunk that may not go yet waits; then flush() is to be called.
    std::chrono::milliseconds time_until_flush(Time now) const;
    // Small chunks have waited long enough: the next one goes whatever its size.
    void flush() { flush_ = true; }

    // A request with `length` octets of output was made.
    void output_sent(Time now, std::uint64_t length);
    // The result was sent, with the last `length` octets of output in it.
    void result_sent(std::uint64_t length) { in_flight_ = length; }

    // The backend took the chunk: after a quick answer to a full one the next may be larger.
    void accepted(Time now);
    // The request failed, perhaps for its size: the next has half as many octets of output. False
    // if there were no more than kSmallestChunk in it.
    bool halve();

  private:
    std::chrono::milliseconds interval_;
    std::chrono::milliseconds quick_;  // an answer within this time is one
    std::chrono::milliseconds least_wait_;
    std::uint64_t most_;  // octets, of the dialect
    std::uint64_t max_chunk_;
    std::uint64_t in_flight_ = 0;  // octets of output in the request made last
    bool flush_ = false;
    Time last_sent_{};
    Time next_flush_{};  // small chunks leave no earlier
};

}  // namespace bulkhead::worker
