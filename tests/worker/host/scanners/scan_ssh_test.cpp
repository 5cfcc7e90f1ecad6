#include <gmock/gmock.h>

#include "tests/worker/host/scanners/fake_host.hpp"
#include "worker/host/scanners/sshd_config.hpp"

namespace bulkhead::worker {
namespace {

using test::told;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kMain = "/etc/ssh/sshd_config";
const std::string kClosed = "PasswordAuthentication no\nKbdInteractiveAuthentication no\n";

struct ScanSsh : testing::Test {
    test::FakeHost host;
    FindingsConfig settings;

    ScanSsh() {
        host.row("sshd-config", kMain).row("sshd-config", "/etc/ssh/sshd_config.d/*.conf");
    }
    std::vector<Finding> findings() { return scan_ssh(host.context(settings)).value(); }
    std::vector<std::string> scan(const std::string& main) {
        host.file(kMain, main);
        return told(findings());
    }
    bool passwords(const std::string& main) {
        const auto found = scan(main);
        return std::ranges::count(found, "ssh.password_login /etc/ssh/sshd_config warn") > 0;
    }
};

TEST_F(ScanSsh, WithoutASettingSshdTakesPasswordsButNotRoots) {
    EXPECT_THAT(scan(""), ElementsAre("ssh.password_login /etc/ssh/sshd_config warn"));
}

TEST_F(ScanSsh, AClosedServerHasNoFinding) {
    EXPECT_THAT(scan(kClosed + "PermitRootLogin prohibit-password\n"), IsEmpty());
    EXPECT_THAT(scan(kClosed + "PermitRootLogin no\n"), IsEmpty());
}

TEST_F(ScanSsh, RootWithAPasswordIsWorseThanRootWithAKey) {
    EXPECT_THAT(scan(kClosed + "PermitRootLogin yes\n"),
                ElementsAre("ssh.root_login /etc/ssh/sshd_config warn"));
    EXPECT_THAT(scan("PermitRootLogin yes\n"),
                Contains("ssh.root_login /etc/ssh/sshd_config critical"));
}

TEST_F(ScanSsh, TheFirstValueCounts) {
    EXPECT_FALSE(passwords(kClosed + "PasswordAuthentication yes\n"));
    EXPECT_TRUE(passwords("PasswordAuthentication yes\n" + kClosed));
}

TEST_F(ScanSsh, KeywordsAreWrittenInManyWays) {
    EXPECT_FALSE(passwords("passwordauthentication=no\nKBDINTERACTIVEAUTHENTICATION\tNO\n"));
    EXPECT_FALSE(passwords(" PasswordAuthentication = \"no\" # why\r\n" + kClosed));
    EXPECT_TRUE(passwords("#PasswordAuthentication no\n"));
    EXPECT_TRUE(passwords("PasswordAuthentication\n"));
}

TEST_F(ScanSsh, ANulTakesTheEndOfItsLineAway) {
    const std::string main("PermitRootLogin \0 no\nyes\n", 25);
    EXPECT_THAT(scan(main + kClosed), ElementsAre("ssh.root_login /etc/ssh/sshd_config warn"));
}

TEST_F(ScanSsh, ALineThatSshdRefusesIsSaidOnceForEachFileWithItsNumber) {
    EXPECT_THAT(scan(kClosed + "PermitRootLogin perhaps\n\nFoo yes\nBanner 'x\n"),
                ElementsAre("ssh.unreadable /etc/ssh/sshd_config info"));
    EXPECT_THAT(findings().at(0).message,
                testing::AllOf(HasSubstr("/etc/ssh/sshd_config:3: permitrootlogin: \"perhaps\""),
                               testing::EndsWith("Other lines of the file like it: 5 6")));
}

TEST_F(ScanSsh, TwoBlocksThatOnlyTogetherOpenAreNamedTogether) {
    EXPECT_THAT(scan(kClosed + "AuthenticationMethods publickey\n"
                               "Match Address 10.0.0.0/8\n  AuthenticationMethods password\n"
                               "Match User backup\n  PasswordAuthentication yes\n"),
                ElementsAre("ssh.password_login /etc/ssh/sshd_config match Address 10.0.0.0/8 and "
                            "User backup warn"));
}

TEST_F(ScanSsh, OfThreeBlocksTheFewestThatOpenAreNamed) {
    const std::string three =
        kClosed +
        "UsePAM yes\nAuthenticationMethods publickey\n"
        "Match Address 10.0.0.0/8\nAuthenticationMethods password,keyboard-interactive\n"
        "Match User backup\nPasswordAuthentication yes\n"
        "Match LocalPort 22\nKbdInteractiveAuthentication yes\n";
    const std::string together =
        "ssh.password_login /etc/ssh/sshd_config match Address 10.0.0.0/8 and User backup and "
        "LocalPort 22 warn";
    EXPECT_THAT(scan(three), ElementsAre(together));
    EXPECT_THAT(scan(three + "AuthenticationMethods keyboard-interactive\n"),
                ElementsAre("ssh.password_login /etc/ssh/sshd_config match LocalPort 22 warn"));
}

TEST_F(ScanSsh, WhatABlockForRootSaysCountsForRoot) {
    EXPECT_THAT(scan(kClosed + "PermitRootLogin yes\nMatch User root\nPermitRootLogin no\n"),
                IsEmpty());
    EXPECT_THAT(scan(kClosed + "Match User root\nPermitRootLogin yes\n"),
                ElementsAre("ssh.root_login /etc/ssh/sshd_config warn"));
}

TEST_F(ScanSsh, ANegatedGroupMayBeAnotherOneOfRoots) {
    EXPECT_THAT(scan(kClosed + "PermitRootLogin yes\n"
                               "Match Group *,!admins\nPermitRootLogin no\n"),
                ElementsAre("ssh.root_login /etc/ssh/sshd_config warn"));
    EXPECT_THAT(scan(kClosed + "PermitRootLogin yes\nMatch Group ro*\nPermitRootLogin no\n"),
                IsEmpty());
}

TEST_F(ScanSsh, TheServersOwnFileIsTheMainOne) {
    host.row("sshd-config", "/etc/company/sshd_config")
        .file("/etc/company/sshd_config", "PermitRootLogin no\n" + kClosed)
        .row("sshd-config", "/usr/etc/ssh/sshd_config")
        .file("/usr/etc/ssh/sshd_config", kClosed + "PermitRootLogin yes\n");
    EXPECT_THAT(told(findings()), ElementsAre("ssh.root_login /usr/etc/ssh/sshd_config warn"));
    EXPECT_THAT(scan(kClosed), IsEmpty());
    host.refuse(kMain, "read-not-public");
    EXPECT_THAT(told(findings()), ElementsAre("ssh.unreadable /etc/ssh/sshd_config info"));
}

TEST_F(ScanSsh, MoreBlocksThanAreLookedAtInTwosAreSaid) {
    std::string main = kClosed;
    for (int i = 0; i < 101; ++i) {
        main += "Match User u" + std::to_string(i) + "\nPasswordAuthentication no\n";
    }
    EXPECT_THAT(scan(main), ElementsAre("ssh.unreadable /etc/ssh/sshd_config info"));
    EXPECT_THAT(findings().at(0).message, HasSubstr("more than 100 Match blocks"));
}

TEST_F(ScanSsh, PamAsksForPasswordsToo) {
    EXPECT_TRUE(passwords("PasswordAuthentication no\nUsePAM yes\n"));
    EXPECT_FALSE(passwords("PasswordAuthentication no\nUsePAM no\n"));
    EXPECT_FALSE(passwords("PasswordAuthentication no\n"));
    EXPECT_FALSE(
        passwords("PasswordAuthentication no\nUsePAM yes\n"
                  "ChallengeResponseAuthentication no\n"));
}

TEST_F(ScanSsh, APasswordBehindAKeyIsNoPasswordLogin) {
    EXPECT_FALSE(passwords("AuthenticationMethods publickey,password\n"));
    EXPECT_FALSE(passwords("AuthenticationMethods publickey publickey,keyboard-interactive\n"));
    EXPECT_TRUE(passwords("AuthenticationMethods publickey password\n"));
    EXPECT_TRUE(passwords("AuthenticationMethods any\n"));
}

TEST_F(ScanSsh, AnIncludeCountsWhereItStands) {
    host.file("/etc/ssh/sshd_config.d/50-cloud-init.conf", "PasswordAuthentication yes\n");
    EXPECT_TRUE(passwords("Include /etc/ssh/sshd_config.d/*.conf\n" + kClosed));
    EXPECT_FALSE(passwords(kClosed + "Include /etc/ssh/sshd_config.d/*.conf\n"));
    EXPECT_TRUE(passwords("Include sshd_config.d/*.conf\n" + kClosed));
    host.file("/etc/ssh/sshd_config.d/10-ours.conf", "PasswordAuthentication no\n");
    EXPECT_FALSE(passwords("Include /etc/ssh/sshd_config.d/*.conf\n" + kClosed))
        << "in the order of their names";
    EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(ScanSsh, WhereAValueStandsIsInTheMessage) {
    host.file("/etc/ssh/sshd_config.d/50-cloud-init.conf", "\n# x\nPasswordAuthentication yes\n");
    host.file(kMain, "Include sshd_config.d/*.conf\n");
    EXPECT_THAT(findings().at(0).message,
                HasSubstr("yes at /etc/ssh/sshd_config.d/50-cloud-init.conf:3"));
}

TEST_F(ScanSsh, AMatchBlockOpensForSomeOnly) {
    EXPECT_THAT(scan(kClosed + "Match User backup\n  PasswordAuthentication yes\n"
                               "Match Address 10.0.0.0/8\n  PermitRootLogin yes\n"),
                ElementsAre("ssh.password_login /etc/ssh/sshd_config match User backup warn",
                            "ssh.root_login /etc/ssh/sshd_config match Address 10.0.0.0/8 warn"));
    EXPECT_THAT(findings().at(0).title, "ssh takes passwords for some connections");
    EXPECT_TRUE(passwords("Match User backup\n" + kClosed)) << "closed for some only";
}

TEST_F(ScanSsh, MatchAllCountsForEverybody) {
    EXPECT_TRUE(passwords(kClosed + "Match all\nPasswordAuthentication yes\n"));
    EXPECT_THAT(findings().at(0).key, kMain);
}

TEST_F(ScanSsh, AMatchEndsWithItsFileAndReachesIntoWhatItIncludes) {
    host.file("/etc/ssh/sshd_config.d/1.conf", "Match User a\nPermitRootLogin yes\n");
    EXPECT_FALSE(passwords("Include sshd_config.d/*.conf\n" + kClosed));
    EXPECT_THAT(findings(), testing::SizeIs(1));
    host.file("/etc/ssh/sshd_config.d/1.conf", "PasswordAuthentication yes\n");
    EXPECT_THAT(scan(kClosed + "Match User b\nInclude sshd_config.d/*.conf\n"),
                ElementsAre("ssh.password_login /etc/ssh/sshd_config match User b warn"));
}

TEST_F(ScanSsh, WhatCannotBeReadIsSaidOncePerPath) {
    host.refuse("/etc/ssh/sshd_config.d/1.conf", "read-not-roots");
    const auto main = kClosed + "Include /opt/ssh/*.conf sshd_config.d/*.conf /opt/ssh/*.conf\n";
    host.file(kMain, main);
    const auto found = scan_all(host.context(settings)).value();
    EXPECT_THAT(told(found), Contains("ssh.unreadable /opt/ssh/*.conf info").Times(1));
    EXPECT_THAT(told(found), Contains("ssh.unreadable /etc/ssh/sshd_config.d/1.conf info"));
    EXPECT_THAT(findings().at(0).message, HasSubstr("glob sshd-config /opt/ssh/*.conf 64KiB"));
}

TEST_F(ScanSsh, AFileThatIncludesItselfEndsAndIsSaidToBeRefused) {
    EXPECT_THAT(scan("Include sshd_config\nInclude sshd_config\n" + kClosed),
                ElementsAre("ssh.unreadable /etc/ssh/sshd_config info"));
    EXPECT_THAT(findings().at(0).message,
                HasSubstr("/etc/ssh/sshd_config:1: Include leads back to /etc/ssh/sshd_config"));
}

TEST_F(ScanSsh, AMainFileThatIsNotHandedOutLeavesNothingToSayButThat) {
    host.refuse(kMain, "read-not-roots");
    EXPECT_THAT(told(findings()), ElementsAre("ssh.unreadable /etc/ssh/sshd_config info"));
}

TEST_F(ScanSsh, AServerElsewhereIsReadFromWherePolicySaysItIs) {
    test::FakeHost elsewhere;
    elsewhere.row("sshd-config", "/opt/ssh/etc/sshd_config")
        .row("sshd-config", "/opt/ssh/etc/more.conf")
        .file("/opt/ssh/etc/sshd_config", "Include more.conf\n" + kClosed)
        .file("/opt/ssh/etc/more.conf", "PermitRootLogin yes\n");
    EXPECT_THAT(told(scan_ssh(elsewhere.context(settings)).value()),
                ElementsAre("ssh.root_login /opt/ssh/etc/sshd_config warn"));
}

TEST_F(ScanSsh, WithoutAServerOrWithoutARowThereIsNothingToSay) {
    EXPECT_THAT(findings(), IsEmpty()) << "no sshd_config";
    test::FakeHost empty;
    EXPECT_THAT(scan_ssh(empty.context(settings)).value(), IsEmpty());
}

}  // namespace
}  // namespace bulkhead::worker
