#include "cli/http/server.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace bulkhead::cli {

namespace {

using Clock = std::chrono::steady_clock;
using Answer = std::function<HttpAnswer(std::string_view path)>;

struct Connection {
    sys::Fd socket;
    Clock::time_point deadline;
    std::string received;
    std::string left;       // of the response
    bool answered = false;  // the response is in `left`, or sent
};

bool would_wait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

std::string response_to(const HttpRequest& request, const Answer& answer) {
    if (request.status != 200) return compose_response(request.status, "{}\n", request.head);
    const auto found = answer(request.path);
    return compose_response(found.status, found.body, request.head);
}

// False: the connection is over.
bool send_left(Connection& one) {
    const auto sent =
        ::send(one.socket.get(), one.left.data(), one.left.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return would_wait();
    one.left.erase(0, static_cast<std::size_t>(sent));
    // What is closed with unread bytes is reset, and the client may lose the answer; so its end is
    // awaited, until the deadline.
    if (one.left.empty()) ::shutdown(one.socket.get(), SHUT_WR);
    return true;
}

bool receive(Connection& one, const Answer& answer) {
    std::array<char, kMostHead> chunk{};
    const auto got = ::recv(one.socket.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got < 0) return would_wait();
    if (got == 0) return false;
    if (one.answered) return true;  // a body, or another request: nobody reads it
    one.received.append(chunk.data(), static_cast<std::size_t>(got));
    const auto request = parse_request(one.received);
    if (request.status == 0) return true;
    one.left = response_to(request, answer);
    one.answered = true;
    return send_left(one);
}

bool serve(Connection& one, short ready, const Answer& answer) {
    if ((ready & POLLIN) != 0 && !receive(one, answer)) return false;
    if ((ready & POLLOUT) != 0 && !one.left.empty() && !send_left(one)) return false;
    return (ready & (POLLERR | POLLNVAL)) == 0 && ((ready & POLLHUP) == 0 || (ready & POLLIN) != 0);
}

// All that wait. An error of one client is not the listener's (accept(2), "Error handling").
Result<> accept_all(const sys::Fd& listener, std::vector<Connection>& connections) {
    for (std::size_t i = 0; i < kMostConnections; ++i) {
        sys::Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!socket && (errno == EBADF || errno == EINVAL || errno == ENOTSOCK)) {
            return sys::fail_errno("accept");
        }
        if (!socket) return {};
        // They stand in the order in which they came.
        if (connections.size() == kMostConnections) connections.erase(connections.begin());
        connections.push_back({.socket = std::move(socket),
                               .deadline = Clock::now() + kConnectionTime,
                               .received = {},
                               .left = {}});
    }
    return {};
}

std::vector<pollfd> descriptors(const sys::Fd& listener, const std::vector<Connection>& all) {
    std::vector<pollfd> ready{{.fd = listener.get(), .events = POLLIN, .revents = 0}};
    for (const auto& one : all) {
        const int events = one.left.empty() ? POLLIN : POLLIN | POLLOUT;
        ready.push_back(
            {.fd = one.socket.get(), .events = static_cast<short>(events), .revents = 0});
    }
    return ready;
}

}  // namespace

Result<> serve_http(const sys::Fd& listener, const Answer& answer, std::chrono::milliseconds idle) {
    TRY(sys::set_nonblocking(listener, true));
    std::vector<Connection> connections;
    auto until = Clock::now() + idle;
    for (;;) {
        const auto next = connections.empty() ? until : connections.front().deadline;
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
        auto ready = descriptors(listener, connections);
        const int count = ::poll(ready.data(), ready.size(), static_cast<int>(std::max(wait, 0L)));
        if (count < 0 && errno != EINTR) return sys::fail_errno("poll");
        if (count == 0 && connections.empty() && Clock::now() >= until) return {};
        if (count > 0) {
            for (std::size_t i = connections.size(); i > 0; --i) {
                if (ready[i].revents == 0 || serve(connections[i - 1], ready[i].revents, answer))
                    continue;
                connections.erase(connections.begin() + static_cast<std::ptrdiff_t>(i - 1));
            }
            if (ready[0].revents != 0) TRY(accept_all(listener, connections));
        }
        std::erase_if(connections,
                      [](const Connection& one) { return Clock::now() >= one.deadline; });
        if (!connections.empty()) until = Clock::now() + idle;
    }
}

}  // namespace bulkhead::cli
