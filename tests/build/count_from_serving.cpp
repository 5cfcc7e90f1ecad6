// Linked into the broker by the preset "coverage" alone, with the linker's --wrap. What ran before
// the broker first waits for its workers is not counted, so that the counters tell what a worker's
// bytes reached; and a job's child writes none before it executes the interpreter, which its filter
// would not allow. See scripts/reachable.
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" {

void __gcov_reset();  // gcov(1)

int __real_epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms);

int __wrap_epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms);

int __wrap_epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms) {
    static bool serving = false;
    if (!serving) __gcov_reset();
    serving = true;
    return __real_epoll_wait(epoll, events, most, timeout_ms);
}

// gcc puts it in execve(2)'s place.
int __wrap___gcov_execve(const char* path, char* const* arguments, char* const* environment);

int __wrap___gcov_execve(const char* path, char* const* arguments, char* const* environment) {
    return static_cast<int>(::syscall(SYS_execve, path, arguments, environment));
}
}
