// crashing-loader: stands in the loader's place, waits for its order and crashes, as libbpf does on
// some objects that were made for that.
#include <poll.h>
#include <sys/prctl.h>

#include <csignal>

int main() {
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // no core file
    pollfd order{.fd = 3, .events = POLLIN, .revents = 0};
    ::poll(&order, 1, -1);
    return ::raise(SIGSEGV);
}
