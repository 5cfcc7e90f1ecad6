// under-list POLICY LIST COMMAND...: becomes nobody if it is root, puts the ceiling and then a list
// of the policy over itself, and becomes the command: what a list alone does to a program, without
// the other walls of a job. With "-" as the list it says how long each list's program is.
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>

#include "common/policy/load.hpp"
#include "common/sandbox/seccomp.hpp"

namespace {

using namespace bulkhead;

constexpr int kFailed = 125;
constexpr uid_t kNobody = 65534;

Result<> confine(const policy::SeccompList& list) {
    if (::geteuid() == 0) {
        TRY(sys::check(::setresgid(kNobody, kNobody, kNobody), "setresgid"));
        TRY(sys::check(::setresuid(kNobody, kNobody, kNobody), "setresuid"));
    }
    TRY(sys::check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs"));
    return sandbox::install(TRY(sandbox::compile(list)));
}

Result<> under(const policy::Policy& policy, const std::string& name, char** command) {
    const auto* list = policy::find(policy.seccomp, name);
    if (list == nullptr) return fail("no list " + name);
    TRY(confine(*policy::find(policy.seccomp, "broker")));
    TRY(confine(*list));
    ::execvp(command[0], command);
    return sys::fail_errno(command[0]);
}

Result<> measure(const policy::Policy& policy) {
    for (const auto& [name, list] : policy.seccomp) {
        const auto filter = TRY(sandbox::compile(list));
        std::printf("%s %zu\n", name.c_str(), filter.size());
    }
    return {};
}

}  // namespace

int main(int count, char** words) {
    if (count < 3) return kFailed;
    const std::string list = words[2];
    const auto policy = policy::load(words[1], policy::Trust::caller);
    auto done = !policy       ? std::unexpected(policy.error())
                : list == "-" ? measure(*policy)
                : count == 3  ? fail("which command?")
                              : under(*policy, list, words + 3);
    if (done) return 0;
    std::fprintf(stderr, "under-list: %s\n", done.error().what.c_str());
    return kFailed;
}
