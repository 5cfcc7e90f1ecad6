#include "tests/malicious_worker/random_frames.hpp"

#include "common/link/channel.hpp"
#include "tests/common/protocol/random_message.hpp"

namespace bulkhead::test {

namespace {

constexpr std::size_t kLengthAt = 8;  // of the header

void set_length(Bytes& bytes) {
    if (bytes.size() < protocol::kHeaderBytes) return;
    const auto length = static_cast<std::uint32_t>(bytes.size() - protocol::kHeaderBytes);
    for (std::size_t i = 0; i < 4; ++i) {
        bytes[kLengthAt + i] = static_cast<std::byte>(length >> (8 * i));
    }
}

}  // namespace

RandomFrames::RandomFrames(unsigned seed, std::vector<int> descriptors)
    : engine_(seed), descriptors_(std::move(descriptors)) {}

protocol::Frame RandomFrames::next() {
    protocol::Frame frame;
    switch (below(8)) {
        case 0:
            frame.bytes = noise(1 + below(below(64) == 0 ? link::kMaxFrame : 96));
            break;
        case 1:
            frame = headed_noise();
            break;
        case 2:
            return request();
        default:
            frame = request();
            for (auto times = 1 + below(3); times > 0; --times) bend(frame.bytes);
            // A true length lets what was bent reach the decoder.
            if (below(4) != 0) set_length(frame.bytes);
    }
    if (below(8) == 0) shuffle_descriptors(frame);
    return frame;
}

protocol::Frame RandomFrames::next_valid() {
    for (;;) {
        auto frame = request();
        const auto id = protocol::decode_header(frame.bytes).value().id;
        if (id == protocol::Hello::spec.id || id == protocol::CancelJob::spec.id) continue;
        std::size_t most = 0;
        protocol::Requests::visit(id, [&]<class M> { most = M::spec.max_bytes; });
        if (frame.bytes.size() <= most + protocol::kHeaderBytes) return frame;
    }
}

Bytes RandomFrames::noise(std::size_t size) {
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::byte>(engine_());
    return bytes;
}

// A true header, and behind it what chance brings.
protocol::Frame RandomFrames::headed_noise() {
    ByteWriter out;
    out.integer(static_cast<std::uint16_t>(below(4) == 0 ? engine_() : below(18)));
    out.integer(std::uint16_t{0});
    out.integer(static_cast<std::uint32_t>(engine_()));
    const auto payload = noise(below(40));
    out.integer(static_cast<std::uint32_t>(payload.size()));
    out.put(payload);
    return {std::move(out).bytes(), {}};
}

protocol::Frame RandomFrames::request() {
    const auto seed = static_cast<unsigned>(engine_());
    const auto which = below(protocol::Requests::kCount);
    std::uint64_t number = 0;
    protocol::Frame frame;
    protocol::Requests::each([&]<class M> {
        if (number++ != which) return;
        const auto message = protocol::RandomValues(seed).make<M>();
        frame = protocol::encode(M::spec.id, seed, message).value();
    });
    // Those of the message end here; ours stand in for them.
    for (auto& fd : frame.descriptors) fd = descriptors_[below(descriptors_.size())];
    return frame;
}

void RandomFrames::bend(Bytes& bytes) {
    constexpr std::uint8_t kOften[] = {0x00, 0x01, 0x02, 0x7f, 0x80, 0xfe, 0xff};
    const auto at = below(bytes.size());
    const auto offset = static_cast<std::ptrdiff_t>(at);
    switch (below(5)) {
        case 0:
            bytes[at] ^= static_cast<std::byte>(1U << below(8));
            break;
        case 1:
            bytes[at] = static_cast<std::byte>(kOften[below(std::size(kOften))]);
            break;
        case 2:
            bytes.insert(bytes.begin() + offset, static_cast<std::byte>(engine_()));
            break;
        case 3:
            if (bytes.size() > 1) bytes.erase(bytes.begin() + offset);
            break;
        default:
            if (at > 0) bytes.resize(at);
    }
}

void RandomFrames::shuffle_descriptors(protocol::Frame& frame) {
    const auto count = below(16) == 0 ? below(link::kMaxDescriptors) : below(5);
    frame.descriptors.resize(count);
    for (auto& fd : frame.descriptors) fd = descriptors_[below(descriptors_.size())];
}

}  // namespace bulkhead::test
