// In the place of the worker's or the loader's program, with none of its own walls: what SELinux
// alone keeps from its domain. One line each, "refused" where the kernel says EACCES, as SELinux
// has it do; EPERM is the answer of egress.
//     attempts ... PORT    PORT: of a service that policy does not name
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

void tell(const char* what, bool done) {
    const bool refused = !done && errno == EACCES;
    std::printf("%s: %s\n", what, refused ? "refused" : "done");
}

bool opens(const std::string& path, int flags = O_RDONLY) {
    return ::open(path.c_str(), flags | O_CLOEXEC, 0600) >= 0;
}

bool runs_a_program() {
    const pid_t child = ::fork();
    if (child == 0) {
        ::execl("/bin/true", "true", nullptr);
        ::_exit(errno);
    }
    if (child < 0) return false;
    int status = 0;
    ::waitpid(child, &status, 0);
    errno = WEXITSTATUS(status);
    return errno == 0;
}

bool connects(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 &&
           ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

int main(int count, char** words) {
    tell("read /etc/passwd", opens("/etc/passwd"));
    tell("read /proc/meminfo", opens("/proc/meminfo"));
    tell("read what may run", opens("/etc/bulkhead/agent.yaml"));
    tell("read a log", opens("/var/log/lab.log"));
    tell("read of another process", opens("/proc/1/status"));
    tell("write to /tmp", opens("/tmp/attempt." + std::to_string(::getpid()), O_WRONLY | O_CREAT));
    tell("run a program", runs_a_program());
    tell("connect to another port", connects(std::atoi(words[count - 1])));
    std::puts("attempts made");
    return 2;
}
