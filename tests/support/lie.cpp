// Runs a program where the kernel lies: one system call is answered and not made.
//
//     lie CALL ARG0|any ERRNO PROGRAM [WORD]...      ERRNO 0: "done"
//
// Another filter over it, which the program cannot tell from a kernel that lacks or breaks
// something. It needs CAP_SYS_ADMIN or no_new_privs, as any filter does.
#include <unistd.h>

#include <cstdio>

#include "common/base/parse.hpp"
#include "common/sandbox/seccomp.hpp"

int main(int count, char** words) {
    using namespace bulkhead;
    if (count < 5) return 2;
    policy::SyscallRule rule{
        .call = words[1],
        .action = {policy::Verdict::error, parse_number<int>(words[3]).value()},
        .conditions = {},
        .source = {}};
    if (const auto first = parse_number<std::uint32_t>(words[2])) {
        rule.conditions = {{.argument = 0, .any_of = {{0xffffffff, *first}}, .text = {}}};
    }
    const auto filter =
        sandbox::compile(
            {.name = "lie", .fallback = {policy::Verdict::allow, 0}, .rules = {rule}, .source = {}})
            .value();
    if (const auto done = sandbox::install(filter); !done) {
        std::fprintf(stderr, "lie: %s\n", done.error().what.c_str());
        return 2;
    }
    ::execv(words[4], words + 4);
    std::perror(words[4]);
    return 2;
}
