// What an operator has to be told of: what keeps jobs from starting, or is no longer certain. Logs,
// heartbeats and `bulkhead status` show it until it is over.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/protocol/requests.hpp"
#include "common/sys/log.hpp"

namespace bulkhead::broker {

class Troubles {
  public:
    // `log` has to outlive this object.
    explicit Troubles(const sys::Log& log) : log_(log) {}

    // `changed` is called when a trouble begins, becomes another, or is over.
    void watch(std::function<void()> changed) { changed_ = std::move(changed); }

    // A trouble of this code, a stable word, stands until it is cleared. `why` says what it is and
    // what to do. It is logged as a warning when it begins and when `why` becomes another.
    void set(std::string_view code, std::string_view why);
    // No effect if no trouble of this code stands.
    void clear(std::string_view code);

    bool stands(std::string_view code) const;

    // The trouble of this code, if one stands.
    std::optional<protocol::Trouble> find(std::string_view code) const;
    // At most kMaxTroubles, first those that keep jobs from starting or from being recorded, else
    // in the order in which they began.
    protocol::Bounded<protocol::Trouble, protocol::kMaxTroubles> told() const;

  private:
    struct Standing {
        std::string code;
        std::uint64_t since = 0;  // seconds since 1970
        std::string why;
    };
    static protocol::Trouble told(const Standing& one);

    const sys::Log& log_;
    std::function<void()> changed_ = [] {};
    std::vector<Standing> standing_;
};

}  // namespace bulkhead::broker
