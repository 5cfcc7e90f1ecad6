// TelemetryQueue: events that wait for a NATS server, or for its word that it has read them.
// Bounded in number and bytes: the oldest that has not been sent makes room.
#pragma once
#include <cstdint>
#include <deque>
#include <string>

#include "common/base/strong.hpp"

namespace bulkhead::worker {

class TelemetryQueue {
  public:
    static constexpr std::size_t kMostEvents = 1'000;
    static constexpr std::size_t kMostBytes = 1_MiB;
    // So few events are under way at once that there is always one to drop which is not.
    static constexpr std::size_t kMostUnderWay = 32;

    struct Event {
        std::string subject;
        std::string payload;
    };

    void add(Event event);
    // The next event to send; null: none, or enough are under way. sent() or drop_next() follows.
    const Event* next() const;
    void sent() { ++under_way_; }
    void drop_next();
    // The server has read so many of those that were sent, the oldest first.
    void confirmed(std::size_t count);
    // What is under way may be lost: it is sent again.
    void rewind() { under_way_ = 0; }

    std::size_t size() const { return events_.size(); }
    std::size_t bytes() const { return bytes_; }
    std::uint64_t dropped() const { return dropped_; }

  private:
    static std::size_t size_of(const Event& event) {
        return event.subject.size() + event.payload.size();
    }

    std::deque<Event> events_;
    std::size_t under_way_ = 0;  // so many of the first ones
    std::size_t bytes_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace bulkhead::worker
