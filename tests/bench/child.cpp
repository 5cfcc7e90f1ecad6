#include "tests/bench/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace bulkhead::bench {

Child Child::start(const std::vector<std::string>& words, const std::string& log,
                   int standard_input) {
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid < 0) give_up("fork");
    if (pid == 0) {
        ::signal(SIGPIPE, SIG_DFL);
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // a bench that is broken off leaves no agent behind
        if (standard_input >= 0) ::dup2(standard_input, STDIN_FILENO);
        if (!log.empty()) {
            const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
            ::dup2(file, STDERR_FILENO);
        }
        ::execvp(arguments[0], arguments.data());
        std::perror(arguments[0]);
        ::_exit(127);
    }
    return Child(pid);
}

Child::~Child() {
    if (pid_ < 0) return;
    signal(SIGTERM);
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    pollfd ended{.fd = pidfd, .events = POLLIN, .revents = 0};
    if (::poll(&ended, 1, 20'000) != 1) signal(SIGKILL);
    ::close(pidfd);
    wait();
}

void Child::signal(int number) const { ::kill(pid_, number); }

int Child::wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
}

void give_up(const std::string& why) {
    std::fprintf(stderr, "agent_bench: %s\n", why.c_str());
    std::exit(1);
}

}  // namespace bulkhead::bench
