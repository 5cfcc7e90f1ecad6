// Tests of the program reference-backend as a person starts it. It makes its ready file by
// rename(2), which inotify(7) reports, so nothing is polled.
#include <poll.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/backend/test_client.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::reference {
namespace {

class Program : public testing::Test {
  protected:
    void SetUp() override {
        auto name = testing::TempDir() + "reference-backend-program-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        directory_ = name;
    }

    void TearDown() override {
        if (pid_ > 0) end(SIGKILL);
        std::filesystem::remove_all(directory_);
    }

    void start(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), REFERENCE_BACKEND);
        std::vector<char*> argv;
        for (auto& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t files;
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_addopen(&files, 1, (directory_ / "out").c_str(),
                                         O_WRONLY | O_CREAT, 0600);
        posix_spawn_file_actions_adddup2(&files, 1, 2);
        ASSERT_EQ(posix_spawn(&pid_, REFERENCE_BACKEND, &files, nullptr, argv.data(), environ), 0);
        posix_spawn_file_actions_destroy(&files);
    }

    /// Returns the exit code; -1 if a signal ended the program.
    int end(int signal) {
        if (signal != 0) ::kill(pid_, signal);
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    json start_and_wait(std::vector<std::string> arguments) {
        const int watch = ::inotify_init1(IN_CLOEXEC);
        ::inotify_add_watch(watch, directory_.c_str(), IN_MOVED_TO);
        arguments.insert(arguments.end(),
                         {"--directory", directory_, "--ready-file", directory_ / "ready"});
        start(std::move(arguments));
        pollfd ready{.fd = watch, .events = POLLIN, .revents = 0};
        EXPECT_EQ(::poll(&ready, 1, 30'000), 1);
        ::close(watch);
        return json::parse(test::content_of(directory_ / "ready"), nullptr, false);
    }

    std::string printed() const { return test::content_of(directory_ / "out"); }

    std::filesystem::path directory_;
    pid_t pid_ = 0;
};

TEST_F(Program, SaysWhereItIsAndEndsCleanlyOnSigterm) {
    const auto ready = start_and_wait({});
    httplib::Client client(ready["url"].get<std::string>());
    client.set_ca_cert_path(ready["ca_file"].get<std::string>());
    EXPECT_TRUE(client.Get("/health"));
    EXPECT_TRUE(httplib::Client(ready["control_url"].get<std::string>()).Get("/control/jobs"));
    EXPECT_EQ(end(SIGTERM), 0);
    EXPECT_NE(printed().find(ready["url"].get<std::string>()), std::string::npos);
}

TEST_F(Program, EndsCleanlyOnSigintDuringALongPoll) {
    const auto ready = start_and_wait({"--plain"});
    httplib::Client control(ready["control_url"].get<std::string>());
    control.set_read_timeout(5min);
    control.Post("/control/jobs", R"({"script":"x","id":"never"})", "application/json");
    std::jthread waiter([&] { control.Get("/control/jobs/never?wait=300"); });
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(end(SIGINT), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 1min);
}

TEST_F(Program, PrintsWhatHappensLineByLine) {
    const auto ready = start_and_wait({"--plain", "--print", "--install-token", "token"});
    httplib::Client client(ready["url"].get<std::string>());
    const auto enrolled =
        client.Post("/v1/enroll", enrolment_of("web-01", "token").dump(), "application/json");
    const auto credential = json::parse(enrolled->body)["credential"].get<std::string>();
    client.set_bearer_token_auth(credential);
    client.Post("/v1/heartbeat", heartbeat_of("agent-1", "web-01", 3).dump(), "application/json");
    httplib::Client(ready["control_url"].get<std::string>())
        .Post("/control/jobs", R"({"host":"web-01","script":"x"})", "application/json");
    client.Get("/v1/jobs/next");
    client.Put("/v1/jobs/job-1/output/stdout?offset=0", "one\ntw", "application/octet-stream");
    client.Put("/v1/jobs/job-1/output/stdout?offset=6", "o\n\x1b[2Jend",
               "application/octet-stream");
    client.Post("/v1/jobs/job-1/result", result_of("finished", 3).dump(), "application/json");
    EXPECT_EQ(end(SIGTERM), 0);
    const auto text = printed();
    EXPECT_EQ(text.substr(text.find("enrolled")),
              "enrolled web-01\n"
              "heartbeat web-01 #3  cpu 4.1 %  mem 12.3 %  disk 40 %  load 0.10\n"
              "job job-1 handed to web-01\n"
              "| one\n"
              "| two\n"
              "| .[2Jend\n"
              "result job-1: finished, exit_code 3, 12 ms\n");
    EXPECT_EQ(text.find(credential), std::string::npos);
}

TEST_F(Program, AWrongOptionIsExplained) {
    start({"--prot", "1"});
    EXPECT_EQ(end(0), 2);
    EXPECT_EQ(printed(), "reference-backend: --prot: no such option; see --help\n");
}

TEST_F(Program, HelpNamesEveryOption) {
    start({"--help"});
    EXPECT_EQ(end(0), 0);
    for (const auto* option :
         {"--port", "--control-port", "--directory", "--plain", "--install-token", "--node-token",
          "--node", "--print", "--ready-file", "--lease"})
        EXPECT_NE(printed().find(option), std::string::npos) << option;
}

}  // namespace
}  // namespace bulkhead::reference
