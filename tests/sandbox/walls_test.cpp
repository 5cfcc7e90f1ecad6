// Each profile with one of its walls taken away: what it does not permit is refused all the same,
// but for what rests on that wall alone. What that is stands here, so that it cannot grow unseen.
#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sstream>

#include "tests/sandbox/played.hpp"

namespace bulkhead::test {
namespace {

using Column = std::string sandbox_test::Answers::*;

// By trick, what is answered where the wall is missing and neither the profile's own answer nor a
// refusal.
using Resting = std::map<std::string, std::string>;

bool is_refusal(const std::string& said) {
    return said == "refused" || said.starts_with("SIG") ||
           (said.size() > 1 && said[0] == 'E' && said.find(' ') == said.npos);
}

// A file system that comes late, and goes with the object.
class Mounted {
  public:
    explicit Mounted(std::string path) : path_(std::move(path)) {
        EXPECT_EQ(::mount("late", path_.c_str(), "tmpfs", 0, "size=1m"), 0);
    }
    ~Mounted() { ::umount2(path_.c_str(), MNT_DETACH); }
    Mounted(const Mounted&) = delete;
    Mounted& operator=(const Mounted&) = delete;

  private:
    std::string path_;
};

class Walls : public Played {
  protected:
    // The lines of a profile that begin so; without a replacement they go.
    void change(const std::string& profile, const std::string& begin, const std::string& line) {
        const auto file = "policy/profiles/" + profile + ".profile";
        std::istringstream lines(place().read(file));
        std::string text;
        for (std::string each; std::getline(lines, each);) {
            if (!each.starts_with(begin)) {
                text += each + "\n";
            } else if (!line.empty()) {
                text += line + "  # a test\n";
            }
        }
        place().write(file, text);
    }
    void take_away_list(const std::string& profile) {
        change(profile, "seccomp ", "seccomp admin");  // the ceiling, and hardly more
    }
    void take_away_view(const std::string& profile) {
        change(profile, "require job-view", "");
        change(profile, "namespaces ", "namespaces ipc uts");
        change(profile, "private-tmp ", "private-tmp no");
    }
    void start_without_landlock() {
        start_under({BULKHEAD_LIE, "landlock_create_ruleset", "any", std::to_string(ENOSYS)});
        ASSERT_TRUE(wait_for_heartbeats(1)) << log();
    }

    void judge(const std::string& profile, Column column, const Resting& resting) {
        for (const auto& [name, said] : said_in(profile)) {
            const auto trick =
                std::ranges::find(sandbox_test::tricks(), name, &sandbox_test::Trick::name);
            ASSERT_NE(trick, sandbox_test::tricks().end()) << name;
            const auto listed = resting.find(name);
            if (listed != resting.end()) {
                EXPECT_TRUE(fits(said, listed->second))
                    << name << ": expected " << listed->second << ", the kernel said " << said;
                continue;
            }
            EXPECT_TRUE(fits(said, expected_of(*trick, column).alternatives) || is_refusal(said))
                << name << " rests on this wall alone: " << said;
        }
    }
};

using sandbox_test::Answers;

Resting operator+(Resting all, const Resting& more) {
    all.insert(more.begin(), more.end());
    return all;
}

// What rests on the list of calls in every profile: a user namespace gives what capabilities give
// inside, and for a socket of its kind the kernel loads a module where it has one.
Resting of_the_list() {
    Resting all{{"clone-user", "ok"}, {"unshare-user", "ok"}};
    for (const auto& trick : sandbox_test::tricks()) {
        if (trick.answers.bare == "not tried") all[trick.name] = "*";
    }
    return all;
}
// Of inspect and diagnose: a /tmp of its own with an end, nodev, and noexec, which holds the
// loader.
Resting of_the_view() {
    return {{"namespace-mnt", "host"},
            {"see-hosts-tmp", "ok"},
            {"fill-tmp", "ok"},
            {"open-device-node", "ok"},
            {"run-by-loader", "ok"},
            // which Landlock knows from Linux 6.2 on
            {"truncate-open-file", "EACCES@3|ok"}};
}

TEST_F(Walls, WithoutLandlockInspectKeepsItsPromises) {
    start_without_landlock();
    judge("inspect", &Answers::inspect, {{"kill-init", "ok"}});
}

TEST_F(Walls, WithoutItsListOfCallsInspectKeepsItsPromises) {
    take_away_list("inspect");
    start_enrolled();
    judge("inspect", &Answers::inspect,
          of_the_list() + Resting{{"socket-unix", "ok"},
                                  {"connect-open-socket", "ok"},
                                  {"connect-datagram-pair", "ok"},
                                  {"connect-raw-pair", "ok"}});
}

TEST_F(Walls, WithoutItsViewInspectKeepsItsPromises) {
    take_away_view("inspect");
    start_enrolled();
    judge("inspect", &Answers::inspect,
          of_the_view() +
              Resting{{"namespace-pid", "host"}, {"see-broker", "ok"}, {"pidfd-of-broker", "ok"}});
}

TEST_F(Walls, WithoutLandlockDiagnoseKeepsItsPromises) {
    start_without_landlock();
    judge("diagnose", &Answers::diagnose, {{"connect-abstract-socket", "ok"}});
}

TEST_F(Walls, WithoutItsListOfCallsDiagnoseKeepsItsPromises) {
    take_away_list("diagnose");
    start_enrolled();
    judge("diagnose", &Answers::diagnose, of_the_list());
}

TEST_F(Walls, WithoutItsViewDiagnoseKeepsItsPromises) {
    take_away_view("diagnose");
    start_enrolled();
    judge("diagnose", &Answers::diagnose, of_the_view());
}

TEST_F(Walls, WithoutItsListOfCallsMaintainKeepsItsPromises) {
    take_away_list("maintain");
    start_enrolled();
    judge("maintain", &Answers::maintain,
          of_the_list() + Resting{{"socket-unix", "ok"},
                                  // Landlock holds no modes, times, attributes and flags
                                  {"chmod-tmp", "ok"},
                                  {"chmod-anothers-file", "ok"},
                                  {"make-anothers-file-set-user-id", "ok"},
                                  {"yard-chmod", "ok"},
                                  {"yard-chmod-directory", "ok"},
                                  {"yard-utimes", "ok"},
                                  {"yard-setxattr", "ok"},
                                  {"yard-setxattr-directory", "ok"},
                                  {"yard-flags-of-directory", "ok"},
                                  {"yard-attributes-of-directory", "ok"},
                                  // and truncate(2) from Linux 6.2 on
                                  {"yard-truncate", "EACCES@3|ok"}});
}

TEST_F(Walls, WithoutTheMapOfIdsMaintainKeepsItsPromises) {
    change("maintain", "require id-map", "without id-map");
    start_enrolled();
    judge("maintain", &Answers::maintain, {});
}

// A wall that a profile cannot do without, and the kernel has not: no line of it runs.
TEST_F(Walls, AProfileWithoutItsGroundDoesNotRun) {
    start_without_landlock();
    pin({.name = "deletes", .script = "echo ran\n", .profile = "maintain"});
    reload();
    const auto result = ended(queue({.script = "echo ran\n"}));
    EXPECT_EQ(result["outcome"], "refused") << result.dump();
    EXPECT_EQ(result["reason"], "profile-unusable") << result.dump();
    EXPECT_NE(result.dump().find("Landlock"), std::string::npos) << result.dump();
}

// Neither mount_setattr(2) nor Landlock is there: what is left is the profile that has no wall to
// lack.
TEST_F(Walls, AsBeforeLinux512NothingRunsButAdmin) {
    const auto lacks = std::to_string(ENOSYS);
    start_under({BULKHEAD_LIE, "landlock_create_ruleset", "any", lacks, BULKHEAD_LIE,
                 "mount_setattr", "any", lacks});
    ASSERT_TRUE(wait_for_heartbeats(1)) << log();
    for (const std::string profile : kShippedProfiles) {
        const auto script = "echo ran # " + profile + "\n";
        pin({.name = "runs-" + profile, .script = script, .profile = profile});
        reload();
        const auto result = ended(queue({.script = script}));
        EXPECT_EQ(result["outcome"], profile == "admin" ? "finished" : "refused") << result.dump();
        if (profile == "admin") continue;
        EXPECT_EQ(result["reason"], "profile-unusable") << result.dump();
        EXPECT_NE(result.dump().find("Linux 5.12"), std::string::npos) << result.dump();
    }
}

// What the host mounts while a job runs is none of its.
TEST_F(Walls, AMountMadeDuringAJobDoesNotComeIn) {
    const std::string script = "echo ready; while ! [ -e " + (place() / "go") +
                               " ]; do sleep 0.1; done; ls " + (place() / "late") + "\n";
    for (const std::string profile : {"inspect", "diagnose"}) {
        pin({.name = "late-" + profile,
             .script = "# " + profile + "\n" + script,
             .profile = profile});
    }
    std::filesystem::create_directory(place() / "late");
    start_enrolled();
    std::vector<std::string> jobs;
    for (const std::string profile : {"inspect", "diagnose"}) {
        jobs.push_back(queue({.script = "# " + profile + "\n" + script}));
        ASSERT_TRUE(wait_for_output(jobs.back(), "ready"));
    }
    const Mounted late(place() / "late");
    place().write("late/of-the-host", "");
    place().write("go", "");
    for (const auto& job : jobs) {
        EXPECT_EQ(ended(job)["outcome"], "finished");
        EXPECT_EQ(backend().standard_output(job), "ready\n") << "the mount has come in";
    }
}

}  // namespace
}  // namespace bulkhead::test
