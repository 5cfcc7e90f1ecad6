// Channel: one end of the SOCK_SEQPACKET socketpair. A frame is one packet; descriptors ride with
// it.
#pragma once
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::link {

// Payload of 32 KiB and the frame header; a longer packet is a protocol violation.
inline constexpr std::size_t kMaxFrame = 32 * 1024 + 16;
// SCM_MAX_FD is 253 (unix(7)); no message needs more than two pipe ends for each unreported job.
inline constexpr std::size_t kMaxDescriptors = 128;

struct Packet {
    Bytes bytes;
    std::vector<sys::Fd> descriptors;
};

class Channel {
  public:
    static Result<std::pair<Channel, Channel>> pair();
    explicit Channel(sys::Fd fd) : fd_(std::move(fd)) {}

    // Never blocks: a peer that does not read is an error (EAGAIN), so root cannot be held up; one
    // that is gone is EPIPE.
    Result<> send(ByteView bytes, std::span<const int> descriptors = {}) const;
    // Waits if the descriptor is blocking. Nothing: the peer is gone. EAGAIN when there is no
    // packet. A packet that is too long or has too many descriptors is Kind::malformed.
    Result<std::optional<Packet>> receive() const;

    int fd() const { return fd_.get(); }
    const sys::Fd& descriptor() const { return fd_; }

  private:
    sys::Fd fd_;
};

}  // namespace bulkhead::link
