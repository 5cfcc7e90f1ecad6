#include "worker/config/environment_proxy.hpp"

#include "tests/worker/config/sources.hpp"

namespace bulkhead::worker {
namespace {

using Environment = std::map<std::string, std::string>;

Config with(const Environment& environment, std::string file = "backend: {url: https://b}") {
    auto sources = test::from_file(std::move(file));
    sources.environment = environment;
    return test::parsed(sources);
}
std::string trouble(const Environment& environment,
                    std::string file = "backend: {url: https://b}") {
    auto sources = test::from_file(std::move(file));
    sources.environment = environment;
    return test::problems(sources);
}
std::string proxy_of(const Environment& environment) {
    return with(environment).backends[0].proxy.url;
}

TEST(EnvironmentProxy, TheFirstThatIsNotEmptyCountsForHttps) {
    EXPECT_EQ(proxy_of({}), "");
    EXPECT_EQ(proxy_of({{"HTTPS_PROXY", "a:1"}}), "http://a:1");
    EXPECT_EQ(proxy_of({{"HTTPS_PROXY", "a:1"}, {"https_proxy", "b:1"}}), "http://b:1");
    EXPECT_EQ(proxy_of({{"HTTPS_PROXY", "a:1"}, {"https_proxy", ""}}), "http://a:1");
    EXPECT_EQ(proxy_of({{"ALL_PROXY", "a:1"}, {"all_proxy", "socks5://b"}}), "socks5://b:1080");
    EXPECT_EQ(proxy_of({{"ALL_PROXY", "a:1"}, {"HTTPS_PROXY", "b:1"}}), "http://b:1");
    EXPECT_EQ(proxy_of({{"http_proxy", "a:1"}, {"HTTP_PROXY", "a:1"}}), "");
    EXPECT_TRUE(with({{"HTTPS_PROXY", "a:1"}}).backends[0].proxy.https_only);
}

TEST(EnvironmentProxy, ItsLoginIsKeptApart) {
    const auto config = with({{"HTTPS_PROXY", "http://bob:hunter2@a:1"}, {"no_proxy", "x"}});
    const auto& proxy = config.backends[0].proxy;
    EXPECT_EQ(proxy.url, "http://a:1");
    EXPECT_EQ(proxy.login.reveal(), "bob:hunter2");
    EXPECT_EQ(proxy.exceptions, "x");
}

TEST(EnvironmentProxy, WhatIsWrongIsToldWithTheVariableAndWithoutTheText) {
    const auto text = trouble({{"HTTPS_PROXY", "http://bob:hunter2#x@127.0.0.1:8080"}});
    EXPECT_TRUE(text.starts_with("HTTPS_PROXY: ")) << text;
    EXPECT_NE(text.find("# is %23"), text.npos) << text;
    EXPECT_EQ(text.find("hunter2"), text.npos) << text;
    EXPECT_EQ(text.find("bob"), text.npos) << text;
    EXPECT_NE(trouble({{"ALL_PROXY", "gopher://p"}}), "");
    EXPECT_NE(trouble({{"HTTPS_PROXY", "p:1"}, {"NO_PROXY", "\xff"}}), "");
    EXPECT_NE(trouble({{"HTTPS_PROXY", "p:1#"}}, "backend: {url: https://b, proxy: http://p:1}"),
              "")
        << "what a stronger source overrides is checked all the same";
    EXPECT_EQ(trouble({{"HTTPS_PROXY", "p:1#"}},
                      "backends:\n  - {name: a, url: https://a}\n  - {name: b, url: https://b}\n"),
              trouble({{"HTTPS_PROXY", "p:1#"}}))
        << "once";
}

TEST(EnvironmentProxy, TheSettingWinsOverAllOfThem) {
    const auto config = with({{"HTTPS_PROXY", "http://bob:hunter2@a:1"}, {"NO_PROXY", "*"}},
                             "backend: {url: https://b, proxy: http://p:1}");
    const auto& proxy = config.backends[0].proxy;
    EXPECT_EQ(proxy.url, "http://p:1");
    EXPECT_TRUE(proxy.login.empty());
    EXPECT_EQ(proxy.exceptions, "");
    EXPECT_FALSE(proxy.https_only);
}

TEST(EnvironmentProxy, WhatHasNoEffectIsSaid) {
    EXPECT_EQ(with({{"HTTPS_PROXY", "p:1"}, {"NO_PROXY", "a,[::1,b/8"}}).remarks,
              (std::vector<std::string>{
                  "NO_PROXY: no host, address or network, and without effect: entry 2, 3"}));
    EXPECT_EQ(
        with({{"http_proxy", "p:1"}}, "backend: {url: http://far.test, allow_plaintext: true}")
            .remarks,
        (std::vector<std::string>{"http_proxy has no effect: backend bulkhead is reached by "
                                  "plain http, for which only the setting proxy counts"}));
    EXPECT_TRUE(with({{"http_proxy", "p:1"}}).remarks.empty());
    EXPECT_TRUE(with({{"http_proxy", "p:1"}}, "backend: {url: http://localhost}").remarks.empty());
}

TEST(EnvironmentProxy, ACredentialFileNeedsAProxyWithoutOne) {
    const std::string file = "backend:\n  url: https://b\n  proxy_credential_file: /c\n";
    EXPECT_EQ(trouble({{"HTTPS_PROXY", "p:1"}}, file), "");
    EXPECT_EQ(trouble({}, file + "  proxy: http://p:1\n"), "");
    EXPECT_EQ(trouble({}, file),
              "agent.yaml:3: proxy_credential_file: there is no proxy to use it at; set proxy, or "
              "HTTPS_PROXY in the environment");
    EXPECT_EQ(
        trouble({{"https_proxy", "bob:hunter2@p:1"}}, file),
        "agent.yaml:3: proxy_credential_file: https_proxy has a user and a password too; take "
        "them out of it");
}

}  // namespace
}  // namespace bulkhead::worker
