#include "tests/pair/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "tests/pair/installation.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {

namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

// What is started in its life has the niceness of a service, though the tests may be run by
// nice(1): what a profile says of niceness is only ever raised.
class NotNice {
  public:
    NotNice() : before_(::getpriority(PRIO_PROCESS, 0)) { ::setpriority(PRIO_PROCESS, 0, 0); }
    ~NotNice() { ::setpriority(PRIO_PROCESS, 0, before_); }
    NotNice(const NotNice&) = delete;
    NotNice& operator=(const NotNice&) = delete;

  private:
    int before_;
};

}  // namespace

Program::Program(const Command& command) {
    auto words = command.words;
    std::vector<std::string> environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    for (const auto& [name, value] : command.environment) environment.push_back(name + "=" + value);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, command.output.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    const NotNice not_nice;
    const int failed = ::posix_spawn(&pid_, words.front().c_str(), &files, nullptr,
                                     pointers(words).data(), pointers(environment).data());
    posix_spawn_file_actions_destroy(&files);
    if (failed != 0) {
        std::fprintf(stderr, "pair: cannot start %s\n", words.front().c_str());
        std::abort();
    }
    pidfd_ = sys::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

Program::~Program() {
    if (ended_) return;
    signal(SIGKILL);
    wait(std::chrono::minutes(1));
}

bool Program::running() const {
    pollfd end{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
    return !ended_ && ::poll(&end, 1, 0) == 0;
}

void Program::signal(int number) const {
    if (!ended_) ::kill(pid_, number);
}

std::optional<int> Program::wait(std::chrono::milliseconds patience) {
    if (ended_) return ended_;
    pollfd end{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&end, 1, static_cast<int>(patience.count())) != 1) return std::nullopt;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ended_;
}

Finished run(const std::vector<std::string>& words) {
    std::string file = "/tmp/bulkhead-test-output-XXXXXX";
    const sys::Fd made(::mkstemp(file.data()));
    Finished finished;
    {
        Program program({.words = words, .output = file});
        finished.code = program.wait(std::chrono::minutes(1)).value_or(-1);
    }
    finished.output = content_of(file);
    ::unlink(file.c_str());
    return finished;
}

}  // namespace bulkhead::test
