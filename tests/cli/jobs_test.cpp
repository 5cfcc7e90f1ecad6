// `bulkhead jobs` against processes in a cgroup such as an agent's, and a file system that they
// hold.
#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/base/parse.hpp"
#include "common/sys/mounts.hpp"
#include "tests/cli/site.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/kernel.hpp"

namespace bulkhead::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string cgroup_root() {
    const auto text = sys::Dir::open("/proc/self")->read_file("mountinfo", 1 << 24).value();
    for (const auto& mount : sys::parse_mounts(text)) {
        if (mount.type == "cgroup2") return std::string(mount.place);
    }
    return "";
}

// An agent's tree with one job in it, whose first process waits for its end.
class FakeJob {
  public:
    // `prepare` is the job's before it waits; it is ready when the constructor is through.
    explicit FakeJob(const std::function<void()>& prepare)
        : agent_(cgroup_root() + "/bulkhead-test-" + std::to_string(::getpid())) {
        std::filesystem::create_directories(cgroup() + "/nested");
        auto ready = sys::make_pipe().value();
        child_ = ::fork();
        if (child_ == 0) {
            prepare();
            char program[] = "sleep";
            char most[] = "60";
            char id[] = "BULKHEAD_JOB_ID=disk\033clean";
            char* const argv[] = {program, most, nullptr};
            char* const environment[] = {id, nullptr};
            ::execve("/bin/sleep", argv, environment);
            ::_exit(1);
        }
        ready.write.reset();
        // Its end closes when the program begins: environment and preparations are in place.
        static_cast<void>(sys::read_to_end(ready.read, 16));
        std::ofstream(cgroup() + "/nested/cgroup.procs") << child_;
    }
    ~FakeJob() {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        for (const auto* below : {"/jobs/7/nested", "/jobs/7", "/jobs", ""}) {
            ::rmdir((agent_ + below).c_str());
        }
    }
    FakeJob(const FakeJob&) = delete;

    std::string name() const { return std::filesystem::path(agent_).filename(); }
    pid_t process() const { return child_; }

  private:
    std::string cgroup() const { return agent_ + "/jobs/7"; }

    std::string agent_;
    pid_t child_ = -1;
};

std::string own_view() {
    const bool done = ::unshare(CLONE_NEWNS) == 0 &&
                      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    return done ? "" : "no mount namespace";
}

Answer ask(std::vector<std::string> words) {
    words.insert(words.begin(), "jobs");
    return run({.words = std::move(words)});
}

class Jobs : public ::testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "makes cgroups and mounts";
        if (!cgroup2_is_mounted()) GTEST_SKIP() << "no cgroup2";
    }
    // In a view of its own with a tmpfs at mount(): the host's, as far as `act` can tell.
    std::string on_host(const std::function<std::string()>& act) const {
        return forked([&]() -> std::string {
            if (const auto failed = own_view(); !failed.empty()) return failed;
            if (::mount("tmpfs", mount().c_str(), "tmpfs", 0, "size=64k") != 0) return "no tmpfs";
            return act();
        });
    }
    std::string mount() const { return top_.path(); }

    TempDir top_;
};

TEST_F(Jobs, AreListedWithTheirIdAndProcesses) {
    const FakeJob job([] {});
    const auto answer = ask({});
    EXPECT_EQ(answer.code, 0) << answer.err;
    EXPECT_THAT(answer.out, HasSubstr("disk\\x1bclean, number 7 of " + job.name() + "\n"));
    EXPECT_THAT(answer.out, HasSubstr("processes     " + std::to_string(job.process()) + "\n"));
    EXPECT_THAT(answer.out, testing::ContainsRegex("since +20[0-9-]+T[0-9:]+Z\n"));
}

TEST_F(Jobs, ThatHoldAFileSystemInTheirViewAreNamedWithThePlace) {
    EXPECT_EQ(on_host([&]() -> std::string {
                  const FakeJob job([] { static_cast<void>(own_view()); });
                  const auto answer = ask({"--holds", mount()});
                  const auto wanted = "holds it      mounted at " + mount() + " in its view\n";
                  const bool told = answer.code == 0 && answer.out.contains(wanted);
                  // Gone from the host, and busy all the same.
                  if (::umount2(mount().c_str(), 0) != 0) return "it would not let go";
                  return told ? "" : answer.out + answer.err;
              }),
              "");
}

TEST_F(Jobs, ThatStandInAMountOfTheHostAreNamedWithTheirProcess) {
    EXPECT_EQ(on_host([&]() -> std::string {
                  const FakeJob job([&] {
                      if (::chdir(mount().c_str()) != 0) ::_exit(1);
                  });
                  const auto answer = ask({"--holds", mount()});
                  const auto wanted = "process " + std::to_string(job.process()) + " by cwd\n";
                  if (::umount2(mount().c_str(), 0) == 0) return "nothing was busy";
                  return answer.code == 0 && answer.out.contains(wanted) ? ""
                                                                         : answer.out + answer.err;
              }),
              "");
}

TEST_F(Jobs, ThatHoldNothingOfItAreNotNamed) {
    EXPECT_EQ(on_host([&]() -> std::string {
                  const FakeJob job([&] {
                      static_cast<void>(own_view());
                      ::umount2(mount().c_str(), 0);
                  });
                  const auto answer = ask({"--holds", mount()});
                  const bool none =
                      answer.code == 1 && answer.out == "no running job holds " + mount() + "\n";
                  return none ? "" : answer.out + answer.err;
              }),
              "");
}

TEST_F(Jobs, AreAskedAboutAMountOrADevice) {
    const auto no_mount = ask({"--holds", mount()});
    EXPECT_EQ(no_mount.code, 2);
    EXPECT_THAT(no_mount.err, HasSubstr(mount() + ": is no mount; it lies on /"));
    EXPECT_EQ(ask({"--holds", "/absent"}).code, 2);
    EXPECT_THAT(ask({"--holds", "/absent"}).err, HasSubstr("there is no such place"));
    EXPECT_EQ(ask({"--holds"}).code, 2);
    EXPECT_EQ(ask({"7"}).code, 2);
}

// A line as the broker writes it; the chain is not looked at here.
std::string line(int seq, const std::string& time, const std::string& event) {
    return "{\"seq\":" + std::to_string(seq) + ",\"time\":\"" + time + "\",\"prev\":\"" +
           std::string(64, '0') + "\",\"event\":\"" + event + "}\n";
}

std::string began(int seq, const std::string& time, int number, const std::string& delivery) {
    return line(seq, time,
                "verdict\",\"decision\":\"admit\",\"reason\":\"admitted\",\"delivery\":\"" +
                    delivery + "\",\"backend\":\"main\",\"params\":[\"n=1\"]") +
           line(seq + 1, time,
                "job-started\",\"number\":" + std::to_string(number) +
                    ",\"job\":\"disk\\u001bclean\",\"profile\":\"maintain\",\"signers\":[\"alice\","
                    "\"bob\"],\"delivery\":\"" +
                    delivery + "\"");
}

TEST_F(Jobs, ThatRanAreListedFromTheAuditLogWithItsRotatedParts) {
    std::ofstream(top_ / "audit.log.1")
        << began(1, "2026-01-02T00:00:00Z", 1, "old")
        << line(3, "2026-01-02T00:00:01Z",
                "job-ended\",\"number\":1,\"outcome\":\"finished\",\"exit\":3,\"signal\":0,"
                "\"reason\":\"ok\"");
    std::ofstream(top_ / "audit.log")
        << began(4, "2026-01-03T00:00:00Z", 2, "young") << "half a li";
    const auto recent = ask({"--log-dir", top_.path()});
    EXPECT_EQ(recent.code, 0) << recent.err;
    EXPECT_THAT(recent.out, HasSubstr("job           disk?clean, number 2\n"
                                      "profile       maintain, approved by alice, bob\n"
                                      "started       2026-01-03T00:00:00Z, delivery young\n"
                                      "outcome       not ended, and does not run\n"));
    EXPECT_THAT(recent.out, Not(HasSubstr("delivery old")));
    EXPECT_THAT(recent.out, HasSubstr("are left out: --since"));
    const auto all = ask({"--log-dir", top_.path(), "--since", "2026-01-01T00:00:00Z"});
    EXPECT_THAT(all.out, HasSubstr("outcome       finished, exit 3, at 2026-01-02T00:00:01Z\n"));
    const auto json = ask({"--log-dir", top_.path(), "--since", "2026-01-01T00:00:00Z", "--json"});
    const auto list = nlohmann::json::parse(json.out, nullptr, false);
    ASSERT_EQ(list.size(), 2U) << json.out << json.err;
    EXPECT_EQ(list[0]["state"], "finished, exit 3");
    EXPECT_EQ(list[1]["ended"], nullptr);
    EXPECT_EQ(list[1]["params"][0], "n=1");
    EXPECT_EQ(ask({"--since", "yesterday"}).code, 2);
    const auto nothing = ask({"--log-dir", "/absent"});
    EXPECT_EQ(nothing.code, 2);
    EXPECT_EQ(nothing.out, "");
    EXPECT_THAT(nothing.err, HasSubstr("--log-dir: there is no /absent"));
}

TEST_F(Jobs, AreForRootToSee) {
    const auto answer = run({.words = {"jobs"}, .user = kNobody});
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.err, HasSubstr("only root sees which jobs run"));
}

}  // namespace
}  // namespace bulkhead::test
