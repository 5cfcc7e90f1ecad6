// Lines of a profile that contradict each other are refused with file, line, column and what to do.
#include "common/policy/walls.hpp"

#include <gmock/gmock.h>

#include "common/policy/parse.hpp"

using namespace bulkhead;
using namespace bulkhead::policy;
using testing::StartsWith;

namespace {

using Walls = std::set<std::string, std::less<>>;

// `lines` begin at line 1.
std::string text_of(std::string_view lines, std::string_view capabilities = "none",
                    std::string_view namespaces = "mount", std::string_view tmp = "no") {
    return std::string(lines) + "user nobody  # why\ngroup nogroup  # why\ngroups none  # why\n" +
           "capabilities " + std::string(capabilities) + "  # why\nnetwork none  # why\n" +
           "namespaces " + std::string(namespaces) + "  # why\nprivate-tmp " + std::string(tmp) +
           "  # why\nmemory 1MiB  # why\npids 9  # why\ncpu-percent 9  # why\n"
           "file-size 1MiB  # why\nopen-files 99  # why\numask 077  # why\nnice 0  # why\n"
           "timeout 60s  # why\noutput 4KiB  # why\nseccomp job  # why\n";
}

std::string refusal(const std::string& text) {
    const auto profile = parse_profile("p", "profiles/p.profile", text);
    if (!profile) return profile.error().what;
    const auto checked = check_profile(*profile);
    return checked ? "" : checked.error().what;
}

Profile profile_of(const std::string& text) {
    return parse_profile("p", "profiles/p.profile", text).value();
}

}  // namespace

TEST(Rows, ThatDeleteNameADirectoryOfTheHost) {
    EXPECT_EQ(refusal(text_of("remove /  # all of it\n")),
              "profiles/p.profile:1:8: no profile deletes everywhere; name a directory");
    EXPECT_EQ(refusal(text_of("remove /srv  # old\n", "none", "none")),
              "profiles/p.profile:1:8: a row \"remove\" needs \"namespaces mount\"");
    EXPECT_EQ(refusal(text_of("\n  remove /var/tmp/x  # old\n", "none", "mount", "yes")),
              "profiles/p.profile:2:10: the host's is not there to delete from; write "
              "\"private-tmp no\"");
    EXPECT_EQ(refusal(text_of("remove /srv/old  # old\nremove /tmp  # old\n")), "");
}

TEST(Rows, ThatDeleteAndRowsThatWriteStandApart) {
    constexpr const char* kWhy =
        " overlap, and deleting would be the least of what it may; keep one of the two";
    EXPECT_EQ(refusal(text_of("remove /srv/a  # old\nwrite /srv/a  # new\n")),
              "profiles/p.profile:2:7: /srv/a and \"remove /srv/a\" of line 1" + std::string(kWhy));
    EXPECT_EQ(refusal(text_of("write /srv  # new\nremove /srv/a  # old\n")),
              "profiles/p.profile:1:7: /srv and \"remove /srv/a\" of line 2" + std::string(kWhy));
    EXPECT_EQ(
        refusal(text_of("devices /srv/a/b if-present # new\nremove /srv/a  # old\n")),
        "profiles/p.profile:1:9: /srv/a/b and \"remove /srv/a\" of line 2" + std::string(kWhy));
    EXPECT_EQ(refusal(text_of("write /srv/ab  # new\nremove /srv/a  # old\n")), "");
    EXPECT_EQ(refusal(text_of("read /srv/a  # new\nremove /srv/a  # old\n")), "");
}

TEST(Walls, CapabilitiesThatWouldUndoTheIdMapAreRefusedWithIt) {
    for (const std::string name : {"CAP_SETUID", "CAP_SETGID", "CAP_FSETID", "CAP_SETFCAP"}) {
        const auto capabilities = "CAP_DAC_OVERRIDE " + name;
        EXPECT_THAT(refusal(text_of("remove /srv  # old\n", capabilities)),
                    StartsWith("profiles/p.profile: " + name + " would undo the wall id-map"));
        EXPECT_EQ(refusal(text_of("without id-map  # an old kernel\n", capabilities)), "");
        EXPECT_EQ(refusal(text_of("", capabilities, "none")), "") << "no trees of its own";
    }
    EXPECT_EQ(refusal(text_of("remove /srv  # old\n", "CAP_DAC_OVERRIDE CAP_FOWNER")), "");
}

TEST(Walls, AreGivenUpWithAReasonOrNotAtAll) {
    EXPECT_EQ(refusal(text_of("without landlock\n")),
              "profiles/p.profile:1:17: no reason; end the line with \"  # why\"");
    EXPECT_THAT(
        refusal(text_of("without selinux  # why\n")),
        StartsWith("profiles/p.profile:1:9: expected a wall: landlock, landlock-scope, job-view"));
    EXPECT_EQ(refusal(text_of("require landlock  # why\nwithout landlock  # an old kernel\n")),
              "profiles/p.profile:2: another line requires landlock; take one of the two out");
    EXPECT_EQ(refusal(text_of("without job-view  # an old kernel\n")),
              "profiles/p.profile:1: \"namespaces mount\" is this wall; leave mount out of that "
              "line instead");
    EXPECT_EQ(refusal(text_of("remove /srv  # old\nwithout landlock  # an old kernel\n")),
              "profiles/p.profile:2: a row \"remove\" rests on Landlock alone; take out the one or "
              "the other");
}

TEST(Walls, FollowFromTheLines) {
    const auto walls = [](const std::string& text) { return obligatory_walls(profile_of(text)); };
    EXPECT_EQ(walls(text_of("", "none", "none")), Walls{});
    EXPECT_EQ(walls(text_of("")), Walls{"job-view"});
    EXPECT_EQ(walls(text_of("", "CAP_FOWNER", "none")), Walls{});
    EXPECT_EQ(walls(text_of("", "CAP_FOWNER")), (Walls{"id-map", "job-view"}));
    EXPECT_EQ(walls(text_of("without id-map  # overlay\n", "CAP_FOWNER")), Walls{"job-view"});
    EXPECT_EQ(walls(text_of("remove /srv  # old\n")), (Walls{"job-view", "landlock"}));
    EXPECT_EQ(walls(text_of("require cgroup-pids  # bombs\n", "none", "none")),
              Walls{"cgroup-pids"});
}

TEST(FilesOfTheHost, HaveNoRowsAndNoView) {
    EXPECT_EQ(refusal(text_of("files host  # root\n", "none", "none")), "");
    EXPECT_EQ(refusal(text_of("files host  # root\nread /etc  # names\n", "none", "none")),
              "profiles/p.profile:2:6: \"files host\" has no rows: files are as its user has them");
    EXPECT_THAT(refusal(text_of("files host  # root\n")),
                testing::EndsWith("\"files host\" and \"namespaces mount\" exclude each other"));
    EXPECT_THAT(refusal(text_of("files mine  # root\n", "none", "none")),
                StartsWith("profiles/p.profile:1:7: expected host"));
}

TEST(PrivateTmp, IsTakenOfTheProfilesMemory) {
    EXPECT_EQ(refusal(text_of("", "none", "mount", "yes 1MiB")), "");
    EXPECT_EQ(profile_of(text_of("", "none", "mount", "yes 64KiB")).private_tmp_size, 65536U);
    EXPECT_EQ(profile_of(text_of("", "none", "mount", "yes")).private_tmp_size, 0U);
    EXPECT_EQ(refusal(text_of("", "none", "mount", "yes 2MiB")),
              "profiles/p.profile:7:17: larger than the profile's memory, of which it is taken; "
              "give it less, or more to \"memory\"");
    EXPECT_THAT(refusal(text_of("", "none", "mount", "yes large")),
                StartsWith("profiles/p.profile:7:17: expected a size"));
}

TEST(AtOnce, IsANumberAndStandsOnce) {
    EXPECT_EQ(profile_of(text_of("at-once 2  # why\n")).limits.at_once, 2U);
    EXPECT_EQ(profile_of(text_of("")).limits.at_once, 0U);
    EXPECT_THAT(refusal(text_of("at-once 0  # why\n")),
                StartsWith("profiles/p.profile:1:9: expected a whole number from 1 to 16"));
    EXPECT_THAT(refusal(text_of("at-once 1  # why\nat-once 2  # why\n")),
                StartsWith("profiles/p.profile:2:1: \"at-once\" stands twice"));
}
