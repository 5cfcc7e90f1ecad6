#include "worker/host/system/os_release.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

std::string name_in(const std::string& line) { return parse_os_release(line + "\n").name; }

TEST(OsRelease, TellsWhatTheDistributionCallsItself) {
    const auto release = parse_os_release(
        "# made by hand\n\n"
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"
        "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nVERSION='12 (bookworm)'\nID=debian\n"
        "HOME_URL=\"https://www.debian.org/\"\n");
    EXPECT_EQ(release.id, "debian");
    EXPECT_EQ(release.name, "Debian GNU/Linux");
    EXPECT_EQ(release.pretty_name, "Debian GNU/Linux 12 (bookworm)");
    EXPECT_EQ(release.version, "12 (bookworm)");
    EXPECT_EQ(release.version_id, "12");
}

TEST(OsRelease, FallsBackToLinux) {
    const auto release = parse_os_release("");
    EXPECT_EQ(release.id, "linux");
    EXPECT_EQ(release.name, "Linux");
    EXPECT_EQ(release.pretty_name, "Linux");
    EXPECT_EQ(release.version_id, "");
}

TEST(OsRelease, TakesQuotesAndEscapesAsAShellWould) {
    EXPECT_EQ(name_in("NAME=plain"), "plain");
    EXPECT_EQ(name_in("NAME=\"a b\""), "a b");
    EXPECT_EQ(name_in("NAME='a \"b\" $c \\d'"), "a \"b\" $c \\d");
    EXPECT_EQ(name_in(R"(NAME="a \"b\" \$c \\ \` \n")"), R"(a "b" $c \ ` \n)");
    EXPECT_EQ(name_in(R"(NAME="ends in a backslash \\")"), R"(ends in a backslash \)");
    EXPECT_EQ(name_in("NAME=\"\""), "");
    EXPECT_EQ(name_in("NAME="), "");
    EXPECT_EQ(name_in("  NAME=indented  "), "indented");
}

TEST(OsRelease, ACarriageReturnEndsALineAsForSystemd) {
    const auto release =
        parse_os_release("ID=\"rocky\"\r\nVERSION_ID=9.4\r\nNAME='R'\rVERSION=9\r\n");
    EXPECT_EQ(release.id, "rocky");
    EXPECT_EQ(release.version_id, "9.4");
    EXPECT_EQ(release.name, "R");
    EXPECT_EQ(release.version, "9");
}

TEST(OsRelease, ALaterLineWins) { EXPECT_EQ(name_in("NAME=one\nNAME=two"), "two"); }

TEST(OsRelease, PassesOverWhatIsNoAssignmentOfAValue) {
    for (const auto* odd : {"NAME=\"open", "NAME=open\"", "NAME='a'b'", "NAME=\"a\"b\"", "NAME=a b",
                            "NAME=$HOME", "NAME=`id`", "NAME=a;b", "NAME=\"a\\\"", "NAME=\"",
                            "NAME", "export NAME=a", "NAME =a", "#NAME=a", "NAME=\"\xff\""}) {
        EXPECT_EQ(name_in(odd), "Linux") << odd;
    }
}

}  // namespace
}  // namespace bulkhead::worker
