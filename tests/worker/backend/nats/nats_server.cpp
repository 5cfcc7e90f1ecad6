#include "tests/worker/backend/nats/nats_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "common/base/parse.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::worker::test {

using namespace std::chrono_literals;

std::string NatsServer::program() {
    for (const char* path : {"/usr/sbin/nats-server", "/usr/bin/nats-server"}) {
        if (::access(path, X_OK) == 0) return path;
    }
    return "";
}

NatsServer::NatsServer(std::string settings) : settings_(std::move(settings)) {}

bool NatsServer::start() {
    const auto config = directory_ / "config";
    std::ofstream(config) << "host: \"127.0.0.1\"\nport: " << port_ << "\nports_file_dir: \""
                          << directory_.path() << "\"\nlog_file: \"" << (directory_ / "log")
                          << "\"\ntrace: true\n"
                          << settings_ << "\n";
    const auto path = program();
    process_ = ::fork();
    if (process_ == 0) {
        const int null = ::open("/dev/null", O_RDWR);
        for (const int fd : {0, 1, 2}) ::dup2(null, fd);
        ::execl(path.c_str(), "nats-server", "-c", config.c_str(), nullptr);
        ::_exit(127);
    }
    const auto ports = directory_ / ("nats-server_" + std::to_string(process_) + ".ports");
    return bulkhead::test::eventually(
        [&] {
            const auto text = bulkhead::test::content_of(ports);
            const auto at = text.find("127.0.0.1:");
            if (at == text.npos) return false;
            port_ = std::atoi(text.c_str() + at + 10);
            return port_ > 0;
        },
        20s);
}

void NatsServer::stop() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
}

std::string NatsServer::log() const {
    auto text = bulkhead::test::content_of(directory_ / "log");
    for (auto at = text.find("\\\""); at != text.npos; at = text.find("\\\"", at)) {
        text.erase(at, 1);
    }
    return text;
}

std::size_t NatsServer::logged(const std::string& text) const { return count_of(text, log()); }

std::size_t count_of(const std::string& part, const std::string& text) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) {
        ++count;
    }
    return count;
}

TalkingServer::TalkingServer(Talk talk)
    : talk_(std::move(talk)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    ::bind(listener_.get(), any, size);
    ::listen(listener_.get(), 8);
    ::getsockname(listener_.get(), any, &size);
    port_ = ::ntohs(address.sin_port);
    thread_ = std::thread([this] {
        while (!ending_) {
            const sys::Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!peer || ending_) continue;
            ++connections_;
            talk_(peer.get());
        }
    });
}

TalkingServer::~TalkingServer() {
    ending_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
}

bool TalkingServer::say(int fd, const std::string& text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
        const auto count = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) return false;
        sent += static_cast<std::size_t>(count);
    }
    return true;
}

std::string TalkingServer::hear(int fd, std::chrono::milliseconds quiet) {
    std::string heard;
    for (;;) {
        pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
        if (::poll(&one, 1, static_cast<int>(quiet.count())) <= 0) return heard;
        char buffer[4096];
        const auto got = ::recv(fd, buffer, sizeof(buffer), 0);
        if (got <= 0) return heard;
        heard.append(buffer, static_cast<std::size_t>(got));
    }
}

}  // namespace bulkhead::worker::test
