// BULKHEAD_CURL of this build is what the program says of itself.
#include "worker/backend/http/curl_release.hpp"

#include <curl/curl.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <string>

namespace bulkhead::worker {
namespace {

using testing::MatchesRegex;

std::set<std::string> protocols() {
    std::set<std::string> names;
    for (const auto* const* name = curl_version_info(CURLVERSION_NOW)->protocols; *name != nullptr;
         ++name) {
        names.insert(*name);
    }
    return names;
}

TEST(CurlRelease, NamesTheDistributionsSourcePackageWhereItIsBuiltIn) {
#ifdef BULKHEAD_LEAN_CURL
    const auto curl = built_in_curl();
    ASSERT_TRUE(curl);
    EXPECT_TRUE(curl->version.starts_with(curl_version_info(CURLVERSION_NOW)->version));
    EXPECT_GT(curl->newest_on, UnixTime(std::chrono::seconds(1'700'000'000)));
    EXPECT_THAT(curl_in_words(), MatchesRegex("libcurl [0-9][^ ,]*, built in, the newest on "
                                              "[0-9]{4}-[0-9]{2}-[0-9]{2}"));
#else
    EXPECT_FALSE(built_in_curl());
    EXPECT_THAT(curl_in_words(), MatchesRegex("libcurl [0-9][^ ,]*, the system's"));
#endif
}

// Proxies of SOCKS and of https, and names that a thread resolves, are options of agent.yaml; the
// other protocols of a distribution's libcurl are nobody's.
TEST(CurlRelease, HasWhatTheClientStandsOn) {
    const auto* info = curl_version_info(CURLVERSION_NOW);
    for (const int feature :
         {CURL_VERSION_SSL, CURL_VERSION_IPV6, CURL_VERSION_ASYNCHDNS, CURL_VERSION_HTTPS_PROXY,
          CURL_VERSION_THREADSAFE, CURL_VERSION_LARGEFILE}) {
        EXPECT_NE(info->features & feature, 0) << feature;
    }
    EXPECT_TRUE(std::string_view(info->ssl_version).starts_with("OpenSSL/"));
    const auto all = protocols();
    EXPECT_TRUE(all.contains("http") && all.contains("https"));
#ifdef BULKHEAD_LEAN_CURL
    EXPECT_EQ(all.size(), 2U);
    EXPECT_EQ(info->features & (CURL_VERSION_NTLM | CURL_VERSION_GSSAPI | CURL_VERSION_HTTP2), 0);
#endif
}

}  // namespace
}  // namespace bulkhead::worker
