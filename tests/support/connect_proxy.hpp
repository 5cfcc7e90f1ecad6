// ConnectProxy: an HTTP proxy on a loopback port that knows CONNECT (RFC 9110, 9.3.6) only.
#pragma once
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/sys/fd.hpp"

namespace bulkhead::test {

// It connects to ports of 127.0.0.1 only.
class ConnectProxy {
  public:
    ConnectProxy() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in here{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof here;
        auto* const name = reinterpret_cast<sockaddr*>(&here);
        EXPECT_EQ(::bind(listener_.get(), name, size), 0);
        EXPECT_EQ(::listen(listener_.get(), 4), 0);
        EXPECT_EQ(::getsockname(listener_.get(), name, &size), 0);
        port_ = ntohs(here.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~ConnectProxy() {
        ending_ = true;
        thread_.join();
        for (auto& tunnel : tunnels_) tunnel.join();
    }
    int port() const { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    int connections() const { return connections_; }
    // The first line of the last request. Call it when no request is under way: it takes no lock.
    const std::string& asked() const { return asked_; }
    // All of its header, to the same rule.
    const std::string& header() const { return header_; }
    // Says this to each request from now on, and closes the connection.
    void refuse(std::string answer) {
        const std::lock_guard lock(asking_);
        refusal_ = std::move(answer);
    }

  private:
    // Waits until `fd` is readable; false once the destructor has begun.
    bool readable(const sys::Fd& fd) const {
        pollfd wanted{.fd = fd.get(), .events = POLLIN};
        while (::poll(&wanted, 1, 20) == 0) {
            if (ending_) return false;
        }
        return true;
    }
    void serve() {
        while (readable(listener_)) {
            sys::Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            ++connections_;
            tunnels_.emplace_back([this, client = std::move(client)] { tunnel(client); });
        }
    }
    void tunnel(const sys::Fd& client) {
        std::array<char, 4096> buffer{};
        std::string request;
        while (!request.ends_with("\r\n\r\n") && readable(client)) {
            const auto got = ::recv(client.get(), buffer.data(), buffer.size(), 0);
            if (got <= 0) return;
            request.append(buffer.data(), static_cast<std::size_t>(got));
        }
        const auto first = request.substr(0, request.find('\r'));
        std::string refusal;
        {
            const std::lock_guard lock(asking_);
            asked_ = first;
            header_ = request;
            refusal = refusal_;
        }
        if (!refusal.empty()) {
            ::send(client.get(), refusal.data(), refusal.size(), MSG_NOSIGNAL);
            return;
        }
        const auto colon = first.find(':');
        if (!first.starts_with("CONNECT 127.0.0.1:") || colon == first.npos) return;
        const sys::Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto port = static_cast<std::uint16_t>(std::stoi(first.substr(colon + 1)));
        const sockaddr_in there{
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) {
            return;
        }
        constexpr std::string_view kYes = "HTTP/1.1 200 Connection established\r\n\r\n";
        ::send(client.get(), kYes.data(), kYes.size(), MSG_NOSIGNAL);
        for (;;) {
            std::array<pollfd, 2> ends{pollfd{.fd = client.get(), .events = POLLIN},
                                       pollfd{.fd = server.get(), .events = POLLIN}};
            if (::poll(ends.data(), ends.size(), 20) == 0) {
                if (ending_) return;
                continue;
            }
            for (std::size_t i = 0; i < 2; ++i) {
                if (ends[i].revents == 0) continue;
                const auto got = ::recv(ends[i].fd, buffer.data(), buffer.size(), 0);
                if (got <= 0) return;
                ::send(ends[1 - i].fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
            }
        }
    }

    sys::Fd listener_;
    int port_ = 0;
    std::atomic<bool> ending_ = false;
    std::atomic<int> connections_ = 0;
    std::mutex asking_;
    std::string asked_;
    std::string header_;
    std::string refusal_;
    std::vector<std::thread> tunnels_;
    std::thread thread_;
};

}  // namespace bulkhead::test
