// What a message declares about itself. Codec, gate, dispatch, worker stub, fuzz target and the
// printed reference are walked from these declarations, so there is no second place to forget.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "common/base/text.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::protocol {

// When a message may be sent. The broker is always in exactly one phase.
enum class Phase : std::uint8_t {
    greeting,  // the worker was started and has not said Hello
    serving,   // everything else
};

// What a request does to the host: auditors read this column first.
enum class Effect : std::uint8_t {
    greet,    // opens the conversation
    observe,  // hands out a reading; changes nothing
    act,      // may start or end a job; the broker decides alone
    account,  // moves a record of ours
};

struct Spec {
    std::uint16_t id = 0;  // never reused
    std::string_view name;
    Phase phase = Phase::serving;
    Effect effect = Effect::observe;
    std::size_t max_bytes = 0;   // of the payload; longer is a violation
    bool refusal_costs = false;  // the gate charges for a refusal: it may be written to disk
    std::string_view remark;
};

// A descriptor inside a message. It takes no payload bytes: it is the next of those that ride
// along.
struct Handle {
    sys::Fd fd;
};

// A list of at most Max elements.
template <class T, std::size_t Max>
struct Bounded {
    static constexpr std::size_t kMax = Max;
    std::vector<T> items;
};

template <class Owner, class Member>
struct Field {
    std::string_view name;
    Member Owner::*member;
    std::string_view remark;
};

template <class Owner, class Member>
consteval Field<Owner, Member> field(std::string_view name, Member Owner::*member,
                                     std::string_view remark = "") {
    return {name, member, remark};
}

// Enumerations in messages name their last enumerator, so that an unknown one can be refused.
template <class E>
concept WireEnum = std::is_enum_v<E> && requires {
    E::kLast;
};

template <class T>
concept Record = requires {
    T::fields;
};

template <class... Messages>
struct MessageList {
    // Calls `visit.template operator()<M>()` for the message with that id; false if there is none.
    template <class Visitor>
    static constexpr bool visit(std::uint16_t id, Visitor&& visitor) {
        return (
            (Messages::spec.id == id ? (visitor.template operator()<Messages>(), true) : false) ||
            ...);
    }
    template <class Visitor>
    static constexpr void each(Visitor&& visitor) {
        (visitor.template operator()<Messages>(), ...);
    }
    static constexpr std::size_t kCount = sizeof...(Messages);
};

}  // namespace bulkhead::protocol
