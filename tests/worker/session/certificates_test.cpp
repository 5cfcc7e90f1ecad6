#include "worker/session/certificates.hpp"

#include <gtest/gtest.h>

#include "tests/worker/host/scanners/make_certificate.hpp"

namespace bulkhead::worker {
namespace {

using bulkhead::test::certificate_pem;
using std::chrono::days;

constexpr UnixTime kNow{std::chrono::seconds(1'800'000'000)};

std::vector<Trouble> troubles_at(UnixTime now, std::string_view ca, std::string_view client) {
    std::vector<Trouble> all;
    tell_ends(all, ends_of(ca, client), now);
    return all;
}

TEST(Certificates, AreTroubleFourteenDaysBeforeTheyEnd) {
    const auto client =
        certificate_pem({.common_name = "web-1", .domains = {}, .not_after = kNow + days(14)});
    EXPECT_TRUE(troubles_at(kNow - std::chrono::seconds(1), "", client).empty());
    const auto soon = troubles_at(kNow, "", client);
    ASSERT_EQ(soon.size(), 1U);
    EXPECT_EQ(soon[0].code, "certificate-expiring");
    EXPECT_EQ(soon[0].since, kNow);
    EXPECT_TRUE(soon[0].why.starts_with("client_certificate_file: the certificate of \"web-1\" "))
        << soon[0].why;
    const auto over = troubles_at(kNow + days(14), "", client);
    ASSERT_EQ(over.size(), 1U);
    EXPECT_EQ(over[0].code, "certificate-expired");
}

TEST(Certificates, OfAChainTheFirstThatEndsCounts) {
    const auto chain =
        certificate_pem({.common_name = "a", .domains = {}, .not_after = kNow + days(400)}) +
        certificate_pem({.common_name = "b", .domains = {}, .not_after = kNow + days(3)});
    const auto ends = ends_of(chain, "");
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].setting, "ca_file");
    EXPECT_EQ(ends[0].subject, "b");
    EXPECT_EQ(troubles_at(kNow, chain, "").size(), 1U);
}

TEST(Certificates, WithoutAnyThereIsNothingToTell) {
    EXPECT_TRUE(ends_of("", "").empty());
    EXPECT_TRUE(ends_of("no certificate", "").empty());
}

}  // namespace
}  // namespace bulkhead::worker
