// May this request be made now? Phase, size and pace, judged before a byte of its payload is
// decoded.
#pragma once
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
    // worker, and refused starts, each of which may be written to disk, come no faster than ten a
    // second.
    static constexpr int kForWork = 4;  // times the processor time it took
    static constexpr std::chrono::milliseconds kForRefusal{100};

    // A violation, in words.
    Result<> admit(const protocol::Spec& spec, const protocol::Header& header) const;
    void serving() { phase_ = protocol::Phase::serving; }
    protocol::Phase phase() const { return phase_; }

    // Takes one frame from the budget, or says when the next may be read.
    std::optional<Time> must_wait(Time now);
    // Takes more from it for the frame that was just answered.
    void charge(std::chrono::nanoseconds more) { full_at_ += more; }

  private:
    protocol::Phase phase_ = protocol::Phase::greeting;
    // When the budget was, or will be, untouched; each frame moves it on by kRefill.
    Time full_at_{};
};

}  // namespace bulkhead::broker
