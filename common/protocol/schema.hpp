// The types that messages use to declare their fields and limits. Codec, gate, dispatch, the
// worker's calls, the fuzz target and docs/protocol.md are all derived from these declarations.
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

// When a message may be sent. A connection to the broker is in exactly one phase.
enum class Phase : std::uint8_t {
    greeting,  // the worker was started and has not sent Hello
    serving,   // the worker has sent Hello
};

// What a request does to the host. Auditors read this column of docs/protocol.md first.
enum class Effect : std::uint8_t {
    greet,    // begins the connection
    observe,  // returns data or an open file; changes nothing
    act,      // may start or end a job; the broker decides whether it does
    account,  // changes a record of the broker
};

struct Spec {
    std::uint16_t id = 0;  // never reused
    std::string_view name;
    Phase phase = Phase::serving;
    Effect effect = Effect::observe;
    std::size_t max_bytes = 0;  // of the payload; a longer one is a violation of the protocol
    std::string_view remark;
};

// A descriptor inside a message. It has no payload bytes: it is the next of the descriptors that
// were sent with the packet (SCM_RIGHTS, unix(7)).
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

// An enumeration in a message names its last enumerator kLast, so that the decoder can refuse
// larger numbers.
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
    // Calls `visitor.template operator()<M>()` for the message M with that id; false if there is
    // none.
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
