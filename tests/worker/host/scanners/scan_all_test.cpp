#include <gmock/gmock.h>

#include <set>

#include "tests/worker/host/scanners/fake_host.hpp"
#include "tests/worker/host/scanners/make_certificate.hpp"

namespace bulkhead::worker {
namespace {

TEST(ScanAll, ScannersHaveDifferentNames) {
    std::set<std::string_view> names;
    for (const auto& scanner : scanners()) EXPECT_TRUE(names.insert(scanner.name).second);
    EXPECT_FALSE(names.empty());
}

TEST(ScanAll, TheWorstComesFirstAndAReportIsBounded) {
    test::FakeHost host;
    const FindingsConfig settings;
    host.row("tls-certificates", "/x/*");
    for (int i = 0; i < 300; ++i) host.file("/x/" + std::to_string(i), "no certificate");
    host.file("/x/zz", test::certificate_pem({.not_after = UnixTime()}));
    const auto found = scan_all(host.context(settings, UnixTime(std::chrono::days(1)))).value();
    ASSERT_EQ(found.size(), 200U);
    EXPECT_EQ(found.front().key, "/x/zz");
    EXPECT_EQ(found.back().type, "findings.cut");
    // 300 and the expired one, less 199.
    EXPECT_EQ(found.back().title, "102 further findings are left out");
}

TEST(ScanAll, LongTextsAreCut) {
    test::FakeHost host;
    FindingsConfig settings;
    settings.tls_paths = {"/" + std::string(5'000, 'x')};
    host.row("tls-certificates", "/y");
    const auto found = scan_all(host.context(settings)).value();
    EXPECT_FALSE(found.empty());
    for (const auto& finding : found) {
        EXPECT_LE(finding.key.size(), 1'024U);
        EXPECT_LE(finding.title.size(), 200U);
        EXPECT_LE(finding.message.size(), 1'024U);
    }
}

TEST(ScanAll, ALostBrokerEndsIt) {
    test::FakeHost host;
    host.lose_broker();
    EXPECT_EQ(scan_all(host.context({})).error().what, "tls: the broker is gone");
}

}  // namespace
}  // namespace bulkhead::worker
