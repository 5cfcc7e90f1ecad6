// One-trick programs: each tries one thing that some profile forbids and another allows, and says
// what the kernel answered. The table is one declaration for the program that plays the tricks
// inside a job and for the test that judges its answers.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace bulkhead::sandbox_test {

// What the tricks must know of the host outside, from the file `place` beside the program: broker,
// worker (pids), root (the installation), others (somebody's file in /var/tmp), ...
using Place = std::map<std::string, std::string>;

// What is expected of the kernel: "ok", an errno's name, a signal's name, or a value.
//     "EPERM"             this
//     "EPERM uid"         this, and it is the layer `uid` that answers
//     "EINVAL|ENOSYS"     one of these
//     "EACCES@5|ENOTTY"   the first where Landlock has ABI 5, else the second
//     "*"                 not compared
struct Answers {
    std::string inspect, diagnose, maintain, admin;
    std::string bare;  // of a root process outside of every sandbox: the trick itself works
};
// Refused to every profile but admin, whose jobs are root's.
inline Answers only_admin(const std::string& refusal) {
    return {
        .inspect = refusal, .diagnose = refusal, .maintain = refusal, .admin = "ok", .bare = "ok"};
}
inline Answers everywhere(const std::string& said) {
    return {.inspect = said, .diagnose = said, .maintain = said, .admin = said, .bare = said};
}

struct Trick {
    std::string name;
    std::string layer;  // the one that answers, unless an answer says otherwise
    Answers answers;
    std::function<std::string(const Place&)> play;
};

const std::vector<Trick>& tricks();

// The parts of the table.
std::vector<Trick> identity_tricks();
std::vector<Trick> capability_tricks();
std::vector<Trick> file_tricks();
std::vector<Trick> program_tricks();
std::vector<Trick> yard_tricks();
std::vector<Trick> space_tricks();
std::vector<Trick> socket_tricks();
std::vector<Trick> call_tricks();
std::vector<Trick> state_tricks();

// "ok", or the name of errno when `result` is negative.
std::string answer(long result);
// Of open(2); a file that it makes is for its owner alone.
std::string open_as(const std::string& path, int flags);
// What a program prints, or the errno of its exec.
std::string output_of(const std::vector<std::string>& words);

}  // namespace bulkhead::sandbox_test
