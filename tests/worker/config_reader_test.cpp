#include <gtest/gtest.h>

#include "common/policy/connect.hpp"
#include "tests/worker/config/sources.hpp"
#include "worker/config/ports.hpp"

namespace bulkhead::worker {
namespace {

std::string trouble(std::string file, std::map<std::string, std::string> environment = {}) {
    auto sources = test::from_file(std::move(file));
    sources.environment = std::move(environment);
    const auto checked = check_ports(test::parsed(sources), {443, 8'443});
    return checked ? "" : checked.error().what;
}

TEST(CheckPorts, EveryPortThatPolicyDoesNotListIsTold) {
    EXPECT_EQ(
        trouble("backends:\n  - {name: a, url: https://a}\n  - {name: b, url: https://b:8443}"),
        "");
    const auto text = trouble(
        "backends:\n  - {name: a, url: https://a:1}\n  - {name: b, url: https://b:8443}\n"
        "  - {name: c, url: https://c:2}");
    EXPECT_NE(text.find("backend a: policy lets the worker connect to no port 1;"), text.npos);
    EXPECT_NE(text.find("backend c: policy lets the worker connect to no port 2;"), text.npos);
    EXPECT_EQ(text.find("backend b"), text.npos) << text;
}

TEST(CheckPorts, TheLineToAddReachesTheAddressThatIsMeant) {
    const auto line = [](const std::string& url) {
        return trouble("backend: {url: \"" + url + "\"}");
    };
    EXPECT_NE(line("http://[::1]:1").find(": connect ::1 1  #"), std::string::npos);
    EXPECT_NE(line("http://127.0.0.2:1").find(": connect 127.0.0.2 1  #"), std::string::npos);
    EXPECT_NE(line("http://localhost:1").find(": connect 127.0.0.1 1  #"), std::string::npos);
    EXPECT_NE(line("https://a:1").find(": connect any 1  #"), std::string::npos);
}

TEST(CheckPorts, WhereTheAddressIsKnownARowHasToIncludeIt) {
    policy::ConnectRow any{.port = 443};
    policy::ConnectRow own{*policy::parse_address("127.0.0.0"), 104, 8'443, {}};
    policy::ConnectRow there{*policy::parse_address("192.0.2.0"), 120, 8'443, {}};
    const std::vector rows{any, own, there};
    const auto lacking = [&](const std::string& url) {
        const auto sources = test::from_file("backend: {url: \"" + url + "\"}");
        const auto checked = check_addresses(test::parsed(sources), rows);
        return checked ? "" : checked.error().what;
    };
    for (const auto* url :
         {"https://a", "https://a:8443", "https://198.51.100.1", "https://[2001:db8::1]",
          "https://192.0.2.9:8443", "https://127.0.0.1:8443", "http://localhost:8443"}) {
        EXPECT_EQ(lacking(url), "");
    }
    EXPECT_NE(lacking("https://127.0.0.1").find("no port 443 of 127.0.0.1; "), std::string::npos)
        << "\"any\" does not include what is special";
    EXPECT_NE(lacking("https://localhost").find(": connect 127.0.0.1 443  #"), std::string::npos);
    EXPECT_NE(lacking("https://198.51.100.1:8443").find(": connect 198.51.100.1 8443  #"),
              std::string::npos);
    EXPECT_NE(lacking("https://a:9").find("no port 9; "), std::string::npos);
}

TEST(CheckPorts, AProxysPortCountsInPlaceOfTheBackends) {
    EXPECT_EQ(trouble("backend: {url: https://a:1, proxy: http://p:443}"), "");
    EXPECT_NE(trouble("backend: {url: https://a, proxy: http://p:3}"), "");
    const auto advised = trouble("backend: {url: https://a:1, proxy: http://p:3}");
    EXPECT_NE(advised.find("connect any 3 "), advised.npos) << advised;
    EXPECT_EQ(trouble("backend: {url: https://a:1}", {{"HTTPS_PROXY", "p:443"}}), "");
    EXPECT_NE(trouble("backend: {url: https://a}", {{"HTTPS_PROXY", "p:3"}}), "");
    EXPECT_NE(trouble("backend: {url: https://a}", {{"ALL_PROXY", "socks5://p"}}), "");
    EXPECT_NE(trouble("backend: {url: https://a:1}", {{"HTTPS_PROXY", "p:443"}, {"NO_PROXY", "a"}}),
              "");
    EXPECT_NE(trouble("backend: {url: http://127.0.0.1:1}", {{"HTTPS_PROXY", "p:443"}}), "");
}

}  // namespace
}  // namespace bulkhead::worker
