#include "tests/broker/records/faults.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace bulkhead::test {

namespace {

bool armed = false;
bool syncs_skipped = false;
std::size_t chosen = 0;
Fate chosen_fate = Fate::none;
int chosen_error = 0;
std::string seen;

[[noreturn]] void die() {
    ::kill(::getpid(), SIGKILL);
    std::abort();
}

// `happen(true)` does the effect by half, where an effect has halves.
template <class Happen>
long effect(char letter, Happen happen) {
    if (!armed) return happen(false);
    const auto fate = seen.size() == chosen ? chosen_fate : Fate::none;
    if (letter == 't' && chosen_fate == Fate::fails_halfway_and_stays) {
        errno = EPERM;
        return -1;
    }
    seen += letter;
    switch (fate) {
        case Fate::none:
            break;
        case Fate::killed_before:
            die();
        case Fate::killed_halfway:
            happen(true);
            die();
        case Fate::killed_after:
            happen(false);
            die();
        case Fate::fails:
            errno = chosen_error;
            return -1;
        case Fate::fails_halfway:
        case Fate::fails_halfway_and_stays:
            return happen(true);
    }
    return happen(false);
}

}  // namespace

Armed::Armed(std::size_t nth, Fate fate, int error) {
    armed = true;
    chosen = nth;
    chosen_fate = fate;
    chosen_error = error;
    seen.clear();
}
Armed::~Armed() { armed = false; }
const std::string& Armed::effects() const { return seen; }

NoSync::NoSync() { syncs_skipped = true; }
NoSync::~NoSync() { syncs_skipped = false; }

bool Told::killed() const { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }

namespace {

Told run(const std::function<void(const Say&)>& body, std::chrono::microseconds kill_after) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    const pid_t child = ::fork();
    if (child < 0) std::abort();
    if (child == 0) {
        ::close(ends[0]);
        body([&](const std::string& words) {
            // Not by write(2): that is an effect.
            ::syscall(SYS_write, ends[1], words.data(), words.size());
        });
        ::_exit(0);
    }
    ::close(ends[1]);
    if (kill_after.count() > 0) {
        ::usleep(static_cast<useconds_t>(kill_after.count()));
        ::kill(child, SIGKILL);
    }
    Told told;
    std::array<char, 4096> chunk;
    ssize_t got = 0;
    while ((got = ::read(ends[0], chunk.data(), chunk.size())) > 0) {
        told.text.append(chunk.data(), static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    ::waitpid(child, &told.status, 0);
    return told;
}

}  // namespace

Told in_child(const std::function<void(const Say&)>& body) {
    return run(body, std::chrono::microseconds(0));
}

Told killed_after(std::chrono::microseconds delay, const std::function<void(const Say&)>& body) {
    return run(body, delay);
}

Told with_small_disk(const std::string& path, int kib,
                     const std::function<void(const Say&)>& body) {
    return in_child([&](const Say& say) {
        const auto size = "size=" + std::to_string(kib) + "k";
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", path.c_str(), "tmpfs", 0, size.c_str()) != 0) {
            say("cannot mount");
            return;
        }
        body(say);
    });
}

}  // namespace bulkhead::test

// The C library's declarations are noexcept for some of these and not for others; so are ours.
extern "C" {

using bulkhead::test::effect;

ssize_t write(int fd, const void* bytes, size_t count) {
    return effect(
        'w', [&](bool half) { return ::syscall(SYS_write, fd, bytes, half ? count / 2 : count); });
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t at) {
    return effect('p', [&](bool half) {
        return ::syscall(SYS_pwrite64, fd, bytes, half ? count / 2 : count, at);
    });
}

int fsync(int fd) {
    return static_cast<int>(effect('s', [&](bool) -> long {
        return bulkhead::test::syncs_skipped ? 0 : ::syscall(SYS_fsync, fd);
    }));
}

int ftruncate(int fd, off_t size) noexcept {
    return static_cast<int>(effect('t', [&](bool) { return ::syscall(SYS_ftruncate, fd, size); }));
}

int renameat(int from_dir, const char* from, int to_dir, const char* to) noexcept {
    return static_cast<int>(
        effect('r', [&](bool) { return ::syscall(SYS_renameat2, from_dir, from, to_dir, to, 0); }));
}

int fallocate(int fd, int mode, off_t at, off_t size) {
    return static_cast<int>(
        effect('a', [&](bool) { return ::syscall(SYS_fallocate, fd, mode, at, size); }));
}

}  // extern "C"
