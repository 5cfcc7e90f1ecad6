// What breaks on hosts, each mended by doing what the message says: the message is read from the
// log and followed to the letter, and then the agent is well.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"
#include "tests/support/in_run.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

class Breakages : public Pair {
  protected:
    void TearDown() override {
        for (const auto& path : mounted_) ::umount2(path.c_str(), MNT_DETACH);
        Pair::TearDown();
    }

    // The message that holds `begin`, from there on; an agent that goes on is stopped.
    std::string message(const std::string& begin) {
        start();
        EXPECT_TRUE(wait_for_log(begin)) << begin;
        const auto text = log();
        const auto at = text.rfind(begin);
        if (broker().running()) stop();
        return at == text.npos ? "" : text.substr(at, text.find_first_of("\"\n", at) - at);
    }
    static std::string between(const std::string& text, const std::string& begin,
                               const std::string& end) {
        const auto at = text.find(begin);
        if (at == text.npos) return "";
        const auto from = at + begin.size();
        return text.substr(from, end.empty() ? text.npos : text.find(end, from) - from);
    }
    // The command that the message ends with.
    static void obey(const std::string& text) {
        const auto command = between(text, "run: ", "");
        ASSERT_FALSE(command.empty()) << text;
        ASSERT_EQ(std::system(command.c_str()), 0) << command;
    }
    void edit(const std::string& from, const std::string& to) {
        auto text = place().read("agent.yaml");
        ASSERT_NE(text.find(from), text.npos) << from;
        text.replace(text.find(from), from.size(), to);
        place().write("agent.yaml", text);
    }
    void expect_well() {
        start_enrolled();
        EXPECT_TRUE(wait_for_heartbeats(1));
    }
    // A file system of its own, of this process and its children.
    bool mount_at(const std::string& path, const char* options) {
        if (::unshare(CLONE_NEWNS) != 0) return false;
        if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
        fs::create_directories(path);
        if (::mount("none", path.c_str(), "tmpfs", 0, options) != 0) return false;
        mounted_.push_back(path);
        return true;
    }

    // The text of root's trouble of this code, once it stands or, else, is over; "" is none.
    std::string told_by_root(const std::string& code, bool stands = true) {
        std::string why;
        EXPECT_TRUE(eventually(
            [&] {
                why.clear();
                const auto said = json::parse(place().read("run/broker.json"), nullptr, false);
                for (const auto& one : said.value("troubles", json::array())) {
                    if (one["code"] == code) why = one["why"];
                }
                return why.empty() != stands;
            },
            kPatience))
            << code;
        return why;
    }

    const PinnedJob kLook{.name = "look", .script = "echo on\n"};
    std::vector<std::string> mounted_;
};

TEST_F(Breakages, AnotherAuthority) {
    const auto wrong = std::string(*backend().wrong_ca_file());
    edit(backend().ca_file(), wrong);
    const auto said = message("is by no authority of ca_file");
    ASSERT_NE(said.find("put its certificate into the file that ca_file of agent.yaml names"),
              said.npos)
        << said;
    fs::copy_file(backend().ca_file(), wrong, fs::copy_options::overwrite_existing);
    expect_well();
}

TEST_F(Breakages, AnotherToken) {
    edit("install_token: token", "install_token: another");
    const auto said = message("if another install token is needed, put it into ");
    EXPECT_NE(said.find("install_token and restart the agent"), said.npos) << said;
    edit("install_token: another", "install_token: token");
    expect_well();
}

TEST_F(Breakages, NobodyListens) {
    backend().stop();
    const auto said = message("nobody listens on 127.0.0.1:");
    EXPECT_NE(said.find("is it running, and is url of agent.yaml right?"), said.npos) << said;
    ASSERT_TRUE(backend().start());
    expect_well();
}

TEST_F(Breakages, AnotherPortThanThePolicys) {
    edit(backend().url(), "https://127.0.0.1:9");
    const auto said = message("policy lets the worker connect to no port 9");
    const auto line = between(said, "NAME.lines: ", "");
    ASSERT_FALSE(line.empty()) << said;
    fs::create_directories(place() / "policy/profiles/worker.profile.d");
    place().write("policy/profiles/worker.profile.d/10-backend.lines", line + "\n");
    EXPECT_NE(message("nobody listens on 127.0.0.1:9;"), "") << "the port is right now, and no url";
    edit("https://127.0.0.1:9", backend().url());
    expect_well();
}

TEST_F(Breakages, AnotherPin) {
    edit("  install_token", "  pinned_key: sha256//" + std::string(43, 'A') + "=\n  install_token");
    const auto seen = between(message("is not the one of pinned_key, but "), "but ", ";");
    EXPECT_EQ(seen, backend().pin());
    edit("sha256//" + std::string(43, 'A') + "=", seen);
    expect_well();
}

TEST_F(Breakages, AConfigurationThatOthersMayWrite) {
    ::chmod((place() / "agent.yaml").c_str(), 0666);
    obey(message("agent.yaml: others may write to it; run: "));
    expect_well();
}

TEST_F(Breakages, AConfigurationOfAnotherUser) {
    ASSERT_EQ(::chown((place() / "agent.yaml").c_str(), 65534, 0), 0);
    obey(message("agent.yaml: belongs to user 65534; run: "));
    expect_well();
}

TEST_F(Breakages, AConfigurationThatIsADirectory) {
    const auto text = place().read("agent.yaml");
    place().remove("agent.yaml");
    fs::create_directory(place() / "agent.yaml");
    message("agent.yaml: is a directory, and a regular file belongs there");
    fs::remove(place() / "agent.yaml");
    place().write("agent.yaml", text);
    expect_well();
}

TEST_F(Breakages, NoConfiguration) {
    const auto text = place().read("agent.yaml");
    place().remove("agent.yaml");
    message("agent.yaml does not exist");
    place().write("agent.yaml", text);
    expect_well();
}

TEST_F(Breakages, AnEmptyConfiguration) {
    const auto text = place().read("agent.yaml");
    place().write("agent.yaml", "");
    message("agent.yaml is empty. backend bulkhead: url is missing");
    place().write("agent.yaml", text);
    expect_well();
}

TEST_F(Breakages, AStateOfAnotherUser) {
    start_enrolled();
    stop();
    ASSERT_EQ(::chown((place() / "state/broker").c_str(), 65534, 0), 0);
    obey(message("state/broker: must belong to user 0"));
    expect_well();
}

TEST_F(Breakages, AStateThatIsReadOnly) {
    const auto state = place() / "state";
    if (!mount_at(state, "mode=755")) GTEST_SKIP() << "may not mount here";
    start_enrolled();
    stop();
    ASSERT_EQ(::mount("none", state.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
    const auto said = message("is on a file system that is mounted read-only");
    EXPECT_NE(said.find("and mount it writable"), said.npos) << said;
    ASSERT_EQ(::mount("none", state.c_str(), nullptr, MS_REMOUNT, nullptr), 0);
    expect_well();
}

TEST_F(Breakages, AStateWithoutRoom) {
    const auto state = place() / "state";
    if (!mount_at(state, "mode=755,size=256k")) GTEST_SKIP() << "may not mount here";
    std::ofstream(state + "/filler") << std::string(1 << 20, 'f');
    const auto said = message("make room on the file system of ");
    EXPECT_NE(said.find("(df "), said.npos) << said;
    fs::remove(state + "/filler");
    ASSERT_EQ(::mount("none", state.c_str(), nullptr, MS_REMOUNT, "mode=755,size=64m"), 0);
    expect_well();
}

TEST_F(Breakages, AnAuditLogThatCannotBeWritten) {
    const auto logs = place() / "log";
    if (!mount_at(logs, "mode=750")) GTEST_SKIP() << "may not mount here";
    ASSERT_EQ(::mount("none", logs.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
    const auto said = message("is on a file system that is mounted read-only");
    EXPECT_NE(log().find("audit log: "), std::string::npos);
    ASSERT_EQ(::mount("none", logs.c_str(), nullptr, MS_REMOUNT, nullptr), 0);
    expect_well();
}

// Full while the agent runs: what is full is named, and no restart is needed when it is not.
TEST_F(Breakages, ALedgerThatRunsOutOfRoom) {
    // The worker, whose spool lies elsewhere, has room for what it has to tell.
    const auto state = place() / "state";
    const auto own = state + "/broker";
    if (!mount_at(own, "mode=700,size=4m")) GTEST_SKIP() << "may not mount here";
    pin(kLook);
    start_enrolled();
    EXPECT_EQ(run_job({.script = kLook.script})["outcome"], "finished");
    std::ofstream(own + "/filler") << std::string(8 << 20, 'f');
    json result;  // of the first whose records take another page than the last one's
    for (int i = 0; i < 16 && result["outcome"] != "refused"; ++i) {
        result = run_job({.script = kLook.script});
    }
    EXPECT_EQ(result["reason"], "ledger-write-failed") << result.dump();
    const auto told = told_by_root("ledger-unwritable");
    EXPECT_NE(told.find("make room on the file system of " + state), told.npos) << told;
    fs::remove(own + "/filler");
    EXPECT_EQ(run_job({.script = kLook.script})["outcome"], "finished");
    EXPECT_EQ(told_by_root("ledger-unwritable", false), "");
}

TEST_F(Breakages, AnAuditLogThatRunsOutOfRoom) {
    const auto logs = place() / "log";
    if (!mount_at(logs, "mode=750,size=1m")) GTEST_SKIP() << "may not mount here";
    pin(kLook);
    start_enrolled();
    EXPECT_EQ(run_job({.script = kLook.script})["outcome"], "finished");
    std::ofstream(logs + "/filler") << std::string(8 << 20, 'f');
    json result;
    for (int i = 0; i < 16 && result["outcome"] != "refused"; ++i) {
        result = run_job({.script = kLook.script});
    }
    EXPECT_EQ(result["reason"], "audit-write-failed") << result.dump();
    const auto told = told_by_root("audit-unwritable");
    EXPECT_NE(told.find("make room on, or repair, the file system of " + logs), told.npos) << told;
    fs::remove(logs + "/filler");
    EXPECT_EQ(run({BULKHEAD_CLI, "reload", "--state", place() / "state"}).code, 0);
    EXPECT_EQ(json::parse(place().read("run/broker.json"))["troubles"].dump(), "[]");
}

TEST_F(Breakages, ASecondBroker) {
    start_enrolled();
    Program second({.words = command(), .environment = {}, .output = place() / "second.log"});
    EXPECT_NE(second.wait(kPatience), 0);
    const auto said = place().read("second.log");
    EXPECT_NE(said.find("is another broker running?"), said.npos) << said;
    EXPECT_NE(said.find("end the other first"), said.npos) << said;
    stop();
    expect_well();
}

// --- a backend that was built anew, and counts its jobs from the first again

TEST_F(Breakages, ARebuiltBackendsFirstJobIsNoRepetition) {
    const PinnedJob counted{.name = "counted",
                            .script = "echo run >> " + place().scratch() + "/runs\n"};
    pin(counted);
    start_enrolled();
    const reference::ReferenceBackend::JobRequest job{.script = counted.script};
    EXPECT_EQ(run_job(job)["outcome"], "finished");
    stop();

    const test::InRun in_run;  // its ca_file must be root's alone
    reference::ReferenceBackend rebuilt;
    ASSERT_TRUE(rebuilt.start());
    rebuilt.add_install_token("token");
    place().let_backends_have(fs::path(rebuilt.ca_file()).parent_path());
    place().append("policy/profiles/worker.profile",
                   "connect 127.0.0.1 " + std::to_string(rebuilt.port()) + "  # rebuilt\n");
    edit(backend().url(), rebuilt.url());
    edit(backend().ca_file(), rebuilt.ca_file());
    place().remove("state/workers/bulkhead/credentials/bulkhead.credential");
    start();
    const auto beats = [](const State& state) { return state.heartbeats_ever > 0; };
    ASSERT_TRUE(rebuilt.wait_for(beats, kPatience)) << log();
    const auto id = rebuilt.queue_job(job);
    ASSERT_TRUE(id);
    EXPECT_EQ(*id, "job-1") << "as before";
    EXPECT_TRUE(eventually([&] { return lines_in_scratch("runs") == 2; }, kPatience)) << log();
    const auto deliveries = audit("job-started");
    ASSERT_EQ(deliveries.size(), 2U);
    EXPECT_EQ(deliveries[0]["delivery"], "job-1");
    EXPECT_TRUE(deliveries[1]["delivery"].get<std::string>().starts_with("job-1@"));
    const auto told = [](const State& state) { return !state.inventories.empty(); };
    ASSERT_TRUE(rebuilt.wait_for(told, kPatience));
    EXPECT_EQ(rebuilt.inventories()[0].body["full"], true);
    EXPECT_EQ(stop(), 0);
}

// --- and the way out on purpose

TEST_F(Breakages, AHostThatLeftStaysAwayUntilThatIsUndone) {
    const auto leave = [&](std::vector<std::string> more) {
        std::vector<std::string> words{BULKHEAD_CLI, "leave", "--state", place() / "state"};
        words.insert(words.end(), more.begin(), more.end());
        Program tool({.words = words, .environment = {}, .output = place() / "tool.log"});
        return tool.wait(kPatience);
    };
    const auto told = [&] { return place().read("tool.log"); };
    constexpr auto* kCredential = "state/workers/bulkhead/credentials/bulkhead.credential";
    start_enrolled();
    EXPECT_EQ(leave({}), 1) << "without --yes";
    stop();
    EXPECT_EQ(leave({"--yes"}), 1) << "nobody is there to tell the backend";
    EXPECT_NE(told().find("systemctl start bulkhead"), std::string::npos) << told();
    EXPECT_NE(told().find("--untold"), std::string::npos) << told();
    EXPECT_TRUE(place().exists(kCredential));
    start();
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(leave({"--yes", "--reason", "moved"}), 0);
    EXPECT_NE(told().find("According to the worker of bulkhead: told: the backend at"),
              std::string::npos)
        << told();
    EXPECT_TRUE(backend().enrolments().empty());
    EXPECT_FALSE(place().exists(kCredential));
    stop();
    const auto before = backend().requests().size();
    message("this host has left the backend by bulkhead leave");
    EXPECT_EQ(backend().requests().size(), before);
    const auto left = audit("backend-left");
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0]["backend"], "bulkhead");
    EXPECT_EQ(left[0]["reason"], "moved");
    EXPECT_EQ(leave({"--undo"}), 0);
    const auto enrolled = asked("/v1/enroll");
    start();
    EXPECT_TRUE(wait_for_asked("/v1/enroll", enrolled + 1));
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(audit("backend-returned").size(), 1U);
}

}  // namespace
}  // namespace bulkhead::test
