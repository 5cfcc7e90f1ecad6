#include "cli/status/ask.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "cli/base/command.hpp"
#include "common/base/backend_name.hpp"
#include "common/base/strong.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTimeout{5};  // for all that is asked, together
// More than a worker says: its answer is one send(2) that does not wait, of 208 KiB at most by the
// default of net.core.wmem_default (socket(7)).
constexpr std::size_t kMostBytes = 1_MiB;
constexpr std::string_view kEnding = ".sock";

std::chrono::milliseconds left_until(Clock::time_point deadline) {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()),
                    std::chrono::milliseconds(0));
}

Result<sys::Fd> connect_to(const std::string& path, Clock::time_point deadline) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return wrong(path + ": too long for a socket");
    std::memcpy(address.sun_path, path.data(), path.size());
    sys::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return sys::fail_errno("socket");
    // SO_SNDTIMEO is the timeout of connect(2), too (socket(7)). Half of what is left, for a worker
    // that takes nobody's connection must not take the time of those after it; 0 would be no limit.
    const auto wait = std::max(left_until(deadline).count() / 2, 1L);
    const timeval timeout{.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0) {
        return sys::fail_errno("socket timeout");
    }
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(socket.get(), generic, sizeof address) != 0) {
        const auto why = sys::fail_errno(path).error();
        return fail(why.what + (why.code == EACCES ? "; ask as root or as the agent's group"
                                                   : "; is the agent running?"),
                    why.code);
    }
    return socket;
}

// The broker listens for its workers. A socket on which another listens is a stranger's: what comes
// from there is not a worker's word (unix(7), SO_PEERCRED: credentials of who called listen(2)).
Result<sys::Fd> connect_to_ours(const std::string& path, Clock::time_point deadline) {
    auto socket = TRY(connect_to(path, deadline));
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return sys::fail_errno("credentials of " + path);
    }
    if (peer.uid == 0 || peer.uid == ::geteuid()) return socket;
    return fail(path + ": user " + std::to_string(peer.uid) +
                " listens there, and not root: find out who that is");
}

Result<std::string> read_until(const sys::Fd& socket, Clock::time_point deadline) {
    std::string text;
    std::array<char, 16'384> chunk{};
    for (;;) {
        // After the deadline what has arrived is still read: the wait was for another worker.
        pollfd ready{.fd = socket.get(), .events = POLLIN, .revents = 0};
        const int polled = ::poll(&ready, 1, static_cast<int>(left_until(deadline).count()));
        if (polled == 0) return fail("the agent does not answer");
        const auto got = polled < 0 ? -1 : ::read(socket.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return sys::fail_errno("read");
        if (got == 0) return text;
        text.append(chunk.data(), static_cast<std::size_t>(got));
        if (text.size() > kMostBytes) return fail("the agent's answer is too large");
    }
}

Result<StatusJson> hear(const Result<sys::Fd>& socket, Clock::time_point deadline) {
    if (!socket) return std::unexpected(socket.error());
    return parse_bounded(TRY(read_until(*socket, deadline)));
}

}  // namespace

Asked ask_one(const std::string& socket) {
    const auto deadline = Clock::now() + kTimeout;
    return {.backend = {}, .answer = hear(connect_to_ours(socket, deadline), deadline)};
}

Result<std::vector<Asked>> ask_all(const std::string& run_dir) {
    const auto deadline = Clock::now() + kTimeout;
    const auto folder = run_dir + "/status";
    const auto directory = sys::Dir::open(folder);
    if (!directory) {
        return fail(directory.error().what + "; is the agent running?", directory.error().code);
    }
    std::vector<std::string> names;
    std::vector<Result<sys::Fd>> sockets;
    for (const auto& name : TRY(within(folder, directory->list()))) {
        const auto backend = name.substr(0, name.rfind('.'));
        if (!name.ends_with(kEnding) || !is_backend_name(backend)) continue;
        names.push_back(backend);
        sockets.push_back(connect_to_ours(folder + "/" + name, deadline));
    }
    if (names.empty()) return fail(folder + ": holds no socket; is the agent running?");
    std::vector<Asked> all;
    for (std::size_t i = 0; i < names.size(); ++i) {
        all.push_back({.backend = names[i], .answer = hear(sockets[i], deadline)});
    }
    return all;
}

}  // namespace bulkhead::cli
