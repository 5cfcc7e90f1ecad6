// Channel: one end of a SOCK_SEQPACKET socketpair (unix(7)). One frame is one packet, with the
// frame's descriptors as SCM_RIGHTS.
#pragma once
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::link {

// Bytes of the longest frame: a payload of 32 KiB and room for the header. A longer packet is a
// violation of the protocol.
inline constexpr std::size_t kMaxFrame = 32 * 1024 + 16;
// Descriptors of one packet. The kernel allows 253 (SCM_MAX_FD, unix(7)); the largest message has
// two pipe ends for each unreported job.
inline constexpr std::size_t kMaxDescriptors = 128;

struct Packet {
    Bytes bytes;
    std::vector<sys::Fd> descriptors;
};

class Channel {
  public:
    // Both ends are close-on-exec and blocking.
    static Result<std::pair<Channel, Channel>> pair();
    explicit Channel(sys::Fd fd) : fd_(std::move(fd)) {}

    // Never blocks, so that a peer cannot stop the broker by not reading. Errors: code EAGAIN if
    // the socket buffer is full, EPIPE if the peer has closed its end, Kind::too_large above
    // kMaxFrame bytes or kMaxDescriptors.
    Result<> send(ByteView bytes, std::span<const int> descriptors = {}) const;
    // The next packet, or nothing if the peer has closed its end. It waits if the descriptor is
    // blocking; else the error has code EAGAIN when there is no packet. A packet above kMaxFrame
    // bytes or kMaxDescriptors is Kind::malformed. Received descriptors are close-on-exec.
    Result<std::optional<Packet>> receive() const;
    // True if there is a packet, and it has descriptors. None of them is received, and nothing is
    // waited for.
    bool next_has_descriptors() const;

    int fd() const { return fd_.get(); }
    const sys::Fd& descriptor() const { return fd_; }
    sys::Fd take() && { return std::move(fd_); }

  private:
    sys::Fd fd_;
};

}  // namespace bulkhead::link
