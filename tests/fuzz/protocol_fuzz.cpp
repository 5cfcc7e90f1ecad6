// A packet as either side may receive it: the first byte says how many descriptors ride along and
// as what it is read (request, reply or event), the rest is the frame. What is taken must be
// spelled in one way only: encoded again it gives the same bytes and as many descriptors.
#include <fcntl.h>

#include "common/protocol/codec.hpp"
#include "common/protocol/events.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

namespace {

enum class Kind : std::uint8_t { request, reply, event };

std::vector<sys::Fd> some_descriptors(std::size_t count) {
    // Numbers that nothing has open: the decoder only hands them on, and closing one is harmless.
    std::vector<sys::Fd> fds;
    for (std::size_t i = 0; i < count; ++i) fds.emplace_back(1'000'000 + static_cast<int>(i));
    return fds;
}

template <protocol::Record T>
void read_as(const protocol::Header& header, ByteView frame, std::size_t count) {
    auto descriptors = some_descriptors(count);
    const auto message = protocol::decode<T>(frame, descriptors);
    if (!message) {
        fuzz::require(!message.error().what.empty());
        return;
    }
    const auto again = protocol::encode(header.id, header.serial, *message);
    fuzz::require(again && std::ranges::equal(again->bytes, frame) &&
                  again->descriptors.size() == count);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t count = data[0] & 0x3fU;
    const auto kind = static_cast<Kind>(data[0] >> 6);
    const auto frame = as_bytes(fuzz::text(data + 1, size - 1));
    const auto header = protocol::decode_header(frame);
    if (!header) return 0;
    fuzz::require(header->length + protocol::kHeaderBytes == frame.size());
    if (header->length > protocol::kMaxPayload) return 0;
    const auto request = [&]<class M> { read_as<M>(*header, frame, count); };
    const auto reply = [&]<class M> { read_as<typename M::Reply>(*header, frame, count); };
    if (kind == Kind::request) {
        protocol::Requests::visit(header->id, request);
        protocol::ReaderRequests::visit(header->id, request);
        protocol::LoaderRequests::visit(header->id, request);
    }
    if (kind == Kind::reply) {
        protocol::Requests::visit(header->id, reply);
        protocol::ReaderRequests::visit(header->id, reply);
        protocol::LoaderRequests::visit(header->id, reply);
    }
    if (kind == Kind::event) protocol::Events::visit(header->id, request);
    return 0;
}
