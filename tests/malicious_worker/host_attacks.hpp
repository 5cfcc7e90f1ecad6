// What a captured worker tries on the host: files, processes, sockets, memory, walls. One row each;
// each in a child of its own that has called the worker's confine().
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "tests/malicious_worker/attacker.hpp"

namespace bulkhead::test {

// Where the attacker is and whom it is after.
struct Surroundings {
    std::string place;  // the installation's directory
    int state = -1;     // the worker's state directory, open
    int settings = -1;  // its settings, open
    int broker = 0;     // process numbers
    int sibling = 0;    // of the same user, unconfined: there is none in earnest
    int port = 0;       // somebody listens there, and policy does not name it
};

struct HostAttack {
    std::string name;
    std::string layer;  // that is to stand in the way: "seccomp", "Landlock", "uid", "mode", ...
    // Answers of a wall that holds: "killed", an errno's name; "done" where the attempt is harmless
    // and the row is there to say so.
    std::vector<std::string> walls;
    std::function<long(const Surroundings&)> act;  // negative: an error, told by errno
    int landlock = 0;        // the ABI from which on it is a wall; skipped below
    std::string if_there{};  // a path: where the host has none there is nothing to hold
    bool egress = false;     // the kernel must know programs for cgroups; skipped without
};

std::vector<HostAttack> attacks_on_files();
std::vector<HostAttack> attacks_on_processes();
std::vector<HostAttack> attacks_on_network();
std::vector<HostAttack> attacks_on_kernel();
std::vector<HostAttack> all_host_attacks();

// Carries all out and reports each answer: "killed", an errno's name, or "done".
void attack_host(const Attacker& attacker, int broker);

}  // namespace bulkhead::test
