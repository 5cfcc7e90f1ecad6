#include "tests/sandbox/tricks/trick.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/sys/fd.hpp"

namespace bulkhead::sandbox_test {

const std::vector<Trick>& tricks() {
    static const auto all = [] {
        std::vector<Trick> table;
        for (const auto part :
             {identity_tricks, capability_tricks, file_tricks, program_tricks, yard_tricks,
              space_tricks, socket_tricks, call_tricks, state_tricks}) {
            for (auto& trick : part()) table.push_back(std::move(trick));
        }
        return table;
    }();
    return all;
}

std::string answer(long result) { return result >= 0 ? "ok" : ::strerrorname_np(errno); }

std::string open_as(const std::string& path, int flags) {
    return answer(sys::Fd(::open(path.c_str(), flags | O_CLOEXEC, 0600)).get());
}

std::string output_of(const std::vector<std::string>& words) {
    auto pipe = sys::make_pipe();
    if (!pipe) return "no pipe";
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(pipe->write.get(), STDOUT_FILENO);
        std::vector<char*> argv;
        for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        ::execv(argv[0], argv.data());
        static_cast<void>(sys::write_all(pipe->write, as_bytes(answer(-1))));
        ::_exit(127);
    }
    pipe->write.reset();
    const auto text = sys::read_to_end(pipe->read, 1 << 16).value_or("unreadable");
    ::waitpid(child, nullptr, 0);
    return text;
}

}  // namespace bulkhead::sandbox_test
