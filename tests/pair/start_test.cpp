// What a broker does with a bad start: one clear line, nothing left behind, and exit code 2 for
// what somebody must mend: the service manager tries again after every other.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"
#include "tests/support/kernel.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

class Start : public Pair {
  protected:
    // Ends with exit code 2, and says each of `texts`.
    void expect_refused(const std::vector<std::string>& texts,
                        const std::vector<std::string>& more = {}) {
        EXPECT_EQ(run_to_end(more), 2);
        for (const auto& text : texts) {
            EXPECT_NE(log().find(text), std::string::npos) << "not said: " << text;
        }
        EXPECT_TRUE(backend().requests().empty());
    }
};

TEST_F(Start, AWorldWritablePolicyFileIsRefused) {
    ::chmod((place() / "policy/host.policy").c_str(), 0666);
    expect_refused({"policy/host.policy: others may write to it", "chmod go-w"});
}

TEST_F(Start, APolicyFileOfAnotherUserIsRefused) {
    ASSERT_EQ(::chown((place() / "policy/profiles/test.profile").c_str(), 65534, 0), 0);
    expect_refused({"profiles/test.profile: belongs to user 65534", "chown root"});
}

TEST_F(Start, AnUnreadablePolicyFileIsRefused) {
    // Root reads any mode, so what cannot be read is what is no file.
    fs::remove(place() / "policy/interpreters.policy");
    fs::create_directory(place() / "policy/interpreters.policy");
    expect_refused({"interpreters.policy"});
}

TEST_F(Start, ASymlinkInThePolicyIsRefused) {
    fs::rename(place() / "policy/host.policy", place() / "host.policy");
    fs::create_symlink(place() / "host.policy", place() / "policy/host.policy");
    expect_refused({"host.policy"});
}

TEST_F(Start, ASymlinkedPolicyDirectoryIsRefused) {
    fs::rename(place() / "policy", place() / "elsewhere");
    fs::create_directory_symlink(place() / "elsewhere", place() / "policy");
    expect_refused({"/policy"});
}

TEST_F(Start, ABadPolicyLineIsNamedByFileAndNumber) {
    const auto lines = place().read("policy/host.policy");
    const auto number = std::count(lines.begin(), lines.end(), '\n') + 1;
    place().append("policy/host.policy", "groop web  # a typo\n");
    expect_refused({"host.policy:" + std::to_string(number), "groop", "group"});
}

TEST_F(Start, AConfigurationTypoIsNamedWithASuggestion) {
    place().write("agent.yaml", configuration() + "hartbeat_interval: 2s\n");
    expect_refused({"agent.yaml:7", "hartbeat_interval", "did you mean heartbeat_interval?"});
}

TEST_F(Start, ABadDurationIsNamed) {
    place().write("agent.yaml", configuration() + "jobs:\n  poll_wait: fast\n");
    expect_refused({"agent.yaml:8", "poll_wait"});
}

TEST_F(Start, AConfigurationThatOthersMayWriteIsRefused) {
    ::chmod((place() / "agent.yaml").c_str(), 0666);
    expect_refused({"agent.yaml: others may write to it", "chmod go-w"});
}

TEST_F(Start, AMissingConfigurationIsNamed) {
    fs::remove(place() / "agent.yaml");
    expect_refused({"agent.yaml does not exist"});
}

// The agent runs and says so, as after a withdrawal: a reload mends it.
TEST_F(Start, ACaFileThatNoRowHasIsNamed) {
    place().write("agent.yaml", "backend:\n  url: " + backend().url() +
                                    "\n  install_token: token\n  ca_file: /nowhere/ca.pem\n");
    start();
    EXPECT_TRUE(wait_for_log("enroll-failed")) << log();
    EXPECT_NE(log().find("ca_file: /nowhere/ca.pem"), std::string::npos) << log();
    EXPECT_TRUE(backend().requests().empty());
    EXPECT_EQ(stop(), 0);
}

TEST_F(Start, APortThatPolicyDoesNotListIsNamedWhicheverUrlHasIt) {
    const auto end = "; add a line by profiles/worker.profile.d/NAME.lines: connect 127.0.0.1 7";
    const auto expect_told = [&](const std::string& text) {
        place().write("agent.log", "");
        start();
        EXPECT_TRUE(wait_for_log("worker-confined")) << log();
        EXPECT_NE(log().find("port 7" + std::string(end)), std::string::npos) << log();
        EXPECT_NE(log().find(text), std::string::npos) << "not said: " << text;
        EXPECT_EQ(stop(), 0) << "an agent that cannot connect runs";
    };
    place().write("agent.yaml", "backend: {url: \"https://localhost:7\"}\n");
    expect_told("backend bulkhead: policy lets the worker connect to no port 7");
    place().write("agent.yaml",
                  "backend: {dialect: aegisflux, url: \"http://localhost:8080\", options: "
                  "{registration_url: \"http://localhost:7\"}}\n");
    expect_told("backend aegisflux: policy lets the worker connect to no port 7");
}

// "any" is any but this host itself.
TEST_F(Start, AnAddressThatPolicyDoesNotNameIsToldAsSuch) {
    if (const auto why = kernel_filters_sockets(); !why.empty()) GTEST_SKIP() << why;
    auto rows = place().read("policy/profiles/worker.profile");
    const std::string near = "connect 127.0.0.1 ";
    ASSERT_NE(rows.find(near), rows.npos);
    place().write("policy/profiles/worker.profile",
                  rows.replace(rows.rfind(near), near.size(), "connect any "));
    start({"--once"});
    EXPECT_TRUE(wait_for_log("lets the worker not connect to 127.0.0.1"));
    EXPECT_NE(stop(0), 0);
    EXPECT_TRUE(backend().requests().empty());
}

TEST_F(Start, AnUnknownOptionIsRefused) { expect_refused({"--polisy"}, {"--polisy=/etc"}); }

TEST_F(Start, AnUnusableWorkerProgramIsNamed) {
    expect_refused({"worker program /nowhere/worker", "No such file"},
                   {"--worker", "/nowhere/worker"});
    fs::copy(BULKHEAD_WORKER, place() / "worker");
    ::chmod((place() / "worker").c_str(), 0777);
    expect_refused({"worker: others may write to it", "chmod go-w"},
                   {"--worker", place() / "worker"});
}

TEST_F(Start, AWorkerThatWouldBeRootIsRefused) {
    expect_refused({"must not run as root"}, {"--worker-user", "0:0"});
}

TEST_F(Start, AnUnknownWorkerUserIsNamed) {
    expect_refused({"no-such-user"}, {"--worker-user", "no-such-user"});
}

TEST_F(Start, AStateDirectoryThatCannotBeIsNamed) {
    expect_refused({"create directory " + place() / "no/such/state"},
                   {"--state", place() / "no/such/state"});
    place().write("file", "");
    expect_refused({place() / "file"}, {"--state", place() / "file"});
}

TEST_F(Start, AStateDirectoryOfSomebodyElseIsRefused) {
    fs::create_directory(place() / "state");
    ASSERT_EQ(::chown((place() / "state").c_str(), 65534, 65534), 0);
    expect_refused({"must belong to user 0"});
}

// --- who may change the way to what root uses

class Ways : public Start {
  protected:
    static constexpr uid_t kNobody = 65534;
    const std::vector<std::string> kOptions{"--state",    "--log-dir", "--run-dir",
                                            "--log-file", "--config",  "--vendor-policy",
                                            "--worker",   "--policy"};

    // Each option in turn names something in `folder`; each start is refused with `said`.
    void expect_each_refused(const std::string& folder, const std::string& said) {
        for (const auto& option : kOptions) {
            place().write("agent.log", "");
            expect_refused({said}, {option, folder + "/it"});
            EXPECT_FALSE(fs::exists(folder + "/it")) << option;
        }
    }
    std::string make(const std::string& name) {
        fs::create_directories(place() / name);
        return place() / name;
    }
};

TEST_F(Ways, BelowADirectoryOfAnotherUserAreRefused) {
    const auto theirs = make("theirs");
    const auto below = make("theirs/of-root");
    ASSERT_EQ(::chown(theirs.c_str(), kNobody, kNobody), 0);
    expect_each_refused(below,
                        theirs + ": belongs to user 65534; choose a place where only root may");
}

TEST_F(Ways, BelowADirectoryThatOthersMayWriteToAreRefused) {
    const auto open = make("open");
    const auto below = make("open/of-root");
    fs::permissions(open, fs::perms(0775));
    for (const mode_t mode : {0775, 01777}) {  // as /tmp is
        ASSERT_EQ(::chmod(open.c_str(), mode), 0);
        expect_each_refused(below,
                            open + ": others may write to it; choose a place where only root may");
    }
}

TEST_F(Ways, BySymlinksOfAnotherUserAreRefused) {
    const auto link = place() / "link";
    fs::create_directory_symlink(make("of-root"), link);
    ASSERT_EQ(::lchown(link.c_str(), kNobody, kNobody), 0);
    expect_each_refused(link, link + ": belongs to user 65534 and is a symlink; remove it");
}

TEST_F(Ways, BySymlinksOfRootsAreFollowed) {
    const auto folder = make("of-root");
    const auto link = place() / "link";
    fs::create_directory_symlink("../" + fs::path(place().path()).filename().string() + "/of-root",
                                 link);
    fs::create_symlink(place() / "agent.yaml", folder + "/agent.yaml");
    EXPECT_EQ(run_to_end({"--state", link + "/state", "--log-dir", link + "/log", "--run-dir",
                          link + "/run", "--config", link + "/agent.yaml", "--once"}),
              0);
    EXPECT_TRUE(fs::exists(folder + "/state/broker"));
    EXPECT_TRUE(fs::exists(folder + "/log/audit.log"));
    EXPECT_EQ(heartbeats().size(), 1U);
    EXPECT_EQ(run_to_end({"--log-file", link + "/agent.log", "--once"}), 0);
    EXPECT_TRUE(fs::exists(folder + "/agent.log"));
    fs::create_symlink(place() / "other.log", folder + "/link.log");
    EXPECT_EQ(run_to_end({"--log-file", folder + "/link.log", "--once"}), 2);
    EXPECT_FALSE(fs::exists(place() / "other.log"));
}

// --- accounts

TEST_F(Start, AProfileWithTheAccountOfAWorkerOrTheConfigReaderIsRefused) {
    // nobody, whose jobs of this profile are, is slot 4's of these.
    expect_refused(
        {"profiles/diagnose.profile:7: user nobody: this account is the worker's of slot 4"},
        {"--worker-user", "65530:65530"});
    expect_refused({"user nobody: this account is the config reader's"},
                   {"--config-user", "65534:65534"});
}

TEST_F(Start, AProfileIsRootOnlyByThatName) {
    place().write("passwd", content_of("/etc/passwd") + "toor:x:0:0::/root:/bin/sh\n");
    auto profile = place().read("policy/profiles/test.profile");
    const std::string line = "user nobody";
    place().write("policy/profiles/test.profile",
                  profile.replace(profile.find(line), line.size(), "user toor"));
    start_under({"/usr/bin/unshare", "--mount", "/bin/sh", "-c",
                 "mount --bind \"$0\" /etc/passwd && exec \"$@\"", place() / "passwd"});
    EXPECT_EQ(stop(0), 2);
    EXPECT_TRUE(wait_for_log("profiles/test.profile:6: user toor is root; write: user root"));
}

TEST_F(Start, AReloadRefusesAProfileWithTheAccountOfTheConfigReader) {
    const auto passwd =
        content_of("/etc/passwd") + "reader:x:" + std::to_string(kConfigReader) + ":65534::/:\n";
    place().write("passwd", passwd);
    start_under({"/usr/bin/unshare", "--mount", "/bin/sh", "-c",
                 "mount --bind \"$0\" /etc/passwd && exec \"$@\"", place() / "passwd"});
    ASSERT_TRUE(wait_for_heartbeats(1));
    auto profile = place().read("policy/profiles/test.profile");
    const std::string line = "user nobody";
    place().write("policy/profiles/test.profile",
                  profile.replace(profile.find(line), line.size(), "user reader"));
    reload();
    const auto why = last_audit("policy-rejected")["why"].get<std::string>();
    EXPECT_NE(why.find("profiles/test.profile:6: user reader: this account is the config reader's"),
              std::string::npos)
        << why;
}

TEST_F(Start, AReadOnlyStateDirectoryIsNamed) {
    fs::create_directory(place() / "state");
    auto words = command();
    const std::vector<std::string> unwritable{
        "/usr/bin/unshare",
        "--mount",
        "/bin/sh",
        "-c",
        "mount -t tmpfs -o ro,mode=755 none \"$0\" && exec \"$@\"",
        place() / "state"};
    words.insert(words.begin(), unwritable.begin(), unwritable.end());
    Program broker({.words = words, .output = place() / "agent.log"});
    EXPECT_EQ(broker.wait(kPatience), 2);
    EXPECT_TRUE(wait_for_log("state/broker: Read-only file system"));
    EXPECT_TRUE(backend().requests().empty());
}

TEST_F(Start, ALogDirectoryThatCannotBeIsNamed) {
    expect_refused({place() / "no/such/log"}, {"--log-dir", place() / "no/such/log"});
}

TEST_F(Start, ASecondAgentIsTurnedAwayAndTheFirstNotDisturbed) {
    pin({.name = "still-here", .script = "echo here\n"});
    start_enrolled();
    const auto first = worker_pid();
    {
        Program second({.words = command(), .output = place() / "second.log"});
        EXPECT_EQ(second.wait(kPatience), 1) << "the first may end";
    }
    EXPECT_NE(place().read("second.log").find("another"), std::string::npos)
        << place().read("second.log");
    EXPECT_EQ(worker_pid(), first);
    EXPECT_EQ(run_job({.script = "echo here\n"})["outcome"], "finished");
    const auto status =
        run({BULKHEAD_CLI, "status", "--socket", place() / "run/status/bulkhead.sock"});
    EXPECT_EQ(status.code, 0) << status.output;
}

TEST_F(Start, ALogThatNobodyReadsAnyMoreDoesNotStopIt) {
    auto words = command();
    words.insert(words.begin(), {"/bin/bash", "-c", "set -o pipefail; \"$0\" \"$@\" | true"});
    words.emplace_back("--once");
    Program broker({.words = words, .output = place() / "agent.log"});
    EXPECT_EQ(broker.wait(kPatience), 0);
    EXPECT_EQ(heartbeats().size(), 1U);
}

// --- passes

TEST_F(Start, RegisterOnlyEnrollsAndDoesNoMore) {
    EXPECT_EQ(run_to_end({"--register-only"}), 0);
    EXPECT_EQ(backend().enrolments().size(), 1U);
    EXPECT_TRUE(heartbeats().empty());
}

TEST_F(Start, CheckInOnlySendsOneHeartbeat) {
    pin({.name = "waiting", .script = "echo ran\n"});
    const auto id = queue({.script = "echo ran\n"});
    EXPECT_EQ(run_to_end({"--check-in-only"}), 0);
    EXPECT_EQ(heartbeats().size(), 1U);
    EXPECT_EQ(backend().job(id)->handed_out, 0);
}

TEST_F(Start, OncePassesThroughEveryDuty) {
    pin({.name = "first", .script = "echo one\n"});
    pin({.name = "second", .script = "echo two\nexit 3\n"});
    const auto first = queue({.script = "echo one\n"});
    const auto second = queue({.script = "echo two\nexit 3\n"});
    EXPECT_EQ(run_to_end({"--once"}), 0);
    EXPECT_EQ(heartbeats().size(), 1U);
    EXPECT_EQ(backend().job(first)->result["exit_code"], 0);
    EXPECT_EQ(backend().job(second)->result["exit_code"], 3);
    EXPECT_EQ(backend().standard_output(second), "two\n");
    ASSERT_FALSE(backend().inventories().empty());
    EXPECT_EQ(backend().inventories()[0].body["full"], true);
    EXPECT_EQ(backend().inventories()[0].body["sequence"], 1);
}

TEST_F(Start, OnceGoesOnWithTheOtherDutiesWhenOneFails) {
    pin({.name = "first", .script = "echo one\n"});
    const auto job = queue({.script = "echo one\n"});
    backend().misbehave({.path = "/v1/inventory", .status = 503});
    EXPECT_EQ(run_to_end({"--once"}), 1);
    EXPECT_EQ(heartbeats().size(), 1U);
    EXPECT_EQ(backend().job(job)->result["exit_code"], 0);
    backend().behave();
    backend().misbehave({.path = "/v1/heartbeat", .status = 503});
    EXPECT_EQ(run_to_end({"--once"}), 1);
    EXPECT_FALSE(backend().inventories().empty()) << "a failed heartbeat ends only itself";
}

TEST_F(Start, APassThatReachesNobodyExitsWithOne) {
    backend().stop();
    for (const auto* pass : {"--register-only", "--check-in-only", "--once"}) {
        EXPECT_EQ(run_to_end({pass}), 1) << pass;
    }
}

TEST_F(Start, VersionAndHelpNeedNothing) {
    const auto version = run({BULKHEAD_BROKER, "--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_TRUE(version.output.starts_with("bulkhead ")) << version.output;
    const auto help = run({BULKHEAD_BROKER, "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_NE(help.output.find("--register-only"), std::string::npos);
    EXPECT_EQ(run({BULKHEAD_WORKER}).code, 2) << "the worker is not for people to start";
}

}  // namespace
}  // namespace bulkhead::test
