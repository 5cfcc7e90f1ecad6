// What is asked of each filter: every system call by its number, and every argument by which a
// filter may decide.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "tests/malicious_worker/sweep.hpp"

namespace bulkhead::test {

// One line of a golden list, or a part of one: neighbours of one `group` with equal outcomes share
// it. `value` is what differs within the group.
struct Question {
    std::string group;
    std::uint64_t value = 0;
    std::string name;  // of the value; "" if it has none
    Probe probe;
};

// Numbers 0..1023 of the 64-bit entry; 0..1023 with the x32 bit; 0..511 by int 0x80.
std::vector<Question> every_number(Entry entry);
// Values of the arguments of socket, clone, mmap, ioctl, prctl, fcntl, ...
std::vector<Question> every_argument();

// All of them by name: "numbers", "x32", "i386" (where there is that entry), "arguments".
std::vector<std::pair<std::string, std::vector<Question>>> sweeps();

}  // namespace bulkhead::test
