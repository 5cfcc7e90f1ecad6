// one-trick: plays tricks, each in a process of its own, and prints "name TAB answer" for each.
//
//     one-trick              every trick of the table
//     one-trick NAME...      these
//     one-trick --euid       what a set-user-ID copy of it became
//
// And what takes the whole process, or many of them (greed.cpp):
//
//     one-trick --eat BYTES | --spin PROCESSES | --fork-until-refused | --fork-bomb
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/sys/fd.hpp"
#include "tests/sandbox/tricks/greed.hpp"
#include "tests/sandbox/tricks/trick.hpp"

namespace {

using namespace bulkhead;
using namespace bulkhead::sandbox_test;
namespace fs = std::filesystem;

Place read_place(const fs::path& file) {
    Place place;
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        const auto split = line.find(' ');
        if (split != line.npos) place[line.substr(0, split)] = line.substr(split + 1);
    }
    return place;
}

// Before anything is opened: what this process was born with.
std::string inherited_descriptors() {
    std::string list;
    for (int fd = 0; fd < 1024; ++fd) {
        if (::fcntl(fd, F_GETFD) >= 0) list += (list.empty() ? "" : " ") + std::to_string(fd);
    }
    return list;
}

// A trick may end its process, and a filter may.
std::string play(const Trick& trick, const Place& place) {
    auto pipe = sys::make_pipe();
    if (!pipe) return "no pipe";
    const pid_t child = ::fork();
    if (child < 0) return "cannot fork";
    if (child == 0) {
        ::setsid();  // no terminal of the caller's can be hung up
        ::alarm(20);
        const auto said = trick.play(place);
        static_cast<void>(sys::write_all(pipe->write, as_bytes(said)));
        ::_exit(0);
    }
    pipe->write.reset();
    auto said = sys::read_to_end(pipe->read, 4096).value_or("unreadable");
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) said = std::string("SIG") + ::sigabbrev_np(WTERMSIG(status));
    return said;
}

}  // namespace

int main(int count, char** words) {
    const auto born_with = inherited_descriptors();
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    if (count == 2 && std::strcmp(words[1], "--euid") == 0) {
        std::printf("%u", ::geteuid());
        return 0;
    }
    if (count >= 2 && words[1][0] == '-') return be_greedy(words[1], count > 2 ? words[2] : "");
    auto place = read_place(fs::path(words[0]).parent_path() / "place");
    place["program"] = words[0];
    place["descriptors"] = born_with;
    for (const auto& trick : tricks()) {
        const bool asked = count == 1 || std::count(words + 1, words + count, trick.name) > 0;
        if (asked) std::printf("%s\t%s\n", trick.name.c_str(), play(trick, place).c_str());
    }
}
