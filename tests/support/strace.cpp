#include "tests/support/strace.hpp"

#include <unistd.h>

#include <cctype>
#include <filesystem>
#include <fstream>

#include "tests/support/files.hpp"

namespace bulkhead::test {

std::string strace_program() {
    constexpr const char* kProgram = "/usr/bin/strace";
    return ::access(kProgram, X_OK) == 0 ? kProgram : "";
}

std::vector<std::string> words_of_strace(const std::vector<pid_t>& pids, const std::string& file) {
    std::vector<std::string> words{strace_program(), "-f", "-qq", "-o", file};
    for (const auto pid : pids) words.insert(words.end(), {"-p", std::to_string(pid)});
    return words;
}

bool is_traced(pid_t pid) {
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        const auto status = content_of(task.path() / "status");
        if (status.find("\nTracerPid:\t0\n") != status.npos) return false;
    }
    return true;
}

// "123 openat(AT_FDCWD, ..." and "123 <... recvmsg resumed> ...": the second is the first's end.
Calls calls_in(const std::string& file, pid_t pid) {
    Calls calls;
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        if (pid != 0 && !line.starts_with(std::to_string(pid) + " ")) continue;
        const auto begin = line.find_first_not_of(" 0123456789");
        const auto end = line.find('(');
        if (begin == line.npos || end == line.npos || std::islower(line[begin]) == 0) continue;
        const auto name = line.substr(begin, end - begin);
        if (name != "restart_syscall") ++calls[name];
    }
    return calls;
}

std::uint64_t total_of(const Calls& calls) {
    std::uint64_t sum = 0;
    for (const auto& [name, count] : calls) sum += count;
    return sum;
}

}  // namespace bulkhead::test
