#include "tests/sandbox/tricks/greed.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "tests/sandbox/tricks/trick.hpp"

namespace bulkhead::sandbox_test {

namespace {

int eat(std::size_t bytes) {
    constexpr std::size_t kPage = 4096;
    void* memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return std::puts(answer(-1).c_str()) < 0;
    for (std::size_t at = 0; at < bytes; at += kPage) static_cast<volatile char*>(memory)[at] = 1;
    return std::puts("ok") < 0;
}

[[noreturn]] void spin(int processes) {
    for (int count = 1; count < processes; ++count) {
        if (::fork() == 0) break;
    }
    for (;;) asm volatile("");
}

int fork_until_refused() {
    constexpr int kEnough = 2000;  // no profile has so many
    int started = 0;
    pid_t child = 0;
    // They end when this process closes the pipe.
    int ends[2];
    if (::pipe(ends) != 0) return 1;
    while (started < kEnough && (child = ::fork()) > 0) ++started;
    if (child == 0) {
        ::close(ends[1]);
        char byte = 0;
        ::_exit(static_cast<int>(::read(ends[0], &byte, 1)));
    }
    std::printf("%d %s\n", started, answer(child).c_str());
    ::close(ends[1]);
    while (::wait(nullptr) > 0) {
    }
    return 0;
}

// The first of them says once what stopped it.
[[noreturn]] void bomb() {
    const pid_t first = ::getpid();
    for (bool told = false;;) {
        if (::fork() >= 0 || told || ::getpid() != first) continue;
        std::printf("%s\n", answer(-1).c_str());
        told = true;
    }
}

}  // namespace

int be_greedy(const std::string& word, const std::string& argument) {
    if (word == "--eat") return eat(std::stoul(argument));
    if (word == "--spin") spin(std::stoi(argument));
    if (word == "--fork-until-refused") return fork_until_refused();
    if (word == "--fork-bomb") bomb();
    return 2;
}

}  // namespace bulkhead::sandbox_test
