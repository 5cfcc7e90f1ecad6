// Linked into the broker by the preset "coverage" alone, with the linker's --wrap=epoll_wait: what
// ran before the broker first waits for its workers is not counted, so that the counters tell what
// a worker's bytes reached. See scripts/reachable.
#include <sys/epoll.h>

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
}
