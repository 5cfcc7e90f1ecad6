#include "tests/backend/connection.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace bulkhead::reference {
namespace {

constexpr std::size_t kInputBytes = 64 * 1024;
constexpr std::size_t kGatherBytes = 64 * 1024;

void name_of(const sockaddr_in& address, std::string& ip, int& port) {
    char text[INET_ADDRSTRLEN] = {};
    if (inet_ntop(AF_INET, &address.sin_addr, text, sizeof text) != nullptr) ip = text;
    port = ntohs(address.sin_port);
}

template <class Ask>
void ask_address(int fd, Ask ask, std::string& ip, int& port) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (ask(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) name_of(address, ip, port);
}

}  // namespace

Connection::Connection(int fd, SSL_CTX* tls) : fd_(fd), input_(kInputBytes) {
    // Programs that a test starts must not inherit the socket.
    fcntl(fd_, F_SETFD, FD_CLOEXEC);
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    SSL_set_fd(ssl_.get(), fd_);
}

Connection::~Connection() {
    if (ssl_ && !broken_) SSL_shutdown(ssl_.get());
    ssl_.reset();
    ::close(fd_);
}

bool Connection::handshake() {
    if (ssl_ && SSL_accept(ssl_.get()) != 1) broken_ = true;
    return !broken_;
}

bool Connection::wait_for_request(std::chrono::milliseconds longest) {
    if (broken_) return false;
    if (input_next_ < input_end_ || (ssl_ && SSL_has_pending(ssl_.get()) != 0)) return true;
    pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
    int answer = 0;
    do {
        answer = ::poll(&ready, 1, static_cast<int>(longest.count()));
    } while (answer < 0 && errno == EINTR);
    // The end of the connection is reported as readable too. refill() fails then, so that it is not
    // taken for a malformed request.
    return answer > 0 && refill();
}

bool Connection::refill() {
    if (!flush()) return false;
    const auto room = static_cast<int>(input_.size());
    const auto count = ssl_ ? SSL_read(ssl_.get(), input_.data(), room)
                            : static_cast<int>(::recv(fd_, input_.data(), input_.size(), 0));
    input_next_ = 0;
    input_end_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    if (count <= 0) broken_ = true;
    return count > 0;
}

ssize_t Connection::read(char* to, std::size_t size) {
    if (broken_) return -1;
    if (input_next_ == input_end_ && !refill()) return 0;
    const auto count = std::min(size, input_end_ - input_next_);
    std::memcpy(to, input_.data() + input_next_, count);
    input_next_ += count;
    return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* from, std::size_t size) {
    if (broken_) return -1;
    output_.append(from, size);
    if (output_.size() >= kGatherBytes && !flush()) return -1;
    return static_cast<ssize_t>(size);
}

bool Connection::flush() {
    std::size_t sent = 0;
    while (!broken_ && sent < output_.size()) {
        const auto left = output_.size() - sent;
        const auto count =
            ssl_ ? SSL_write(ssl_.get(), output_.data() + sent, static_cast<int>(left))
                 : static_cast<int>(::send(fd_, output_.data() + sent, left, MSG_NOSIGNAL));
        if (count <= 0)
            broken_ = true;
        else
            sent += static_cast<std::size_t>(count);
    }
    output_.clear();
    return !broken_;
}

void Connection::cut() {
    broken_ = true;
    output_.clear();
    ::shutdown(fd_, SHUT_RDWR);
}

bool Connection::caller_left(std::chrono::milliseconds within) const {
    pollfd state{.fd = fd_, .events = POLLRDHUP, .revents = 0};
    return ::poll(&state, 1, static_cast<int>(within.count())) > 0;
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
    ask_address(fd_, ::getpeername, ip, port);
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
    ask_address(fd_, ::getsockname, ip, port);
}

}  // namespace bulkhead::reference
