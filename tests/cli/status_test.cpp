// `bulkhead status` asks a process that may have fallen, and root may be the one who looks.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "cli/status/bounded_json.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/fd.hpp"
#include "tests/cli/site.hpp"

namespace bulkhead::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

sys::Fd listen_at(const std::string& path) {
    sys::Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::bind(listener.get(), generic, sizeof address), 0);
    EXPECT_EQ(::listen(listener.get(), 4), 0);
    return listener;
}

class Status : public ::testing::Test {
  protected:
    // What the command makes of a worker that says this.
    Answer shown(const std::string& said, std::vector<std::string> more = {}) {
        std::thread worker([&] {
            const sys::Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            ::send(peer.get(), said.data(), said.size(), MSG_NOSIGNAL);
        });
        more.insert(more.begin(), {"status", "--socket", socket_});
        auto answer = run({.words = std::move(more)});
        worker.join();
        return answer;
    }

    Tree place_ = tree({});
    std::string socket_ = place_.path() + "/socket";
    sys::Fd listener_ = listen_at(socket_);
};

// What root writes when all is well, `age` seconds ago, as the process `pid`.
std::string root_says(const std::string& troubles = "[]", long age = 0, int pid = ::getpid(),
                      const std::string& more = "") {
    const auto clocks = sys::read_clocks();
    return R"({"format":1,"written":)" +
           std::to_string(clocks.now.time_since_epoch().count() - age) + R"(,"up":)" +
           std::to_string(clocks.up.count() - age) + R"(,"tick":30,"version":"1",)" + R"("pid":)" +
           std::to_string(pid) +
           R"(,"started":1790000000,"host":"h","groups":["web"],"policy":{"digest":"d",)" +
           R"("loaded":1790000000,"on_disk":"in-force"},"walls":{"missing":["mdwe"],)" +
           R"("unusable":[]},"intake":{"suspended":false},"jobs":{"running":[],"last":[],)" +
           R"("refused":[],"outcomes":{"ok":7},"refusals":{}})" + more + R"(,"troubles":)" +
           troubles + "}\n";
}

// A run directory with a socket for each of the workers that say something.
class StatusOfAll : public ::testing::Test {
  protected:
    using Workers = std::vector<std::pair<std::string, std::string>>;

    Answer shown(const Workers& workers, std::vector<std::string> more = {}) {
        std::vector<std::thread> threads;
        for (const auto& [backend, said] : workers) {
            threads.emplace_back([listener = listen_at(socket(backend)), said = said] {
                const sys::Fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
                ::send(peer.get(), said.data(), said.size(), MSG_NOSIGNAL);
            });
        }
        more.insert(more.begin(), {"status", "--run-dir", place_.path()});
        auto answer = run({.words = std::move(more)});
        for (auto& thread : threads) thread.join();
        for (const auto& [backend, said] : workers) place_.remove("status/" + backend + ".sock");
        return answer;
    }
    std::string socket(const std::string& backend) const {
        return place_.path() + "/status/" + backend + ".sock";
    }
    // Nobody listens there.
    void leave_socket(const std::string& backend) { listen_at(socket(backend)); }

    void root_wrote(const std::string& text) {
        place_.write("broker.json", text);
        EXPECT_EQ(::chmod((place_.path() + "/broker.json").c_str(), 0640), 0);
    }
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "what root writes must be root's";
        EXPECT_EQ(::chmod(place_.path().c_str(), 0755), 0);
        root_wrote(root_says());
    }

    Tree place_ = tree({{"status/x", ""}});
};

// A process that was there.
int gone() {
    const auto child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
    return child;
}

const std::string kMain =
    R"({"version":"1","host_id":"h","policy_digest":"d","confinement":{"landlock_abi":4,)"
    R"("missing":[]},"backends":[{"name":"main","heartbeats":7}]})";

TEST_F(Status, ShowsWhatIsThere) {
    const auto answer = shown(
        R"({"version":"1","host_id":"h","policy_digest":"d","confinement":{"landlock_abi":4,)"
        R"("missing":["mdwe"]},"backends":[{"name":"n","heartbeats":7,"heartbeat_trouble":"\"no\"",)"
        R"("jobs":[{"delivery":"j","job":"x","state":"running","stdout_bytes":9}]}]})");
    EXPECT_EQ(answer.code, 0) << answer.err;
    for (const auto* line : {"  missing here mdwe\n", "  heartbeats   7, last never\n",
                             "  job j (x): running, 9 bytes of output\n"}) {
        EXPECT_THAT(answer.out, HasSubstr(line));
    }
}

TEST_F(Status, SaysWhyAnArtifactIsNotLoaded) {
    const auto entry = [](const std::string& id, const std::string& state) {
        return R"({"id":")" + id + R"(","assigned":true,"state":")" + state +
               R"(","reason":"no-bundle","detail":"at none","signature":"valid"})";
    };
    auto answer = shown(R"({"backends":[{"name":"n","artifacts":[)" + entry("a", "loaded") + "," +
                        entry("b", "refused") + "," + entry("c", "unusable") +
                        R"(,{"id":"d","state":"refused","reason":"not-approved"},{"id":"e"}]}]})");
    EXPECT_EQ(answer.code, 0) << answer.err;
    EXPECT_THAT(answer.out, HasSubstr("  artifact     b: refused, no-bundle, at none; the "
                                      "backend's signature: valid\n"
                                      "  artifact     c: unusable, no-bundle, at none; the "
                                      "backend's signature: valid\n"
                                      "  artifact     d: refused, not-approved\n"));
    EXPECT_THAT(answer.out, Not(HasSubstr(" a: ")));
    EXPECT_THAT(answer.out, Not(HasSubstr(" e: ")));

    std::string many;
    for (int i = 0; i < 100; ++i) many += (i == 0 ? "" : ",") + entry("x", "refused");
    answer = shown(R"({"backends":[{"name":"n","artifacts":[)" + many + "]}]}");
    EXPECT_THAT(answer.out, HasSubstr("\n  and 36 more artifacts\n"));
}

TEST_F(Status, GivesTheTerminalNothingToObey) {
    // CSI in its two forms, and what sets the title.
    const std::string text = R"({"version":"\u001b[2J","host_id":")"
                             "\xc2\x9b"
                             R"(2J","backends":[{"name":"\u001b]0;root\u0007"}]})";
    for (const auto& more : {std::vector<std::string>{}, {"--json"}}) {
        const auto answer = shown(text, more);
        EXPECT_EQ(answer.code, 0) << answer.err;
        EXPECT_THAT(answer.out, HasSubstr("[2J"));
        for (const char c : answer.out) {
            EXPECT_TRUE((c >= ' ' && c <= '~') || c == '\n') << static_cast<int>(c);
        }
    }
}

TEST_F(Status, EndsWellWhateverTheTypesAre) {
    for (const std::string value :
         {"7", "\"x\"", "[]", "{}", "[7]", "[[{}]]", "{\"a\":[1]}", "true"}) {
        std::string all = "{";
        for (const auto* name : {"version", "confinement", "backends"}) {
            all += std::string(all == "{" ? "" : ",") + '"' + name + "\":" + value;
        }
        EXPECT_EQ(shown(all + "}").code, 0) << value;
        EXPECT_EQ(shown(R"({"confinement":{"missing":)" + value + "}}").code, 0) << value;
        EXPECT_EQ(shown(R"({"backends":[{"name":)" + value + R"(,"declined":)" + value +
                        R"(,"heartbeats":)" + value + R"(,"artifacts":)" + value + R"(,"jobs":)" +
                        value + "}]}")
                      .code,
                  0)
            << value;
    }
    for (const auto& more : {std::vector<std::string>{}, {"--json"}}) {
        const auto answer = shown(
            R"({"version":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}", more);
        EXPECT_EQ(answer.code, 0) << answer.err;
        EXPECT_LT(answer.out.size(), 1'000U);
    }
    EXPECT_EQ(shown("{\"version\":").code, 1);
    EXPECT_EQ(shown("[]").code, 1);
}

TEST_F(Status, SaysSoWhenNobodyAnswers) {
    // Connected, since the socket listens, and never accepted.
    const auto answer = run({.words = {"status", "--socket", socket_}});
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.err, HasSubstr("the agent does not answer"));
}

std::string megabyte_of(std::string_view element, std::size_t size = 1'000'000) {
    std::string text = R"({"backends":[{"name":"n","jobs":[)";
    while (text.size() < size) text.append(element).append(",");
    return text + std::string(element) + "]}]}";
}

TEST_F(Status, TakesAMegabyteInTheTimeOfItsLengthAndNoMore) {
    for (const auto* element : {"{}", "[]", "0", R"({"delivery":"j"})"}) {
        const auto began = std::chrono::steady_clock::now();
        const auto answer = shown(megabyte_of(element));
        EXPECT_EQ(answer.code, 0) << element << answer.err;
        EXPECT_THAT(answer.out, HasSubstr(" more jobs\n")) << element;
        EXPECT_LT(answer.out.size(), 10'000U) << element;
        EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5)) << element;
    }
    const auto answer = shown(megabyte_of("{}", 1 << 20));
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.err, HasSubstr("the agent's answer is too large"));
}

// With the JSON library's callback parser this takes as many minutes as it has seconds.
TEST(BoundedJson, TakesTimeByItsLengthAlone) {
    const auto seconds_for = [](const std::string& text) {
        const auto began = std::chrono::steady_clock::now();
        EXPECT_TRUE(cli::parse_bounded(text)) << text.substr(0, 40);
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    };
    std::string names = "{";
    for (int i = 0; i < 100'000; ++i) names += '"' + std::to_string(i) + "\":{},";
    for (const auto& text :
         {megabyte_of("{}"), megabyte_of("[{},{}]"), names + "\"x\":0}",
          R"({"x":)" + std::string(500'000, '[') + std::string(500'000, ']') + "}"}) {
        EXPECT_LT(seconds_for(text), 10) << text.substr(0, 40);
    }
}

TEST(BoundedJson, LeavesOutWhatIsTooDeepOrTooMuch) {
    const auto kept = [](const std::string& text) {
        const auto read = cli::parse_bounded(text);
        return read ? read->dump() : read.error().what;
    };
    EXPECT_EQ(kept(R"({"a":[1,-2,0.5,"x",true,null,{}],"b":{"c":[]}})"),
              R"({"a":[1,-2,0.5,"x",true,null,{}],"b":{"c":[]}})");
    EXPECT_EQ(kept(R"({"a":)" + std::string(20, '[') + "7" + std::string(20, ']') + R"(,"b":1})"),
              R"({"a":)" + std::string(15, '[') + std::string(15, ']') + R"(,"b":1})");
    std::string many = "{";
    for (int i = 0; i < 300; ++i) many += '"' + std::to_string(i) + "\":{\"y\":1},";
    EXPECT_EQ(cli::parse_bounded(many + "\"0\":2}")->size(), cli::kMaxNames);
    for (const auto* text : {"", "{", "[]", "7", R"({"a":1}x)", R"({"a":1,})", R"({"a":"\xff"})"}) {
        EXPECT_FALSE(cli::parse_bounded(text)) << text;
    }
}

TEST_F(Status, HasOneDeadlineForAByteAtATime) {
    std::atomic<bool> done = false;
    std::thread worker([&] {
        const sys::Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        while (!done && ::send(peer.get(), " ", 1, MSG_NOSIGNAL) == 1) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
    });
    const auto began = std::chrono::steady_clock::now();
    const auto answer = run({.words = {"status", "--socket", socket_}});
    const auto took = std::chrono::steady_clock::now() - began;
    done = true;
    worker.join();
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.err, HasSubstr("the agent does not answer"));
    EXPECT_GE(took, std::chrono::seconds(4));
    EXPECT_LT(took, std::chrono::seconds(12));
}

TEST_F(StatusOfAll, HasWhatTheListOfArtifactsLacks) {
    root_wrote(root_says("[]", 0, ::getpid(), R"(,"artifacts":{"enabled":true,"list":[]})"));
    const std::vector<std::string> words{"artifacts", "--run-dir", place_.path()};
    const auto answer = run({.words = words});
    EXPECT_EQ(answer.code, 0) << answer.err;
    EXPECT_THAT(answer.err, HasSubstr("refused or unusable: bulkhead status"));
    auto quiet = words;
    quiet.emplace_back("-q");
    EXPECT_EQ(run({.words = quiet}).err, "");
}

TEST_F(StatusOfAll, ASilentOneTakesNobodyElsesAnswerAway) {
    const auto silent = listen_at(socket("a-first"));
    const auto answer = shown({{"main", kMain}}, {"--json"});
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.out, HasSubstr(R"("name":"main")"));
    EXPECT_THAT(answer.out,
                HasSubstr(R"({"backend":"a-first","why":"the agent does not answer"})"));
}

// Connections to it until one would wait.
std::vector<sys::Fd> crowd_before(const std::string& path) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    std::vector<sys::Fd> crowd;
    do {
        crowd.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    } while (::connect(crowd.back().get(), reinterpret_cast<const sockaddr*>(&address),
                       sizeof address) == 0);
    return crowd;
}

TEST_F(StatusOfAll, HasOneDeadlineForConnectingToAllThatTakeNobody) {
    std::vector<sys::Fd> held;
    for (const auto* name : {"a", "b", "c"}) {
        held.push_back(listen_at(socket(name)));
        for (auto& one : crowd_before(socket(name))) held.push_back(std::move(one));
    }
    const auto began = std::chrono::steady_clock::now();
    const auto answer = shown({{"main", kMain}}, {"--json"});
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(9));
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.out, HasSubstr(R"("name":"main","heartbeats":7)"));
}

TEST_F(StatusOfAll, IsOneOfTheSameShape) {
    const auto fleet = R"({"version":"1","host_id":"h","policy_digest":"d","confinement":)"
                       R"({"landlock_abi":4,"missing":[]},"backends":[{"name":"fleet"}]})";
    const auto answer = shown({{"main", kMain}, {"fleet", fleet}}, {"--json"});
    EXPECT_EQ(answer.code, 0) << answer.err;
    EXPECT_THAT(answer.out,
                StartsWith(R"({"version":1,"verdict":"healthy","troubles":[],"root":{)"));
    EXPECT_THAT(
        answer.out,
        EndsWith(
            R"("according_to_workers":{"version":"1","host_id":"h","policy_digest":"d","confinement":{"landlock_abi":4,)"
            R"("missing":[]},"backends":[{"name":"fleet"},{"name":"main","heartbeats":7}],)"
            R"("unanswered":[]}})"
            "\n"));
}

TEST_F(StatusOfAll, WhatOneSaysOtherwiseStandsWithItsBackend) {
    const auto newer = R"({"version":"2","host_id":"h","policy_digest":"e","confinement":)"
                       R"({"landlock_abi":4,"missing":["mdwe"]},"backends":[{"name":"new"}]})";
    const Workers workers{{"main", kMain}, {"new", newer}};
    EXPECT_THAT(shown(workers, {"--json"}).out,
                HasSubstr(R"({"name":"new","worker":{"version":"2","policy_digest":"e",)"
                          R"("confinement":{"landlock_abi":4,"missing":["mdwe"]}}})"));
    const auto people = shown(workers).out;
    EXPECT_THAT(people, HasSubstr("  policy       d, in force since "));
    EXPECT_THAT(people, HasSubstr("  policy       e, and root says otherwise\n"));
    EXPECT_THAT(people, HasSubstr("  version      2, and root says otherwise\n"));
}

TEST_F(StatusOfAll, WhoDoesNotAnswerIsNamedWithTheReason) {
    leave_socket("gone");
    const Workers workers{{"cut", R"({"version":)"}, {"main", kMain}};
    const auto people = shown(workers);
    EXPECT_EQ(people.code, 1);
    EXPECT_THAT(people.out, HasSubstr("according to worker main"));
    EXPECT_THAT(people.out, HasSubstr("backend gone: no answer, " + socket("gone") +
                                      ": Connection refused; is the agent running?"));
    EXPECT_THAT(people.out, HasSubstr("backend cut: no answer, the agent's answer was cut short"));
    const auto programs = shown(workers, {"--json"});
    EXPECT_EQ(programs.code, 1);
    EXPECT_THAT(programs.out, HasSubstr(R"("unanswered":[{"backend":"cut","why":)"));
}

TEST_F(StatusOfAll, OneThatHangsKeepsNoOtherFromAnswering) {
    const auto hanging = listen_at(socket("a"));  // first of all, and never accepts
    const auto answer = shown({{"main", kMain}});
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.out, HasSubstr("according to worker main"));
    EXPECT_THAT(answer.out, HasSubstr("backend a: no answer, the agent does not answer"));
}

TEST_F(StatusOfAll, AWorkerIsBelievedAboutItsOwnBackendAlone) {
    const auto liar = R"({"version":"1","backends":[{"name":"main","heartbeats":9},)"
                      R"({"name":"liar","worker":{"version":"0"}}],"unanswered":[7]})";
    const auto answer = shown({{"liar", liar}, {"main", kMain}}, {"--json"});
    EXPECT_EQ(answer.code, 0) << answer.err;
    EXPECT_THAT(answer.out, HasSubstr(R"("backends":[{"name":"liar"},{"name":"main",)"));
    EXPECT_THAT(answer.out, Not(HasSubstr(R"("heartbeats":9)")));
    const auto silent = shown({{"liar", R"({"backends":[{"name":"main"}]})"}, {"main", kMain}});
    EXPECT_EQ(silent.code, 1);
    EXPECT_THAT(silent.out, HasSubstr("backend liar: no answer, it does not speak of its own"));
}

TEST_F(StatusOfAll, WhoIsNotThereIsToldFromWhoWasNeverThere) {
    const auto says = [&](const std::string& run_dir, const char* why) {
        const auto people = run({.words = {"status", "--run-dir", run_dir}});
        EXPECT_EQ(people.code, 2);
        EXPECT_THAT(people.out, StartsWith("unknown: the agent is not running")) << people.err;
        EXPECT_THAT(people.out, HasSubstr(why));
        EXPECT_THAT(people.out, HasSubstr("systemctl start bulkhead"));
        const auto line = run({.words = {"status", "--check", "--run-dir", run_dir}});
        EXPECT_EQ(line.code, 2);
        EXPECT_THAT(line.out, StartsWith("BULKHEAD CRITICAL - the agent is not running"));
        const auto programs = run({.words = {"status", "--json", "--run-dir", run_dir}});
        EXPECT_EQ(programs.code, 2);
        EXPECT_THAT(programs.out, StartsWith(R"({"version":1,"verdict":"unknown","why":")"));
    };
    says(place_.path() + "/no", "has not been since this host started");
    place_.remove("broker.json");
    says(place_.path(), "it was stopped");
    root_wrote(root_says("[]", 5, gone()));
    says(place_.path(), "ended without a stop");
    const auto zombie = ::fork();
    if (zombie == 0) ::_exit(0);
    siginfo_t ended{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(zombie), &ended, WEXITED | WNOWAIT), 0);
    root_wrote(root_says("[]", 5, zombie));
    says(place_.path(), "ended without a stop");
    ::waitpid(zombie, nullptr, 0);
    root_wrote(root_says("[]", -500));  // by CLOCK_BOOTTIME in the future: of an earlier boot
    says(place_.path(), "ended without a stop");
}

TEST_F(StatusOfAll, WithoutAPolicyInForceNoneIsCalledSo) {
    auto said = root_says();
    said.replace(said.find("in-force"), 8,
                 "none-in-force\",\"rejected_since\":1790000000,\"why\":\"line 3");
    root_wrote(said);
    const auto people = shown({{"main", kMain}});
    EXPECT_THAT(people.out,
                HasSubstr("\n  policy       d, the last one, whose walls stand; none is "
                          "in force since 2026-"));
    EXPECT_THAT(people.out, HasSubstr("\n  on disk      rejected since 2026-"));
}

TEST_F(StatusOfAll, AWrongCallIsTold) {
    EXPECT_EQ(run({.words = {"status", "x"}}).code, 2);
    EXPECT_EQ(run({.words = {"status", "--json", "--check"}}).code, 2);
    EXPECT_EQ(run({.words = {"status", "--check", "--socket", "x"}}).code, 2);
    const auto programs = run({.words = {"status", "--json", "x"}});
    EXPECT_EQ(programs.code, 2);
    EXPECT_THAT(programs.out, StartsWith(R"({"version":1,"verdict":"unknown",)"));
}

TEST_F(StatusOfAll, ATroubleOfRootsStandsWithWhatToDo) {
    root_wrote(root_says(R"([{"code":"audit-unwritable","since":1790000000,"why":"no space; make)"
                         R"( room"},{"code":"clock-behind","since":1790000001,"why":"a | bar"}])"));
    const auto people = shown({{"main", kMain}});
    EXPECT_EQ(people.code, 1);
    EXPECT_THAT(people.out, StartsWith("trouble: 2\n\naudit-unwritable, says root, since "
                                       "2026-09-21T14:13:20Z\n    no space; make room\n"));
    const auto line = shown({{"main", kMain}}, {"--check"});
    EXPECT_EQ(line.code, 1);
    EXPECT_EQ(line.out,
              "BULKHEAD WARNING - 2 troubles: audit-unwritable (root): no space; make "
              "room; clock-behind (root): a / bar\n");
    EXPECT_THAT(
        shown({{"main", kMain}}, {"--json"}).out,
        HasSubstr(R"("verdict":"trouble","troubles":[{"code":"audit-unwritable","why":)"
                  R"("no space; make room","says":"root","since":"2026-09-21T14:13:20Z"})"));
}

TEST_F(StatusOfAll, AWorkersTroubleIsItsOwnWord) {
    const auto failing =
        R"({"version":"1","backends":[{"name":"main","troubles":[{"code":"jobs-failing","since":)"
        R"("2026-11-30T10:00:00Z","why":"503","tries":3}]}]})";
    const auto people = shown({{"main", failing}});
    EXPECT_EQ(people.code, 1);
    EXPECT_THAT(people.out, StartsWith("trouble: 1\n\njobs-failing, says worker main, since "
                                       "2026-11-30T10:00:00Z, 3 tries\n    503\n"));
}

// It can add a trouble of its own, and neither take one away nor change what root says.
TEST_F(StatusOfAll, AWorkerThatLiesChangesNothingInRootsPart) {
    root_wrote(
        root_says(R"([{"code":"policy-rejected","since":1790000000,"why":"line 3; mend"}])"));
    const auto part_of = [](const std::string& out) {
        const auto from = out.find("\naccording to root"), to = out.find("\naccording to worker");
        auto part = out.substr(from, std::min(to, out.find("\nbackend ")) - from);
        return part.substr(part.find('\n', 1));  // without its age
    };
    const auto honest = shown({{"main", kMain}}).out;
    ASSERT_THAT(part_of(honest), HasSubstr("policy       d, in force"));
    for (
        const std::string lie :
        {R"({"verdict":"healthy","version":"9","host_id":"other","policy_digest":"0","troubles":[],)"
         R"("root":{"troubles":[]},"backends":[{"name":"main","troubles":[],"verdict":"healthy"}]})",
         R"({"backends":[{"name":"main","troubles":"none"}]})", R"([])", R"(healthy)", ""}) {
        const auto answer = shown({{"main", lie}});
        EXPECT_EQ(answer.code, 1) << lie;
        EXPECT_THAT(answer.out, StartsWith("trouble: ")) << lie;
        EXPECT_THAT(answer.out, HasSubstr("\npolicy-rejected, says root, since ")) << lie;
        EXPECT_EQ(part_of(answer.out), part_of(honest)) << lie;
    }
    const auto flood = shown({{"main", megabyte_of("{}", 1 << 20)}});
    EXPECT_EQ(part_of(flood.out), part_of(honest));
    std::string many = R"({"backends":[{"name":"main","troubles":[)";
    for (int i = 0; i < 5000; ++i) many += R"({"code":"a\nhealthy","why":"\u001b[2J"},)";
    const auto noisy = shown({{"main", many + "{}]}]}"}});
    EXPECT_THAT(noisy.out, StartsWith("trouble: 17\n"));
    EXPECT_THAT(noisy.out, Not(HasSubstr("\nhealthy")));
    EXPECT_EQ(part_of(noisy.out), part_of(honest));
}

TEST_F(StatusOfAll, ASocketOfAStrangerIsNotHeard) {
    const auto path = socket("main");
    EXPECT_EQ(::chmod((place_.path() + "/status").c_str(), 0777), 0);
    const auto listener = [&] {
        sys::Fd made;
        std::thread([&] {  // setfsuid-like: SO_PEERCRED is of who calls listen(2)
            EXPECT_EQ(::syscall(SYS_setresuid, kNobody, kNobody, 0), 0);
            made = listen_at(path);
        })
            .join();
        return made;
    }();
    const auto answer = run({.words = {"status", "--run-dir", place_.path()}});
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.out, HasSubstr("user 65534 listens there, and not root"));
}

TEST_F(StatusOfAll, RootsFileIsTroubleWhenItIsOld) {
    root_wrote(root_says("[]", 89));
    EXPECT_EQ(shown({{"main", kMain}}).code, 0);
    root_wrote(root_says("[]", 92));
    const auto old = shown({{"main", kMain}});
    EXPECT_EQ(old.code, 1);
    EXPECT_THAT(old.out, StartsWith("trouble: 1\n\nroot-silent\n    root's process "));
    EXPECT_THAT(old.out, HasSubstr("has written nothing since "));
}

TEST_F(StatusOfAll, AFileThatIsNotRootsIsNotBelieved) {
    const auto path = place_.path() + "/broker.json";
    const auto refused = [&](const char* what) {
        const auto answer = shown({{"main", kMain}});
        EXPECT_EQ(answer.code, 1) << what;
        EXPECT_THAT(answer.out, StartsWith("trouble: 1\n\nroot-unbelieved\n")) << what;
    };
    EXPECT_EQ(::chown(path.c_str(), kNobody, 0), 0);
    refused("another's");
    EXPECT_EQ(::chown(path.c_str(), 0, 0), 0);
    EXPECT_EQ(::chmod(path.c_str(), 0666), 0);
    refused("everybody may write");
    EXPECT_EQ(::chmod(path.c_str(), 0640), 0);
    EXPECT_EQ(::chmod(place_.path().c_str(), 0777), 0);
    refused("everybody may rename");
    EXPECT_EQ(::chmod(place_.path().c_str(), 0755), 0);
    EXPECT_EQ(shown({{"main", kMain}}).code, 0);
    for (const std::string text : {"", "{", "[]", "{}", R"({"format":2})"}) {
        root_wrote(text);
        refused(text.c_str());
    }
    root_wrote(root_says("[]", 0, 0));
    refused("no process");
    root_wrote(std::string((1 << 20) + 1, ' '));
    refused("too large");
    place_.remove("broker.json");
    place_.write("elsewhere", root_says());
    place_.link("broker.json", "elsewhere");
    refused("a link");
    place_.remove("broker.json");
    EXPECT_EQ(::mkfifo(path.c_str(), 0640), 0);
    refused("a FIFO, which nobody waits for");
}

TEST_F(StatusOfAll, WhoMayNotReadSaysSo) {
    const auto answer = run({.words = {"status", "--run-dir", place_.path()}, .user = kNobody});
    EXPECT_EQ(answer.code, 2);
    EXPECT_THAT(answer.out, StartsWith("unknown: " + place_.path() + "/broker.json: "));
    EXPECT_THAT(answer.out, HasSubstr("ask as root, or be a member of its group"));
}

TEST_F(StatusOfAll, AWorkerThatRootKnowsAndThatHasNoSocketIsTrouble) {
    root_wrote(root_says("[]", 0, ::getpid(),
                         R"(,"workers":[{"backend":"main","confined":true},{"backend":"gone"}])"));
    const auto answer = shown({{"main", kMain}});
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.out, StartsWith("trouble: 1\n\nworker-silent\n    backend gone: "));
}

TEST_F(StatusOfAll, RootsPartEndsWellWhateverTheTypesAre) {
    for (const std::string value : {"7", "\"x\"", "[]", "{}", "[7]", "[[{}]]", "true", "null"}) {
        std::string all;
        for (const auto* name : {"policy", "ceiling", "approvals", "expiring", "intake", "clock",
                                 "ledger", "audit", "walls", "workers", "jobs", "troubles"}) {
            all += std::string(",\"") + name + "\":" + value;
        }
        auto text = root_says();
        text = text.substr(0, text.find(",\"started\"")) + all + "}";
        root_wrote(text);
        EXPECT_THAT(shown({{"main", kMain}}).code, testing::AnyOf(0, 1)) << value;
    }
}

TEST_F(StatusOfAll, AnAgentThatWasNotRestartedYetIsAskedWhereItListens) {
    const auto old = tree({});
    std::thread worker([listener = listen_at(old.path() + "/status.sock")] {
        const sys::Fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        ::send(peer.get(), kMain.data(), kMain.size(), MSG_NOSIGNAL);
    });
    const auto answer = run({.words = {"status", "--run-dir", old.path()}});
    worker.join();
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.out, StartsWith("trouble: 1\n\nroot-unknown\n"));
    EXPECT_THAT(answer.out, HasSubstr("backend      main"));
}

TEST_F(StatusOfAll, AByteNowAndThenIsNoReasonToWaitOn) {
    std::atomic<bool> done = false;
    std::thread worker([&, listener = listen_at(socket("slow"))] {
        const sys::Fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        while (!done && ::send(peer.get(), "x", 1, MSG_NOSIGNAL) == 1) {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
        }
    });
    const auto begun = std::chrono::steady_clock::now();
    const auto answer = run({.words = {"status", "--run-dir", place_.path()}});
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
    done = true;
    worker.join();
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.out, HasSubstr("backend slow: no answer, the agent does not answer"));
}

TEST_F(StatusOfAll, AMillionNamesCostNoMoreThanTheyWeigh) {
    std::string many = R"({"backends":[{"name":"main"}])";
    for (int i = 0; many.size() < 1'000'000; ++i) many += ",\"" + std::to_string(i) + "\":0";
    const auto begun = std::chrono::steady_clock::now();
    const auto answer = shown({{"main", many + "}"}}, {"--json"});
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
    EXPECT_EQ(answer.code, 0) << answer.err;
    EXPECT_LT(answer.out.size(), 10'000U);
}

}  // namespace
}  // namespace bulkhead::test
