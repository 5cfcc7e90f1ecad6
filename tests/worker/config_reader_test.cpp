#include "worker/config_reader.hpp"

#include <gtest/gtest.h>

#include "tests/worker/config/sources.hpp"

namespace bulkhead::worker {
namespace {

std::string trouble(std::string file, bool proxied = false) {
    const auto checked = check_ports(test::parsed(std::move(file)), {443, 8'443}, proxied);
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
    EXPECT_EQ(trouble("backend: {url: https://a:1}", true), "") << "as NO_PROXY decides later";
    EXPECT_NE(trouble("backend: {url: http://127.0.0.1:1}", true), "");
}

}  // namespace
}  // namespace bulkhead::worker
