// Runs a program under a seccomp filter that answers one system call without making it, as a kernel
// would that lacks or breaks something.
//
//     lie CALL ARG0|any ERRNO PROGRAM [WORD]...      ERRNO 0: the call seems to succeed
//
// When the broker starts it as a worker, it is given no such words: it reads them from a file
// beside this program, whose name is that of the program and ".lie", and passes its own arguments
// on to PROGRAM. With --read-config no filter is installed.
//
// It needs CAP_SYS_ADMIN or no_new_privs, as every seccomp(2) filter does.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/base/parse.hpp"
#include "common/sandbox/seccomp.hpp"
#include "common/sys/exec.hpp"

namespace {

// The words of the ".lie" file, if there is one, followed by the arguments of this call.
std::vector<std::string> all_words(int count, char** given) {
    const auto own = std::filesystem::read_symlink("/proc/self/exe").string();
    std::vector<std::string> all{given[0]};
    std::ifstream file(own + ".lie");
    for (std::string word; file >> word;) all.push_back(word);
    all.insert(all.end(), given + 1, given + count);
    return all;
}

int become(const std::vector<std::string>& words) {
    const bulkhead::sys::Argv argv(words);
    ::execv(argv.program(), argv.get());
    std::perror(argv.program());
    return 2;
}

}  // namespace

int main(int count, char** given) {
    using namespace bulkhead;
    const auto words = all_words(count, given);
    if (words.size() < 5) return 2;
    const std::vector<std::string> program(words.begin() + 4, words.end());
    if (std::ranges::count(program, "--read-config") > 0) return become(program);
    policy::SyscallRule rule{
        .call = words[1],
        .action = {policy::SyscallAction::error, parse_number<int>(words[3]).value()},
        .conditions = {},
        .source = {}};
    if (const auto first = parse_number<std::uint32_t>(words[2])) {
        rule.conditions = {{.argument = 0, .any_of = {{0xffffffff, *first}}, .text = {}}};
    }
    const auto filter = sandbox::compile({.name = "lie",
                                          .fallback = {policy::SyscallAction::allow, 0},
                                          .rules = {rule},
                                          .source = {}})
                            .value();
    if (const auto done = sandbox::install(filter); !done) {
        std::fprintf(stderr, "lie: %s\n", done.error().what.c_str());
        return 2;
    }
    return become(program);
}
