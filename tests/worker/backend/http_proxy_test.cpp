// Proxies, and what a server's error may not carry into a log.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>

#include "tests/worker/backend/caller.hpp"
#include "tests/worker/backend/raw_server.hpp"

namespace bulkhead::worker {
namespace {

using reference::ReferenceBackend;
using test::Caller;

// CONNECT to a port of this host, for one connection after the other.
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
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    int connections() const { return connections_; }
    // The first line of the last request; read it when nothing is under way.
    const std::string& asked() const { return asked_; }

  private:
    // False when it is time to end.
    bool readable(const sys::Fd& fd) const {
        pollfd wanted{.fd = fd.get(), .events = POLLIN};
        while (::poll(&wanted, 1, 20) == 0) {
            if (ending_) return false;
        }
        return true;
    }
    void serve() {
        while (readable(listener_)) {
            const sys::Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            ++connections_;
            tunnel(client);
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
        asked_ = request.substr(0, request.find('\r'));
        const auto colon = asked_.find(':');
        if (!asked_.starts_with("CONNECT 127.0.0.1:") || colon == asked_.npos) return;
        const sys::Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto port = static_cast<std::uint16_t>(std::stoi(asked_.substr(colon + 1)));
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
    std::string asked_;
    std::thread thread_;
};

class Proxied : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(backend_.start()); }
    void TearDown() override {
        for (const auto* name : {"HTTPS_PROXY", "NO_PROXY"}) ::unsetenv(name);
    }
    std::string outcome(HttpSettings settings) {
        return Caller(std::move(settings)).trouble({.path = "/health"});
    }

    ReferenceBackend backend_;
    ConnectProxy proxy_;
};

TEST_F(Proxied, ThroughTheOneThatIsConfigured) {
    auto settings = test::settings_for(backend_);
    settings.proxy = proxy_.url();
    EXPECT_EQ(outcome(settings), "status 200");
    EXPECT_EQ(proxy_.connections(), 1);
    EXPECT_EQ(proxy_.asked(), "CONNECT 127.0.0.1:" + std::to_string(backend_.port()) + " HTTP/1.1");
}

TEST_F(Proxied, TheServersCertificateIsCheckedBehindItToo) {
    auto settings = test::settings_for(backend_);
    settings.proxy = proxy_.url();
    settings.ca_pem = test::read_whole_file(*backend_.wrong_ca_file());
    EXPECT_NE(outcome(settings).find("certificate"), std::string::npos);
    EXPECT_TRUE(backend_.requests().empty());
}

TEST_F(Proxied, ThroughTheEnvironmentsUnlessItNamesAnException) {
    ::setenv("HTTPS_PROXY", proxy_.url().c_str(), 1);
    EXPECT_EQ(outcome(test::settings_for(backend_)), "status 200");
    EXPECT_EQ(proxy_.connections(), 1);
    ::setenv("NO_PROXY", "example.com,127.0.0.1", 1);
    EXPECT_EQ(outcome(test::settings_for(backend_)), "status 200");
    EXPECT_EQ(proxy_.connections(), 1) << "not asked this time";
}

TEST(Concealed, ASecretThatTheServerRepeatsIsNotInItsErrors) {
    test::RawServer server([](const std::string&, const test::RawServer::Say& say) {
        say("HTTP/1.1 302 Found\r\nLocation: http://evil.example/?key=hush-hush\r\n"
            "Content-Length: 35\r\n\r\nhush-hush is a wrong key: hush-hush");
    });
    Caller caller({.base_url = server.url()});
    caller.client().conceal(Secret("hush-hush"));
    caller.client().conceal(Secret(""));
    const auto answer = caller.call({.path = "/"});
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->body, "[secret] is a wrong key: [secret]");
    EXPECT_EQ(answer->location, "http://evil.example/?key=[secret]");
}

}  // namespace
}  // namespace bulkhead::worker
