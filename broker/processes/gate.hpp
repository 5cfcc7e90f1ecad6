// May this request be made now? Phase, size and pace, judged before a byte of its payload is
// decoded.
#pragma once
#include <algorithm>
#include <chrono>

#include "common/protocol/codec.hpp"

namespace bulkhead::broker {

class Gate {
  public:
    using Time = std::chrono::steady_clock::time_point;
    // Frames a worker may send at once, and how many a second in the long run. A heartbeat takes
    // two and a job three; a faster worker is not answered faster, it waits in its own socket.
    static constexpr int kBurst = 256;
    static constexpr std::chrono::milliseconds kRefill{5};

    // What a frame costs beyond that. In the long run root works a quarter of the time for its
    // workers, and refused starts, each of which may be written to disk, come no faster than ten a
    // second.
    static constexpr int kForWork = 4;  // times the processor time it took
    static constexpr std::chrono::milliseconds kForRefusal{100};

    Gate() = default;
    // Of one of `sharers` workers: each pays that many times the price, so that all together get
    // what one alone would, and none can use up another's part.
    explicit Gate(std::size_t sharers)
        : sharers_(static_cast<int>(std::max<std::size_t>(sharers, 1))) {}

    // An error is a violation of the protocol, in words.
    Result<> admit(const protocol::Spec& spec, const protocol::Header& header) const;
    void serving() { phase_ = protocol::Phase::serving; }
    protocol::Phase phase() const { return phase_; }

    // Takes one frame from the budget, or says when the next may be read.
    std::optional<Time> must_wait(Time now);
    // Takes more from it for the frame that was just answered.
    void charge(std::chrono::nanoseconds more) { full_at_ += more * sharers_; }

  private:
    protocol::Phase phase_ = protocol::Phase::greeting;
    int sharers_ = 1;
    // When the budget was, or will be, untouched; each frame moves it on by kRefill.
    Time full_at_{};
};

}  // namespace bulkhead::broker
