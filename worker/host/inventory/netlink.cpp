#include "worker/host/inventory/netlink.hpp"

#include <libmnl/libmnl.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "common/base/strong.hpp"
#include "common/sys/fd.hpp"
#include "common/sys/loop.hpp"

namespace bulkhead::worker {

namespace {

using Socket = std::unique_ptr<mnl_socket, decltype(&mnl_socket_close)>;

// The kernel puts at most this much of a dump into one datagram (max_recvmsg_len,
// net/netlink/af_netlink.c).
constexpr std::size_t kDatagramBytes = 32_KiB;
// A dump that changed while it was read is run again; the last of these is used as it is.
constexpr std::uint32_t kTries = 5;

Result<Socket> open_socket(int protocol, std::chrono::milliseconds time) {
    Socket socket(mnl_socket_open2(protocol, SOCK_CLOEXEC), &mnl_socket_close);
    if (!socket) return sys::fail_errno("netlink socket");
    if (mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
        return sys::fail_errno("netlink bind");
    }
    const timeval longest{.tv_sec = time.count() / 1'000, .tv_usec = time.count() % 1'000 * 1'000};
    if (::setsockopt(mnl_socket_get_fd(socket.get()), SOL_SOCKET, SO_RCVTIMEO, &longest,
                     sizeof longest) != 0) {
        return sys::fail_errno("netlink SO_RCVTIMEO");
    }
    return socket;
}

Result<> ask(mnl_socket* socket, const DumpRequest& request, std::uint32_t sequence) {
    Bytes buffer(MNL_ALIGN(sizeof(nlmsghdr)) + MNL_ALIGN(request.header.size()));
    auto* message = mnl_nlmsg_put_header(buffer.data());
    message->nlmsg_type = request.type;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message->nlmsg_seq = sequence;
    std::ranges::copy(request.header, static_cast<std::byte*>(mnl_nlmsg_put_extra_header(
                                          message, request.header.size())));
    if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0) {
        return sys::fail_errno("netlink request");
    }
    return {};
}

// Returns true if the list changed while it was read (NLM_F_DUMP_INTR).
Result<bool> run_once(mnl_socket* socket, std::uint32_t sequence, sys::Clock::time_point deadline,
                      const DumpSink& sink) {
    Bytes buffer(kDatagramBytes);
    bool interrupted = false;
    for (;;) {
        if (sys::Clock::now() > deadline) return fail("netlink: the list took too long");
        const auto got = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return sys::fail_errno("netlink answer");
        bool wanted = true;
        const auto progress =
            TRY(walk_datagram(ByteView(buffer).first(static_cast<std::size_t>(got)), sequence,
                              [&](const nlmsghdr& message) -> Result<> {
                                  if (wanted) wanted = TRY(sink.take(message));
                                  return {};
                              }));
        interrupted |= progress.interrupted;
        if (!wanted) return false;
        if (progress.done) return interrupted;
    }
}

}  // namespace

Result<> run_dump(const DumpRequest& request, std::chrono::milliseconds time,
                  const DumpSink& sink) {
    const auto socket = TRY(open_socket(request.protocol, time));
    const auto deadline = sys::Clock::now() + time;
    for (std::uint32_t sequence = 1; sequence <= kTries; ++sequence) {
        sink.restart();
        TRY(ask(socket.get(), request, sequence));
        if (!TRY(run_once(socket.get(), sequence, deadline, sink))) break;
    }
    return {};
}

}  // namespace bulkhead::worker
