// Several backends, a worker for each: whatever becomes of one is nothing to the others, and who
// takes one over finds nothing of theirs.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

// All of its memory that can be read, as root with a tracer's rights sees it: more than a program
// that runs in its place could find.
bool memory_holds(pid_t pid, const std::string& secret) {
    const auto proc = "/proc/" + std::to_string(pid);
    const sys::Fd memory(::open((proc + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
    std::ifstream maps(proc + "/maps");
    std::string chunk(1 << 20, '\0');
    for (std::string line; std::getline(maps, line);) {
        unsigned long begin = 0, end = 0;
        char mode = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx %c", &begin, &end, &mode) != 3 || mode != 'r')
            continue;
        std::string kept;
        for (auto at = begin; at < end;) {
            const auto want = std::min<unsigned long>(chunk.size(), end - at);
            const auto got = ::pread(memory.get(), chunk.data(), want, static_cast<off_t>(at));
            if (got <= 0) break;
            kept.append(chunk, 0, static_cast<std::size_t>(got));
            if (kept.find(secret) != kept.npos) return true;
            kept.erase(0, kept.size() - std::min(kept.size(), secret.size()));
            at += static_cast<unsigned long>(got);
        }
    }
    return false;
}

// What its descriptors lead to: pipes and sockets by number, files by name.
std::set<std::string> open_files(pid_t pid) {
    std::set<std::string> all;
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone)) {
        all.insert(fs::read_symlink(entry.path(), gone).string());
    }
    return all;
}

class Backends : public Pair {
  protected:
    Backends() : Pair({.install_tokens = {"token-of-one"}}) {}

    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped()) return;
        ASSERT_TRUE(other_.start());
        place().append(
            "policy/profiles/worker.profile",
            "connect 127.0.0.1 " + std::to_string(other_.port()) + "  # the other one\n");
        place().let_backends_have(place() / "keys-of-two", "two");
        fs::create_directory(place() / "keys-of-two");
        place().write("keys-of-two/token", "token-of-two\n");
        fs::permissions(place() / "keys-of-two/token", fs::perms(0600));
        configure();
    }
    void configure(const std::string& token_of_one = "install_token: token-of-one") {
        place().write("agent.yaml",
                      "heartbeat_interval: 1s\nbackends:\n  - name: one\n    url: " +
                          backend().url() + "\n    ca_file: " + backend().ca_file() + "\n    " +
                          token_of_one + "\n  - name: two\n    url: " + other_.url() +
                          "\n    install_token_file: " + (place() / "keys-of-two/token") + "\n");
    }
    void start_both() {
        start();
        const auto enrolled = [](const State& state) { return state.heartbeats_ever > 0; };
        ASSERT_TRUE(backend().wait_for(enrolled, kPatience)) << log();
        ASSERT_TRUE(other_.wait_for(enrolled, kPatience)) << log();
    }
    std::size_t beats_of_two() {
        return other_.read([](const State& state) { return state.heartbeats_ever; });
    }
    json status_of_backend(const std::string& name) {
        const auto socket = place() / ("run/status/" + name + ".sock");
        return json::parse(run({BULKHEAD_CLI, "status", "--json", "--socket", socket}).output,
                           nullptr, false);
    }
    // What the backend gave the agent at enrolling.
    static std::string credential_at(reference::ReferenceBackend& backend) {
        return backend.enrolments().at(0).credential;
    }

    reference::ReferenceBackend other_{
        {.tls = false, .install_tokens = {"token-of-two"}, .heartbeat_seconds = 1}};
};

TEST_F(Backends, EachHasAProcessAnAccountAndAStateOfItsOwn) {
    start_both();
    const auto one = worker_pid(0), two = worker_pid(1);
    ASSERT_NE(one, 0);
    ASSERT_NE(two, 0);
    EXPECT_EQ(status_of(one, "Uid"), "64123\t64123\t64123\t64123");
    EXPECT_EQ(status_of(two, "Uid"), "64124\t64124\t64124\t64124");
    EXPECT_TRUE(place().exists("state/workers/one/credentials/one.credential"));
    EXPECT_TRUE(place().exists("state/workers/two/credentials/two.credential"));
    EXPECT_FALSE(place().exists("state/workers/one/credentials/two.credential"));
    EXPECT_TRUE(wait_for_log("\"from\":\"worker/one\""));
    EXPECT_TRUE(wait_for_log("\"from\":\"worker/two\""));
    for (const std::string name : {"one", "two"}) {
        const auto status = status_of_backend(name);
        ASSERT_EQ(status["backends"].size(), 1U) << status;
        EXPECT_EQ(status["backends"][0]["name"], name);
    }
}

TEST_F(Backends, TheReaderOfTheConfigurationIsGoneBeforeAnyIsHeard) {
    start_both();
    const auto read = audit("configured");
    ASSERT_EQ(read.size(), 1U);
    EXPECT_EQ(read[0]["backends"], "one two");
    EXPECT_LT(read[0]["seq"], audit("worker-started")[0]["seq"]);
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != name.npos) continue;
        EXPECT_FALSE(status_of(std::stoi(name), "Uid").starts_with("64122\t")) << name;
    }
    EXPECT_EQ(log().find("token-of"), std::string::npos);
}

TEST_F(Backends, EachRunsItsOwnJobsUnderTheSameDeliveryId) {
    const PinnedJob job{.name = "twice", .script = "echo ran >> " + place().scratch() + "/runs\n"};
    pin(job);
    start_both();
    ASSERT_TRUE(backend().queue_job({.script = job.script, .id = "job-7"}));
    ASSERT_TRUE(backend().wait_for_result("job-7", kPatience));
    ASSERT_TRUE(other_.queue_job({.script = job.script, .id = "job-7"}));
    ASSERT_TRUE(other_.wait_for_result("job-7", kPatience));
    EXPECT_EQ(backend().job("job-7")->result["outcome"], "finished");
    EXPECT_EQ(other_.job("job-7")->result["outcome"], "finished") << "each counts its own";
    EXPECT_EQ(lines_in_scratch("runs"), 2U);
}

TEST_F(Backends, WhoTakesOneOverHasNothingOfTheOther) {
    const auto go = place().scratch() + "/go";
    const PinnedJob job{
        .name = "waits",
        .script = "echo secret-output-of-two\nwhile [ ! -e " + go + " ]; do sleep 0.05; done\n"};
    pin(job);
    start_both();
    ASSERT_TRUE(other_.queue_job({.script = job.script, .id = "delivery-of-two"}));
    ASSERT_TRUE(
        eventually([&] { return !other_.standard_output("delivery-of-two").empty(); }, kPatience));
    const auto one = worker_pid(0), two = worker_pid(1);
    // In memory: the other's are there, so that they could be found.
    for (const auto& secret : {credential_at(other_), std::string("token-of-two"), other_.url(),
                               std::string("delivery-of-two")}) {
        EXPECT_TRUE(memory_holds(two, secret)) << secret;
        EXPECT_FALSE(memory_holds(one, secret)) << secret;
    }
    EXPECT_TRUE(memory_holds(one, credential_at(backend())));
    EXPECT_FALSE(memory_holds(two, credential_at(backend())));
    // By descriptors: log and /dev/null are what they share.
    const auto files_of_two = open_files(two);
    for (const auto& file : open_files(one)) {
        const bool own = file.starts_with("pipe:") || file.starts_with("socket:") ||
                         file.starts_with(place() / "state");
        EXPECT_FALSE(own && files_of_two.contains(file)) << file;
        EXPECT_EQ(file.find("two"), std::string::npos) << file;
    }
    // By name, from its root: as it is there, whatever Landlock and modes would say.
    const auto root = "/proc/" + std::to_string(one) + "/root";
    std::error_code error;
    EXPECT_FALSE(fs::exists(root + (place() / "state/workers/two"), error));
    EXPECT_FALSE(fs::exists(root + (place() / "agent.yaml"), error));
    EXPECT_FALSE(fs::exists(root + (place() / "keys-of-two/token"), error));
    EXPECT_FALSE(fs::exists(root + (place() / "run/status/two.sock"), error));
    place().write("scratch/go", "");
    EXPECT_TRUE(other_.wait_for_result("delivery-of-two", kPatience));
}

TEST_F(Backends, OneThatDiesIsNothingToTheOther) {
    start_both();
    const auto two = worker_pid(1);
    for (int time = 0; time < 3; ++time) {
        const auto one = worker_pid(0);
        ASSERT_NE(one, 0);
        const auto before = beats_of_two();
        ::kill(one, SIGKILL);
        EXPECT_TRUE(eventually([&] { return beats_of_two() >= before + 2; }, kPatience));
        ASSERT_TRUE(
            eventually([&] { return worker_pid(0) != 0 && worker_pid(0) != one; }, kPatience));
    }
    EXPECT_EQ(worker_pid(1), two) << "the same process all the time";
}

TEST_F(Backends, OneWhoseFileIsMissingIsNothingToTheOther) {
    configure("client_certificate_file: /nowhere/c.pem\n    client_key_file: /nowhere/c.key");
    start();
    EXPECT_TRUE(wait_for_log("backend one: client_certificate_file: /nowhere/c.pem"));
    ASSERT_TRUE(eventually([&] { return beats_of_two() >= 2; }, kPatience));
    EXPECT_EQ(worker_pid(1) != 0, true);
}

TEST_F(Backends, OnePassIsOverWhenBothAreDoneAndFailsIfOneDoes) {
    EXPECT_EQ(run_to_end({"--once"}), 0) << log();
    EXPECT_EQ(heartbeats().size(), 1U);
    EXPECT_EQ(other_.heartbeats().size(), 1U);
    other_.stop();
    EXPECT_EQ(run_to_end({"--once"}), 1);
    EXPECT_EQ(heartbeats().size(), 2U);
}

TEST_F(Backends, AFileOfTheOthersIsNotHandedOut) {
    configure("install_token_file: " + (place() / "keys-of-two/token"));
    start();
    ASSERT_TRUE(eventually([&] { return beats_of_two() >= 1; }, kPatience));
    EXPECT_TRUE(wait_for_log("\"reason\":\"not-in-policy\""));
    EXPECT_TRUE(wait_for_log("the install token cannot be used"));
    EXPECT_EQ(stop(), 0);
    configure("install_token_file: /etc/shadow");
    start();
    EXPECT_TRUE(wait_for_log("/etc/shadow: no row of credentials.policy holds it"));
    EXPECT_TRUE(backend().requests().empty());
}

}  // namespace
}  // namespace bulkhead::test
