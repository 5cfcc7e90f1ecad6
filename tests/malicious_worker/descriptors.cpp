// Every kind of descriptor that can be sent along with a frame.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "tests/malicious_worker/attacker.hpp"
#include "tests/support/lingering.hpp"

namespace bulkhead::test {

namespace {

constexpr std::uint64_t kMostScript = 4_MiB;
constexpr std::uint64_t kMostManifest = 16_KiB;
constexpr std::string_view kScript = "#!/bin/sh\nid\n";

std::string own(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

}  // namespace

int memory(std::string_view content, int seals, std::uint64_t size, unsigned flags) {
    sys::Fd fd(::memfd_create("malice", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags));
    if (!fd || !sys::write_all(fd, as_bytes(content))) return -1;
    if (size > content.size() && ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return -1;
    if (seals != 0 && ::fcntl(fd.get(), F_ADD_SEALS, seals) != 0) return -1;
    return fd.release();
}

void Attacker::collect() {
    const int state = setup_.state.fd.get();
    keep("null", ::open("/dev/null", O_RDWR | O_CLOEXEC));
    keep("zero", ::open("/dev/zero", O_RDWR | O_CLOEXEC));
    keep("urandom", ::open("/dev/urandom", O_RDONLY | O_CLOEXEC));
    keep("directory", ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    keep("path", ::open("/etc/passwd", O_PATH | O_CLOEXEC));
    keep("file", ::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    keep("own-file", ::openat(state, "own-file", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ::mkfifoat(state, "fifo", 0600);
    keep("fifo", ::openat(state, "fifo", O_RDWR | O_CLOEXEC));
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) == 0) {
        keep("pipe-read", ends[0]);
        keep("pipe-write", ends[1]);
    }
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0) {
        keep("unix-socket", ends[0]);
        keep("its-peer", ends[1]);
    }
    keep("tcp-socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // If the test has a server that reads nothing: their last close(2) takes a minute.
    for (const char* kind : {"lingering", "lingering-too"}) {
        keep(kind, lingering_client(kPortOfTheSite).release());
    }
    keep("epoll", ::epoll_create1(EPOLL_CLOEXEC));
    keep("eventfd", ::eventfd(0, EFD_CLOEXEC));
    keep("timerfd", ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    keep("inotify", ::inotify_init1(IN_CLOEXEC));
    sigset_t none;
    ::sigemptyset(&none);
    keep("signalfd", ::signalfd(-1, &none, SFD_CLOEXEC));
    keep("pidfd", static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
    keep("own-memory", ::open("/proc/self/mem", O_RDWR | O_CLOEXEC));
    keep("proc-file", ::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    keep("root-of-proc", ::open("/proc/self/root", O_PATH | O_CLOEXEC));
}

void Attacker::collect_memory() {
    keep("script", memory(kScript, kAllSeals));
    keep("unsealed", memory(kScript, 0));
    keep("no-write-seal", memory(kScript, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW));
    keep("no-shrink-seal", memory(kScript, F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_WRITE));
    keep("no-grow-seal", memory(kScript, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_WRITE));
    keep("no-seal-seal", memory(kScript, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
    constexpr int kFutureWrite = 0x0010;  // Linux 5.1: mappings that stand may still write
    keep("future-write", memory(kScript, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | kFutureWrite));
    // With a writable mapping F_SEAL_WRITE is refused (EBUSY), and the call sets no seal at all.
    const int mapped = memory(kScript, 0);
    ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, mapped, 0);
    ::fcntl(mapped, F_ADD_SEALS, kAllSeals);
    keep("mapped", mapped);
    keep("never-sealable", static_cast<int>(::syscall(SYS_memfd_create, "malice", MFD_CLOEXEC)));
    keep("empty", memory("", kAllSeals));
    keep("binary", memory(std::string("\x7f"
                                      "ELF\0\0\xff",
                                      7),
                          kAllSeals));
    keep("largest", memory("#", kAllSeals, kMostScript));
    keep("too-large", memory("#", kAllSeals, kMostScript + 1));
    // The most that its limit lets it make (setrlimit(2), RLIMIT_FSIZE).
    keep("sparse", memory("#", kAllSeals, std::uint64_t{1} << 30));
    keep("largest-manifest", memory("#", kAllSeals, kMostManifest));
    keep("too-large-manifest", memory("#", kAllSeals, kMostManifest + 1));
    const int script = descriptor("script");
    keep("path-of-memory", ::open(own(script).c_str(), O_PATH | O_CLOEXEC));
    // Opened before it was sealed, for writing only: sealed, and yet nobody can read it here.
    const int write_only = memory(kScript, 0);
    keep("write-only", ::open(own(write_only).c_str(), O_WRONLY | O_CLOEXEC));
    ::fcntl(write_only, F_ADD_SEALS, kAllSeals);
    ::close(write_only);
    const int at_end = memory(kScript, 0);
    ::lseek(at_end, 0, SEEK_END);
    ::fcntl(at_end, F_ADD_SEALS, kAllSeals);
    keep("at-its-end", at_end);
    keep("secret", static_cast<int>(::syscall(SYS_memfd_secret, O_CLOEXEC)));
    keep("huge-pages", memory("", kAllSeals, 0, MFD_HUGETLB));
}

}  // namespace bulkhead::test
