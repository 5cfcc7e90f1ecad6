// Encodes and decodes messages by walking their `fields`. A frame is a header and the payload:
//   u16 message id, u16 zero, u32 serial (of the request; 0 in events), u32 payload length
// all little-endian. A reply carries the id and the serial of its request.
#pragma once
#include <algorithm>
#include <array>

#include "common/base/bytes.hpp"
#include "common/base/strong.hpp"
#include "common/protocol/schema.hpp"

namespace bulkhead::protocol {

inline constexpr std::size_t kHeaderBytes = 12;
inline constexpr std::size_t kMaxPayload = 32 * 1024;

struct Header {  // on the wire kHeaderBytes long
    std::uint16_t id = 0;
    std::uint32_t serial = 0;
    std::uint32_t length = 0;  // of the payload, in bytes
};

class Encoder {
  public:
    template <std::integral T>
    void put(T value) {
        if constexpr (std::is_same_v<T, bool>) {
            out_.integer(static_cast<std::uint8_t>(value));
        } else {
            out_.integer(value);
        }
    }
    template <WireEnum E>
    void put(E value) {
        put(static_cast<std::underlying_type_t<E>>(value));
    }
    template <class Tag, class T>
    void put(const Strong<Tag, T>& id) {
        put(id.value);
    }
    template <std::size_t Max>
    void put(const BoundaryText<Max>& text) {
        static_assert(Max <= 0xffff);
        put(static_cast<std::uint16_t>(text.str().size()));
        out_.put(as_bytes(text.str()));
    }
    template <std::size_t N>
    void put(const std::array<std::byte, N>& bytes) {
        out_.put(bytes);
    }
    void put(const Handle& handle) { descriptors_.push_back(handle.fd.get()); }
    template <class T>
    void put(const std::optional<T>& value) {
        put(value.has_value());
        if (value) put(*value);
    }
    template <class T, std::size_t Max>
    void put(const Bounded<T, Max>& list) {
        static_assert(Max <= 0xffff);
        put(static_cast<std::uint16_t>(std::min(list.items.size(), Max)));
        for (std::size_t i = 0; i < std::min(list.items.size(), Max); ++i) put(list.items[i]);
    }
    template <Record T>
    void put(const T& record) {
        std::apply([&](const auto&... field) { (put(record.*field.member), ...); }, T::fields);
    }

    const Bytes& bytes() const { return out_.bytes(); }
    const std::vector<int>& descriptors() const { return descriptors_; }

  private:
    ByteWriter out_;
    std::vector<int> descriptors_;  // owned by the message
};

class Decoder {
  public:
    Decoder(ByteView payload, std::vector<sys::Fd>& descriptors)
        : in_(payload), descriptors_(descriptors) {}

    template <std::integral T>
    Result<> get(T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            const auto byte = TRY(in_.integer<std::uint8_t>());
            if (byte > 1) return fail("not a boolean");
            value = byte == 1;
        } else {
            value = TRY(in_.integer<T>());
        }
        return {};
    }
    template <WireEnum E>
    Result<> get(E& value) {
        const auto number = TRY(in_.integer<std::underlying_type_t<E>>());
        if (number > static_cast<std::underlying_type_t<E>>(E::kLast)) {
            return fail("unknown enumerator");
        }
        value = static_cast<E>(number);
        return {};
    }
    template <class Tag, class T>
    Result<> get(Strong<Tag, T>& id) {
        return get(id.value);
    }
    template <std::size_t Max>
    Result<> get(BoundaryText<Max>& text) {
        const auto length = TRY(in_.integer<std::uint16_t>());
        if (length > Max) return fail("text too long");
        text = TRY(BoundaryText<Max>::create(as_text(TRY(in_.take(length)))));
        return {};
    }
    template <std::size_t N>
    Result<> get(std::array<std::byte, N>& bytes) {
        const auto taken = TRY(in_.take(N));
        std::copy(taken.begin(), taken.end(), bytes.begin());
        return {};
    }
    Result<> get(Handle& handle) {
        if (next_ == descriptors_.size()) return fail("a descriptor is missing");
        handle.fd = std::move(descriptors_[next_++]);
        return {};
    }
    template <class T>
    Result<> get(std::optional<T>& value) {
        bool present = false;
        TRY(get(present));
        if (present) TRY(get(value.emplace()));
        return {};
    }
    template <class T, std::size_t Max>
    Result<> get(Bounded<T, Max>& list) {
        const auto count = TRY(in_.integer<std::uint16_t>());
        if (count > Max) return fail("list too long");
        for (std::size_t i = 0; i < count; ++i) TRY(get(list.items.emplace_back()));
        return {};
    }
    template <Record T>
    Result<> get(T& record) {
        return std::apply(
            [&](const auto&... field) {
                Result<> result;
                static_cast<void>(
                    (... && (result = within(field.name, get(record.*field.member))).has_value()));
                return result;
            },
            T::fields);
    }
    // An error if payload bytes or descriptors are left.
    Result<> finish() const {
        TRY(in_.finish());
        if (next_ != descriptors_.size()) return fail("too many descriptors");
        return {};
    }

  private:
    ByteReader in_;
    std::vector<sys::Fd>& descriptors_;
    std::size_t next_ = 0;
};

// A frame ready to send. `descriptors` are numbers only; the encoded message owns them.
struct Frame {
    Bytes bytes;
    std::vector<int> descriptors;
};

// An error if the payload is longer than kMaxPayload.
template <Record T>
Result<Frame> encode(std::uint16_t id, std::uint32_t serial, const T& message) {
    Encoder encoder;
    encoder.put(message);
    if (encoder.bytes().size() > kMaxPayload) return fail("message too large");
    ByteWriter frame;
    frame.integer(id);
    frame.integer(std::uint16_t{0});
    frame.integer(serial);
    frame.integer(static_cast<std::uint32_t>(encoder.bytes().size()));
    frame.put(encoder.bytes());
    return Frame{std::move(frame).bytes(), encoder.descriptors()};
}

// `bytes` is one packet. An error if its length is not the one that the header says.
inline Result<Header> decode_header(ByteView bytes) {
    ByteReader in(bytes);
    Header header;
    header.id = TRY(in.integer<std::uint16_t>());
    if (TRY(in.integer<std::uint16_t>()) != 0) return fail("reserved bits are set");
    header.serial = TRY(in.integer<std::uint32_t>());
    header.length = TRY(in.integer<std::uint32_t>());
    if (header.length != in.remaining()) return fail("length does not match the packet");
    return header;
}

// `frame` is a packet that decode_header() accepted. The message takes the descriptors it needs; an
// error if one is missing, or if bytes or descriptors are left.
template <Record T>
Result<T> decode(ByteView frame, std::vector<sys::Fd>& descriptors) {
    Decoder decoder(frame.subspan(kHeaderBytes), descriptors);
    T message;
    TRY(decoder.get(message));
    TRY(decoder.finish());
    return message;
}

}  // namespace bulkhead::protocol
