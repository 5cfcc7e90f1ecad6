#include "worker/backend/http/url.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

TEST(ParseUrl, TakesItApart) {
    const auto url = parse_url("https://Backend.Example.com:8443/prefix/v2/");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->scheme, "https");
    EXPECT_EQ(url->host, "backend.example.com");
    EXPECT_EQ(url->port, 8443);
    EXPECT_EQ(url->path, "/prefix/v2");
    EXPECT_FALSE(url->loopback);
    EXPECT_EQ(url->text(), "https://backend.example.com:8443/prefix/v2");
}

TEST(ParseUrl, NormalisesPortAndTrailingSlashes) {
    EXPECT_EQ(parse_url("https://a")->text(), "https://a");
    EXPECT_EQ(parse_url("https://a:443//")->text(), "https://a");
    EXPECT_EQ(parse_url("http://a:80/")->text(), "http://a");
    EXPECT_EQ(parse_url("http://a:443")->text(), "http://a:443");
    EXPECT_EQ(parse_url("https://[::1]:9000/x")->text(), "https://[::1]:9000/x");
}

TEST(ParseUrl, RefusesWhatCouldMeanSomethingElse) {
    for (const auto* text :
         {"", "https://", "backend.example.com", "ftp://a", "file:///etc/passwd", "HTTPS//a",
          "https://user:pw@a", "https://user@a", "https://a?x=1", "https://a/#f", "https://a b",
          "https://a\n", "https://a\\b",
          "https://b\xc3\xbc"
          "cher.example",
          "https://a:0", "https://a:99999", "https://a:x", "https://a%00b", "https://[::1"}) {
        EXPECT_FALSE(parse_url(text)) << text;
    }
    EXPECT_FALSE(parse_url("https://" + std::string(5000, 'a')));
    EXPECT_FALSE(parse_url(std::string("https://a\0b", 11)));
}

TEST(ParseUrl, KnowsThisHost) {
    for (const auto* text :
         {"http://localhost", "http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]"}) {
        EXPECT_TRUE(parse_url(text)->loopback) << text;
    }
    for (const auto* text : {"http://localhost.example.com", "http://10.0.0.1", "http://[::2]",
                             "http://127.0.0.1.example.com"}) {
        EXPECT_FALSE(parse_url(text)->loopback) << text;
    }
    // Other spellings of an address become the usual one first: 127.1 and 2130706433.
    EXPECT_TRUE(parse_url("http://127.1")->loopback);
    EXPECT_EQ(parse_url("http://2130706433")->host, "127.0.0.1");
}

TEST(ParseBackendUrl, PlainHttpStaysOnThisHostUnlessAllowed) {
    EXPECT_TRUE(parse_backend_url("http://127.0.0.1:4000", false));
    EXPECT_TRUE(parse_backend_url("https://a", false));
    EXPECT_TRUE(parse_backend_url("http://a", true));
    const auto refused = parse_backend_url("http://a", false);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().what.find("allow_plaintext"), std::string::npos);
}

TEST(PercentEncoded, LeavesOnlyWhatMeansNothingInAPath) {
    EXPECT_EQ(percent_encoded("AZaz09-._~"), "AZaz09-._~");
    EXPECT_EQ(percent_encoded("a/b?c#d%e f\n\xc3\xa4"), "a%2Fb%3Fc%23d%25e%20f%0A%C3%A4");
}

}  // namespace
}  // namespace bulkhead::worker
