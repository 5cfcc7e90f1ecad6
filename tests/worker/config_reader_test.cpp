#include <gtest/gtest.h>

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
