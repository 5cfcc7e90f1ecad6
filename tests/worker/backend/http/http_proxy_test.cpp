// Proxies, and what a server's error may not carry into a log.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/connect_proxy.hpp"
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
        for (const auto* name : {"HTTPS_PROXY", "NO_PROXY", "http_proxy", "ALL_PROXY"})
            ::unsetenv(name);
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
    settings.ca_pem = bulkhead::test::content_of(*backend_.wrong_ca_file());
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

TEST_F(Proxied, APlainRequestGoesWhereItsUrlSaysWhateverTheEnvironmentNames) {
    ReferenceBackend plain({.tls = false});
    ASSERT_TRUE(plain.start());
    HttpSettings settings{.base_url = plain.url()};
    for (const auto* name : {"http_proxy", "ALL_PROXY"}) ::setenv(name, proxy_.url().c_str(), 1);
    EXPECT_EQ(outcome(settings), "status 200");
    EXPECT_EQ(proxy_.connections(), 0) << "it would read the credential";
    settings.proxy = proxy_.url();
    outcome(settings);
    EXPECT_EQ(proxy_.connections(), 1) << "unless the operator says so here";
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

}  // namespace
}  // namespace bulkhead::worker
