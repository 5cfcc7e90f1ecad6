#include "worker/backend/http/proxy.hpp"

#include <gtest/gtest.h>

#include "tests/support/ok.hpp"

namespace bulkhead::worker {
namespace {

struct GoodRow {
    std::string text;
    std::string url;
    std::string user = "";
    std::string password = "";
};

TEST(ParseProxy, TakesWhatOtherProgramsTake) {
    const GoodRow rows[] = {
        {.text = "http://proxy:3128", .url = "http://proxy:3128"},
        {.text = "proxy:3128/", .url = "http://proxy:3128"},
        {.text = "proxy", .url = "http://proxy:80"},
        {.text = "HTTPS://Proxy.example.com", .url = "https://proxy.example.com:443"},
        {.text = "http://proxy:", .url = "http://proxy:80"},
        {.text = "socks5h://proxy", .url = "socks5h://proxy:1080"},
        {.text = "socks5://proxy:80", .url = "socks5://proxy:80"},
        {.text = "socks5://proxy:080", .url = "socks5://proxy:80"},
        {.text = "http://[::1]:3128", .url = "http://[::1]:3128"},
        {.text = "socks4a://[fd00::1]", .url = "socks4a://[fd00::1]:1080"},
        {.text = "http://bob:hunter2@p:1",
         .url = "http://p:1",
         .user = "bob",
         .password = "hunter2"},
        {.text = "bob:hunter2@p:1", .url = "http://p:1", .user = "bob", .password = "hunter2"},
        {.text = "http://bob@p:1", .url = "http://p:1", .user = "bob"},
        {.text = "http://bob:@p:1", .url = "http://p:1", .user = "bob"},
        {.text = "http://b%40b:%23%2f%3A%25@p:1",
         .url = "http://p:1",
         .user = "b@b",
         .password = "#/:%"},
        {.text = "http://bob:p@ss:word@p:1",
         .url = "http://p:1",
         .user = "bob",
         .password = "p@ss:word"},
        {.text = "http://bob:p%C3%A4ss@p:1",
         .url = "http://p:1",
         .user = "bob",
         .password = "p\u00e4ss"},
        {.text = "http://DOMAIN%5Cbob:x@p:1",
         .url = "http://p:1",
         .user = "DOMAIN\\bob",
         .password = "x"},
    };
    for (const auto& row : rows) {
        const auto proxy = parse_proxy(row.text);
        ASSERT_OK(proxy) << row.text;
        EXPECT_EQ(proxy->url, row.url) << row.text;
        if (row.user.empty()) {
            EXPECT_TRUE(proxy->login.empty()) << row.text;
            continue;
        }
        const auto login = parse_proxy_login(proxy->login.reveal());
        ASSERT_OK(login) << row.text;
        EXPECT_EQ(login->user.reveal(), row.user) << row.text;
        EXPECT_EQ(login->password.reveal(), row.password) << row.text;
    }
}

TEST(ParseProxy, RefusesWhatCannotBeMeantAndRepeatsNoneOfIt) {
    for (const std::string text : {"http://bob:hunter2#x@127.0.0.1:8080",
                                   "http://bob:hunter2/x@p:1",
                                   "http://bob:80/hunter2@p:1",
                                   "http://bob:80#hunter2@p:1",
                                   "http://bob:80?hunter2@p:1",
                                   "http://bob:hunter2%zz@p:1",
                                   "http://bob:hunter2%4@p:1",
                                   "http://bob:hunter2%00@p:1",
                                   "http://bob:hunter2%0a@p:1",
                                   "http://bob:hunter2\n@p:1",
                                   "http://bob:hunter2 x@p:1",
                                   "http://bob:hunter2\xff@p:1",
                                   "http://bob:hunter2@",
                                   "http://bob:hunter2@:3128",
                                   "http://bob:hunter2@p:99999",
                                   "http://bob:hunter2@p:0",
                                   "http://bob:hunter2@p:1/path",
                                   "http://:hunter2@p:1",
                                   "hunter2://bob@p:1",
                                   "ftp://bob:hunter2@p:1",
                                   "bob:hunter2",
                                   "http://bob:hunter2",
                                   "http://hunter2%41:1",
                                   "http:/bob:hunter2@p:1",
                                   "",
                                   "http://",
                                   "http://bob:hunter2@p:1\\x",
                                   "http://bob:hunter2@[::1:1",
                                   "//bob:hunter2@p:1"}) {
        const auto proxy = parse_proxy(text);
        ASSERT_FALSE(proxy) << text << " is " << proxy->url;
        EXPECT_EQ(proxy.error().what.find("hunter2"), std::string::npos) << proxy.error().what;
        EXPECT_EQ(proxy.error().what.find("bob"), std::string::npos) << proxy.error().what;
    }
    EXPECT_FALSE(parse_proxy("http://bob:hunter2@p:1/" + std::string(3'000, 'x')));
}

TEST(ProxyLogin, OfALineIsNotEncoded) {
    const auto login = parse_proxy_login(proxy_login_of_line("b%b:p@s%41:#").value().reveal());
    ASSERT_OK(login);
    EXPECT_EQ(login->user.reveal(), "b%b");
    EXPECT_EQ(login->password.reveal(), "p@s%41:#");
    for (const auto* line : {"", "bob", ":x", "bob:x\ny", "bob:\x7f"}) {
        EXPECT_FALSE(proxy_login_of_line(line)) << line;
    }
}

struct Exempt {
    std::string_view entries;
    std::string_view url;
    bool covered;
};

// The rows whose entries Go knows are as golang.org/x/net/http/httpproxy has them.
TEST(ProxyExceptions, AreReadAsGosAre) {
    const Exempt rows[] = {
        {"", "https://example.com", false},
        {"*", "https://example.com", true},
        {"a, *", "https://[::1]", true},
        {"example.com", "https://example.com", true},
        {"example.com", "https://a.example.com", true},
        {"example.com", "https://anexample.com", false},
        {"EXAMPLE.com.", "https://example.COM", true},
        {"example.com", "https://example.com.", true},
        {".example.com", "https://a.example.com", true},
        {".example.com", "https://example.com", false},
        {"*.example.com", "https://a.b.example.com", true},
        {"*.example.com", "https://example.com", false},
        {"example.com:443", "https://example.com", true},
        {"example.com:443", "https://a.example.com:8443", false},
        {"example.com:8443", "https://example.com:8443", true},
        {" a.test ,\texample.com ", "https://example.com", true},
        {"a.test example.com", "https://example.com", true},
        {",,example.com,", "https://example.com", true},
        {"10.0.0.1", "https://10.0.0.1", true},
        {"10.0.0.1:443", "https://10.0.0.1", true},
        {"10.0.0.1:80", "https://10.0.0.1", false},
        {"10.0.0.0/8", "https://10.200.0.1", true},
        {"10.0.0.0/8", "https://11.0.0.1", false},
        {"10.1.2.3/8", "https://10.200.0.1", true},
        {"10.0.0.0/9", "https://10.127.0.1", true},
        {"10.0.0.0/9", "https://10.128.0.1", false},
        {"0.0.0.0/0", "https://10.0.0.1", true},
        {"0.0.0.0/0", "https://[fd00::1]", false},
        {"::/0", "https://[fd00::1]", true},
        {"::/0", "https://10.0.0.1", false},
        {"10.0.0.0/8", "https://ten.example.com", false},
        {"10.0.0.0/33", "https://10.0.0.1", false},
        {"10.0.0/8", "https://10.0.0.1", false},
        {"0.0.0.1", "https://10.0.0.0.1.test", false},
        {"::1", "https://[::1]", true},
        {"0:0:0:0:0:0:0:1", "https://[::1]", true},
        {"::1/64", "https://[::1]", true},
        {"::1/64", "https://[::1:0:0:0:1]", false},
        {"[::1]", "https://[::1]", true},
        {"[::1]:443", "https://[::1]", true},
        {"[::1]:80", "https://[::1]", false},
        {"[::1]:56806", "https://[::1]:56806", true},
        {"::1:56806", "https://[::1]:56806", false},  // no address, so it is told as senseless
        {"::ffff:10.0.0.1", "https://10.0.0.1", true},
        {"127.0.0.1", "https://localhost", false},
        {"example.com", "https://127.0.0.1", false},
        {"com", "https://example.com", true},
        {"http://example.com", "https://example.com", false},
        {".", "https://example.com", false},
    };
    for (const auto& row : rows) {
        const auto url = parse_url(row.url);
        ASSERT_OK(url) << row.url;
        EXPECT_EQ(ProxyExceptions(row.entries).cover(*url), row.covered)
            << row.entries << " and " << row.url;
    }
}

TEST(ProxyExceptions, AnEntryThatCanMatchNothingIsFound) {
    const ProxyExceptions exceptions("a, 10.0.0.0/33 ,b,http://x,[::1,x:y,:80,a..b/8,*.,::1:56806");
    EXPECT_EQ(exceptions.senseless(), (std::vector<std::size_t>{2, 4, 5, 6, 7, 8, 9, 10}));
    EXPECT_TRUE(ProxyExceptions("localhost,127.0.0.1,::1,.svc,.cluster.local,10.0.0.0/8,*")
                    .senseless()
                    .empty());
}

}  // namespace
}  // namespace bulkhead::worker
