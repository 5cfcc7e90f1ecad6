// A loader that was taken over gets nothing beyond its capabilities: captured.cpp tries one thing
// after the other under the real walls. What is not named here must end it at once.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <sstream>

#include "tests/loader/site.hpp"
#include "tests/loader/tricks.hpp"
#include "tests/support/kernel.hpp"
#include "tests/support/scratch_cgroup.hpp"

namespace bulkhead::test {
namespace {

using Captured = LoaderTest;

std::string all_tricks() {
    FILE* const list = ::popen(BULKHEAD_CAPTURED " --list", "r");
    std::string all;
    char line[128];
    while (list != nullptr && std::fgets(line, sizeof line, list) != nullptr) all += line;
    if (list != nullptr) ::pclose(list);
    return all;
}

std::string outcome(int status) {
    if (WIFSIGNALED(status)) {
        return WTERMSIG(status) == SIGSYS ? "killed" : ::strsignal(WTERMSIG(status));
    }
    const int code = WEXITSTATUS(status);
    if (code == 0) return "done";
    if (code >= kNoSuchTrick) return "not tried: " + std::to_string(code);
    return ::strerrorname_np(code);
}

TEST_F(Captured, GetsNothingBeyondItsCapabilities) {
    const std::map<std::string, std::string> expected{
        {"thread", "ENOSYS"},       // the list answers it so that the loader can see it
        {"read-passwd", "EACCES"},  // Landlock
        {"read-root", "EACCES"},
        {"read-kallsyms", "EACCES"},
        {"read-broker-memory", "EACCES"},
        {"read-btf", "done"},                 // its one row that is everywhere
        {"new-heap", "done"},                 // memory that is not executable
        {"bpf-list-types", "EPERM"},          // of modules: libbpf asks, and is told no
        {"cgroup-parent-by-name", "EACCES"},  // Landlock, as any path
    };
    // Its order has a cgroup, as one of a program for that has.
    std::optional<ScratchCgroup> cgroup;
    if (cgroup2_is_mounted()) cgroup.emplace();
    const auto before = attached_now();
    std::istringstream names(all_tricks());
    std::size_t tried = 0;
    for (std::string name; std::getline(names, name); ++tried) {
        Loader captured(BULKHEAD_CAPTURED, {name});
        const auto answer = captured.load(
            example("guard_connect4"),
            {{"guard", approval::ProgramType::cgroup_connect4, "", cgroup ? cgroup->fd() : -1}});
        EXPECT_TRUE(answer.silent());
        if (!cgroup && outcome(answer.status) == "not tried: " + std::to_string(kNoCgroup))
            continue;
        const auto found = expected.find(name);
        EXPECT_EQ(outcome(answer.status), found == expected.end() ? "killed" : found->second)
            << name;
    }
    EXPECT_GE(tried, 68U);
    EXPECT_EQ(attached_now(), before);
}

// Where TC needs it (Linux before 6.6) netlink stays, of the one family that has qdiscs.
TEST_F(Captured, HasNetlinkOnlyWhereTcNeedsIt) {
    const bool tcx = [] {
        const auto answer = Loader().remove({});
        for (const auto& feature : answer.probed.value().features.items) {
            if (feature.name.str() == "tcx") return feature.works;
        }
        return false;
    }();
    for (const char* name : {"netlink-route", "netlink-netfilter", "socket-inet"}) {
        Loader captured(BULKHEAD_CAPTURED, {name});
        const auto answer =
            captured.load(object("tc"), {{"count_in", approval::ProgramType::tc_ingress, ""}});
        const bool open = !tcx && std::string_view(name) == "netlink-route";
        EXPECT_EQ(outcome(answer.status), open ? "done" : "killed") << name;
    }
}

}  // namespace
}  // namespace bulkhead::test
