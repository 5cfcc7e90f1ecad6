// Proxies, and what a server's error may not carry into a log.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "common/base/bytes.hpp"
#include "common/base/parse.hpp"
#include "tests/support/connect_proxy.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"
#include "tests/worker/backend/caller.hpp"
#include "tests/worker/backend/http/raw_server.hpp"
#include "worker/backend/dialect/http_status.hpp"

namespace bulkhead::worker {
namespace {

using bulkhead::test::ConnectProxy;
using reference::ReferenceBackend;
using test::Caller;

class Proxied : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(backend_.start()); }
    void TearDown() override {
        for (const auto* name : kVariables) ::unsetenv(name);
    }
    std::string outcome(HttpSettings settings) {
        return Caller(std::move(settings)).trouble({.path = "/health"});
    }

    HttpSettings proxied() {
        auto settings = test::settings_for(backend_);
        settings.proxy = parse_proxy(proxy_.url()).value();
        return settings;
    }
    static constexpr std::array kVariables{"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy",
                                           "http_proxy",  "NO_PROXY",    "no_proxy"};
    ReferenceBackend backend_;
    ConnectProxy proxy_;
};

TEST_F(Proxied, ThroughTheOneThatIsConfigured) {
    EXPECT_EQ(outcome(proxied()), "status 200");
    EXPECT_EQ(proxy_.connections(), 1);
    EXPECT_EQ(proxy_.asked(), "CONNECT 127.0.0.1:" + std::to_string(backend_.port()) + " HTTP/1.1");
}

TEST_F(Proxied, TheServersCertificateIsCheckedBehindItToo) {
    auto settings = proxied();
    settings.ca_pem = bulkhead::test::content_of(*backend_.wrong_ca_file());
    EXPECT_NE(outcome(settings).find("certificate"), std::string::npos);
    EXPECT_TRUE(backend_.requests().empty());
}

TEST_F(Proxied, WhateverLibcurlWouldTakeFromTheEnvironment) {
    for (const auto* name : kVariables) ::setenv(name, proxy_.url().c_str(), 1);
    EXPECT_EQ(outcome(test::settings_for(backend_)), "status 200");
    ReferenceBackend plain({.tls = false});
    ASSERT_TRUE(plain.start());
    EXPECT_EQ(outcome({.base_url = plain.url()}), "status 200");
    EXPECT_EQ(proxy_.connections(), 0);
    for (const auto* name : {"NO_PROXY", "no_proxy"}) ::setenv(name, "*", 1);
    EXPECT_EQ(outcome(proxied()), "status 200");
    EXPECT_EQ(proxy_.connections(), 1);
}

// HttpClient::connect(): libcurl connects, and the socket is ours.
TEST_F(Proxied, AConnectionOfAnotherProtocolIsHandedOverWithNothingSentOnIt) {
    for (const bool by_proxy : {false, true}) {
        auto settings = by_proxy ? proxied() : test::settings_for(backend_);
        Caller caller(std::move(settings));
        std::optional<Result<sys::Fd>> made;
        ReferenceBackend plain({.tls = false});
        ASSERT_TRUE(plain.start());
        const auto port = static_cast<std::uint16_t>(plain.port());
        caller.client().connect("127.0.0.1", port, "telemetry.url",
                                [&](Result<sys::Fd> socket) { made = std::move(socket); });
        ASSERT_TRUE(caller.run_until([&] { return made.has_value(); }));
        ASSERT_OK(*made);
        EXPECT_EQ(proxy_.connections(), by_proxy ? 1 : 0);
        const std::string request = "GET /health HTTP/1.0\r\n\r\n";
        ASSERT_EQ(::send((**made).get(), request.data(), request.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(request.size()));
        std::array<char, 64> answer{};
        ASSERT_TRUE(bulkhead::test::eventually(
            [&] { return ::recv((**made).get(), answer.data(), answer.size(), 0) > 0; },
            std::chrono::seconds(10)))
            << "it does not block";
        EXPECT_TRUE(std::string(answer.data(), 8).starts_with("HTTP/1."));
        EXPECT_EQ(plain.requests().size(), 1U) << "what was sent is ours alone";
        // The handle is used again for a request as any other.
        EXPECT_EQ(caller.trouble({.path = "/health"}), "status 200");
    }
}

TEST_F(Proxied, AConnectionThatCannotBeMadeIsToldWithItsSetting) {
    Caller caller(test::settings_for(backend_));
    std::optional<Result<sys::Fd>> made;
    caller.client().connect("127.0.0.1", 9, "telemetry.url",
                            [&](Result<sys::Fd> socket) { made = std::move(socket); });
    ASSERT_TRUE(caller.run_until([&] { return made.has_value(); }));
    ASSERT_FALSE(made->has_value());
    EXPECT_NE(made->error().what.find("nobody listens on 127.0.0.1:9; is it running, and is "
                                      "telemetry.url"),
              std::string::npos)
        << made->error().what;
    made.reset();
    const auto id = caller.client().connect(
        "127.0.0.1", 9, "telemetry.url", [&](Result<sys::Fd> socket) { made = std::move(socket); });
    caller.client().cancel(id);
    EXPECT_EQ(caller.trouble({.path = "/health"}), "status 200");
    EXPECT_FALSE(made.has_value());
}

TEST_F(Proxied, UnlessAnExceptionCoversTheUrl) {
    auto settings = proxied();
    settings.proxy.exceptions = "example.com, 127.0.0.0/8";
    EXPECT_EQ(outcome(settings), "status 200");
    EXPECT_EQ(proxy_.connections(), 0);
}

TEST_F(Proxied, PlainHttpGoesThroughTheOneThatIsForItToo) {
    ReferenceBackend plain({.tls = false});
    ASSERT_TRUE(plain.start());
    HttpSettings settings{.base_url = plain.url(), .proxy = parse_proxy(proxy_.url()).value()};
    settings.proxy.https_only = true;
    EXPECT_EQ(outcome(settings), "status 200");
    EXPECT_EQ(proxy_.connections(), 0) << "it would read the credential";
    settings.proxy.https_only = false;
    outcome(settings);
    EXPECT_EQ(proxy_.connections(), 1);
}

TEST_F(Proxied, TheLoginIsSentAsItIsWhateverItIsMadeOf) {
    for (const std::string password : {"hunter2#x", "p@ss:w/rd", "100%41", "p\xc3\xa4ss", ""}) {
        auto settings = proxied();
        settings.proxy.login = proxy_login_of_line("bob:" + password).value();
        EXPECT_EQ(outcome(settings), "status 200");
        const auto expected =
            "Proxy-Authorization: Basic " + to_base64(as_bytes("bob:" + password));
        EXPECT_NE(proxy_.header().find(expected + "\r\n"), std::string::npos) << proxy_.header();
    }
}

TEST_F(Proxied, ANewLoginIsUsedFromTheNextConnectionOn) {
    auto settings = proxied();
    settings.proxy.login = proxy_login_of_line("bob:old").value();
    Caller caller(settings);
    proxy_.refuse("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    caller.trouble({.path = "/health"});
    caller.client().use_proxy_login(proxy_login_of_line("bob:new").value());
    proxy_.refuse("");
    EXPECT_EQ(caller.trouble({.path = "/health"}), "status 200");
    EXPECT_NE(proxy_.header().find(to_base64(as_bytes("bob:new"))), std::string::npos);
}

// What the proxy repeats of the login, and whichever way it refuses.
TEST_F(Proxied, ARefusalOfTheLoginIsNamedAndDoesNotRepeatIt) {
    const std::string echo = "hunter2#x hunter2%23x " + to_base64(as_bytes("bob:hunter2#x"));
    for (const bool tls : {true, false}) {
        ReferenceBackend plain({.tls = false});
        ASSERT_TRUE(plain.start());
        auto settings = proxied();
        if (!tls) settings.base_url = plain.url();
        settings.proxy.login = proxy_login_of_line("bob:hunter2#x").value();
        for (const auto& status : std::vector<std::string>{"407 Proxy " + echo, "403 " + echo,
                                                           "502 " + echo, echo + " 200"}) {
            proxy_.refuse("HTTP/1.1 " + status + "\r\nX-Echo: " + echo + "\r\nLocation: http://e/" +
                          echo + "\r\nContent-Length: " + std::to_string(echo.size()) + "\r\n\r\n" +
                          echo);
            Caller caller(settings);
            const auto verdict = caller.speak(
                Exchange<>{.request = {.path = "/"}, .judge = [](const HttpAnswer& said) {
                               return Answer<>(judge_failure(said, said.body + said.location));
                           }});
            ASSERT_FALSE(verdict);
            const auto& text = verdict.error().text;
            EXPECT_EQ(text.find("hunter2"), text.npos) << text;
            EXPECT_EQ(text.find(to_base64(as_bytes("bob:hunter2#x"))), text.npos) << text;
            if (!status.starts_with("407")) continue;
            EXPECT_NE(text.find("see proxy_credential_file"), text.npos) << text;
            EXPECT_EQ(verdict.error().kind, Failure::Kind::retry) << "the backend refused nothing";
        }
    }
}

TEST(Concealed, ASecretThatTheServerRepeatsIsNotInItsErrors) {
    test::RawServer server([](const std::string&, const test::RawServer::Say& say) {
        say("HTTP/1.1 302 Found\r\nLocation: http://evil.example/?key=hush-hush\r\n"
            "Content-Length: 35\r\n\r\nhush-hush is a wrong key: hush-hush");
    });
    Caller caller({.base_url = server.url()});
    caller.client().redact({Secret("of yesterday")});
    caller.client().redact({Secret("hush-hush"), Secret("")});
    const auto answer = caller.call({.path = "/"});
    ASSERT_OK(answer);
    EXPECT_EQ(answer->body, "[secret] is a wrong key: [secret]");
    EXPECT_EQ(answer->location, "http://evil.example/?key=[secret]");
}

// What stands in a secret's place may hold one as well, and secrets may overlap.
TEST(Concealed, WhateverTheSecretsAre) {
    test::RawServer server([](const std::string&, const test::RawServer::Say& say) {
        say("HTTP/1.1 500 No\r\nContent-Length: 35\r\n\r\nbad secret, secretive, aaaaa abcdef");
    });
    Caller caller({.base_url = server.url()});
    caller.client().redact(
        {Secret("secret"), Secret("cret"), Secret("aaaa"), Secret("abcd"), Secret("cdef")});
    const auto answer = caller.call({.path = "/"});
    ASSERT_OK(answer);
    EXPECT_EQ(answer->body, "bad [secret], [secret]ive, [secret] [secret]");
}

TEST(Concealed, NorInTheReasonWhyAnAnswerWithoutErrorIsNoSuccess) {
    test::RawServer server([](const std::string&, const test::RawServer::Say& say) {
        say("HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\nhush-hush: unknown");
    });
    Caller caller({.base_url = server.url()});
    caller.client().redact({Secret("hush-hush")});
    const auto verdict =
        caller.speak(Exchange<>{.request = {.path = "/"}, .judge = [](const auto& said) {
                                    return failure(Failure::Kind::refused, said.body);
                                }});
    EXPECT_EQ(verdict.error().text, "[secret]: unknown");
}

// A text that quotes an answer cuts it, and may cut a secret in two.
TEST(Concealed, NorAPartOfItWhereTheTextIsCut) {
    for (const std::size_t before : {240, 250, 252, 255, 256}) {
        const std::string body = std::string(before, 'x') + R"(hush"\hush-hush)";
        test::RawServer server([&](const std::string&, const test::RawServer::Say& say) {
            say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                body);
        });
        Caller caller({.base_url = server.url()});
        caller.client().redact({Secret(R"(hush"\hush-hush)")});
        const auto verdict =
            caller.speak(Exchange<>{.request = {.path = "/"}, .judge = [](const auto& said) {
                                        return Answer<>(judge_failure(said, said.body));
                                    }});
        EXPECT_EQ(verdict.error().text.find("hush"), std::string::npos) << verdict.error().text;
    }
}

}  // namespace
}  // namespace bulkhead::worker
