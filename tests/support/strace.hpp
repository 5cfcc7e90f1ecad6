// strace(1) as a counter of the system calls that running processes make. The caller starts it by
// words_of_strace(), waits until each is_traced(), and ends it by SIGINT.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bulkhead::test {

// By name; of a call that was interrupted by the tracer's arrival nothing is counted.
using Calls = std::map<std::string, std::uint64_t>;

// Where this machine has the program; "" where it has none.
std::string strace_program();
std::vector<std::string> words_of_strace(const std::vector<pid_t>& pids, const std::string& file);
// Each of its threads: strace attaches to one after the other.
bool is_traced(pid_t pid);
// What `file` says of all, or of one.
Calls calls_in(const std::string& file, pid_t pid = 0);
std::uint64_t total_of(const Calls& calls);

}  // namespace bulkhead::test
