#include "common/sys/exec.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "common/sys/fd.hpp"

namespace bulkhead::sys {

namespace {

constexpr std::size_t kMaxLine = 300;
// Sources are first duplicated to this number or above, which is above every place, so that no
// dup3(2) overwrites a source.
constexpr int kAbove = 16;

}  // namespace

Argv::Argv(std::vector<std::string> words) : words_(std::move(words)) {
    for (auto& word : words_) pointers_.push_back(word.data());
    pointers_.push_back(nullptr);
}

Result<> place_descriptors(std::span<const Placed> places) {
    if (places.size() > kAbove) return fail("too many descriptors to place");
    std::vector<int> high;
    for (const auto& [from, over_exec] : places) {
        // This is no Fd: its destructor would close the number after another descriptor took it.
        const int source = from == kNullDevice ? ::open("/dev/null", O_RDWR) : from;
        if (source < 0) return fail_errno("/dev/null");
        high.push_back(::fcntl(source, F_DUPFD, kAbove));
        if (high.back() < 0) return fail_errno("duplicate descriptor");
    }
    for (std::size_t place = 0; place < places.size(); ++place) {
        const int flags = places[place].over_exec ? 0 : O_CLOEXEC;
        if (::dup3(high[place], static_cast<int>(place), flags) < 0) return fail_errno("dup3");
    }
    return check(::syscall(SYS_close_range, static_cast<unsigned>(places.size()), ~0U, 0),
                 "close_range");
}

void say_line(int fd, std::string_view text) {
    std::string line(text.substr(0, kMaxLine));
    std::ranges::replace_if(
        line, [](char c) { return c >= 0 && c < ' '; }, '?');
    line += '\n';
    [[maybe_unused]] const auto put = ::write(fd, line.data(), line.size());
}

void say_and_exit(int fd, std::string_view text, int status) {
    say_line(fd, text);
    ::_exit(status);
}

}  // namespace bulkhead::sys
