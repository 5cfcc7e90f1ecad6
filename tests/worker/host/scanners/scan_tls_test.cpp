#include <gmock/gmock.h>

#include "tests/worker/host/scanners/fake_host.hpp"
#include "tests/worker/host/scanners/make_certificate.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using test::told;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Days = std::chrono::days;

const UnixTime kNow = parse_utc("2026-11-22T12:00:00Z").value();
constexpr const char* kPattern = "/etc/letsencrypt/live/*/fullchain.pem";

struct ScanTls : testing::Test {
    test::FakeHost host;
    FindingsConfig settings;

    std::vector<Finding> scan() { return scan_tls(host.context(settings, kNow)).value(); }
    std::string site(const std::string& name) const {
        return "/etc/letsencrypt/live/" + name + "/fullchain.pem";
    }
    void certificate(const std::string& name, std::chrono::seconds left) {
        host.row("tls-certificates", kPattern);
        host.file(site(name), test::certificate_pem({.common_name = name,
                                                     .domains = {name, "www." + name},
                                                     .not_after = kNow + left}));
    }
};

TEST_F(ScanTls, SeverityFollowsTheDaysThatAreLeft) {
    certificate("a.expired", -1s);
    certificate("b.today", 1h);
    certificate("c.critical", Days(7) - 1s);
    certificate("d.warn", Days(7));
    certificate("e.warn", Days(30) - 1s);
    certificate("f.fine", Days(30));
    EXPECT_THAT(told(scan()), ElementsAre("tls.expiring " + site("a.expired") + " critical",
                                          "tls.expiring " + site("b.today") + " critical",
                                          "tls.expiring " + site("c.critical") + " critical",
                                          "tls.expiring " + site("d.warn") + " warn",
                                          "tls.expiring " + site("e.warn") + " warn"));
}

TEST_F(ScanTls, WhatChangesFromDayToDayIsNotInTheKey) {
    certificate("example.com", Days(12));
    const auto found = scan().at(0);
    EXPECT_EQ(found.key, site("example.com"));
    EXPECT_EQ(found.title, "TLS certificate expires in 12 days");
    EXPECT_THAT(found.message, HasSubstr("2026-12-04T12:00:00Z"));
    EXPECT_EQ(found.metadata.at(0), (std::pair<std::string, Finding::Value>{"daysLeft", 12L}));
    EXPECT_THAT(found.related, ElementsAre("domain:example.com", "domain:www.example.com"));
}

TEST_F(ScanTls, DaysAreCountedAsPeopleDo) {
    const auto title = [&](std::chrono::seconds left) {
        certificate("example.com", left);
        return scan().at(0).title;
    };
    EXPECT_EQ(title(Days(1)), "TLS certificate expires in 1 day");
    EXPECT_EQ(title(0s), "TLS certificate expires today");
    EXPECT_EQ(title(-1s), "TLS certificate expired 1 day ago");
    EXPECT_EQ(title(-Days(2)), "TLS certificate expired 2 days ago");
}

TEST_F(ScanTls, TheFirstEndOfAFileIsJudged) {
    const auto soon = test::certificate_pem({.not_after = kNow + Days(3)});
    const auto late =
        test::certificate_pem({.domains = {"late.example"}, .not_after = kNow + Days(300)});
    host.row("tls-certificates", "/etc/x/*").file("/etc/x/a", soon + late);
    host.file("/etc/x/b", late + soon).file("/etc/x/c", "text before it\n" + soon);
    host.file("/etc/x/d", test::certificate_der({.not_after = kNow + Days(3)}));
    const auto found = scan();
    EXPECT_THAT(told(found),
                ElementsAre("tls.expiring /etc/x/a critical", "tls.expiring /etc/x/b critical",
                            "tls.expiring /etc/x/c critical", "tls.expiring /etc/x/d critical"));
    EXPECT_THAT(found[1].metadata, testing::Contains(std::pair<std::string, Finding::Value>(
                                       "certificate", std::int64_t{2})));
    EXPECT_THAT(found[1].related, ElementsAre("domain:late.example")) << "the server's own names";
}

TEST_F(ScanTls, AFileThatIsNoCertificateOrIsNotHandedOutIsUnreadable) {
    host.row("tls-certificates", "/etc/x/*");
    host.file("/etc/x/empty", "").file("/etc/x/text", "hello");
    auto pem = test::certificate_pem({.not_after = kNow + Days(300)});
    host.file("/etc/x/half", pem.substr(0, pem.size() / 2));
    host.refuse("/etc/x/link", "read-not-roots");
    const auto found = scan();
    EXPECT_THAT(told(found),
                ElementsAre("tls.unreadable /etc/x/empty info", "tls.unreadable /etc/x/half info",
                            "tls.unreadable /etc/x/link info", "tls.unreadable /etc/x/text info"));
    EXPECT_THAT(found[0].message, HasSubstr("holds no certificate"));
    EXPECT_THAT(found[2].message, HasSubstr("others may write to it"));
}

TEST_F(ScanTls, AConfiguredPathThatPolicyDoesNotNameSaysWhichRowToAdd) {
    certificate("example.com", Days(3));
    settings.tls_paths = {site("example.com"), "/etc/nginx/*.crt", "/srv/tls/a.pem",
                          site("absent.org")};
    const auto found = scan();
    EXPECT_THAT(told(found), ElementsAre("tls.expiring " + site("example.com") + " critical",
                                         "tls.unreadable /etc/nginx/*.crt info",
                                         "tls.unreadable /srv/tls/a.pem info",
                                         "tls.unreadable " + site("absent.org") + " info"));
    EXPECT_THAT(found[1].message, HasSubstr("glob tls-certificates /etc/nginx/*.crt 64KiB  # why"));
    EXPECT_THAT(found[2].message, HasSubstr("file tls-certificates /srv/tls/a.pem 64KiB  # why"));
    EXPECT_THAT(found[3].message, HasSubstr("there is no such file"));
}

TEST_F(ScanTls, ARowThatHoldsLessThanAConfiguredPatternIsSaid) {
    host.row("tls-certificates", "/etc/tls/?.pem").row("tls-certificates", "/etc/tls/site?*.pem");
    settings.tls_paths = {"/etc/tls/*.pem", "/etc/tls/site*.pem", "/etc/tls/site??.pem"};
    EXPECT_THAT(told(scan()), ElementsAre("tls.unreadable /etc/tls/*.pem info",
                                          "tls.unreadable /etc/tls/site*.pem info"));
}

TEST_F(ScanTls, ThatARowMatchesMoreThanIsHandedOutIsSaid) {
    certificate("a.com", Days(3));
    host.refuse(kPattern, "read-too-many");
    EXPECT_THAT(told(scan()), ElementsAre("tls.unreadable " + std::string(kPattern) + " info",
                                          "tls.expiring " + site("a.com") + " critical"));
    EXPECT_THAT(scan()[0].message, HasSubstr("more than 1,000 files match"));
}

TEST_F(ScanTls, ConfiguredPathsNarrowWhatPolicyHandsOut) {
    certificate("a.com", Days(3));
    certificate("b.com", Days(3));
    settings.tls_paths = {"/etc/letsencrypt/live/a*/fullchain.pem"};
    EXPECT_THAT(told(scan()), ElementsAre("tls.expiring " + site("a.com") + " critical"));
}

TEST_F(ScanTls, WithoutARowNothingIsWatched) { EXPECT_THAT(scan(), IsEmpty()); }

TEST_F(ScanTls, ALostBrokerIsAnErrorAndNotAFinding) {
    host.lose_broker();
    EXPECT_FALSE(scan_tls(host.context(settings, kNow)));
}

}  // namespace
}  // namespace bulkhead::worker
