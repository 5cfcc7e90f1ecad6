// What `bulkhead show-confinement` tells an auditor is what the kernel says of the running broker,
// of its worker and of a job of each shipped profile.
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include "cli/dry_run/policy_text.hpp"
#include "common/base/parse.hpp"
#include "common/policy/policy.hpp"
#include "common/sandbox/privileges.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {
namespace {

using testing::AssertionFailure;
using testing::AssertionResult;
using testing::AssertionSuccess;
using Names = std::set<std::string>;

Names capabilities_in(const std::string& text) {
    static const std::regex kName("CAP_[A-Z_]+");
    return {std::sregex_token_iterator(text.begin(), text.end(), kName), {}};
}
Names names_of(std::uint64_t set) { return capabilities_in(policy::capability_names(set)); }

// One of /proc/PID/limits: soft and hard.
std::pair<std::string, std::string> limit_of(pid_t pid, const std::string& name) {
    std::istringstream lines(content_of("/proc/" + std::to_string(pid) + "/limits"));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(name)) continue;
        const auto values = words(std::string_view(line).substr(name.size()));
        return {std::string(values[0]), std::string(values[1])};
    }
    return {};
}

std::string namespace_of(pid_t pid, const std::string& kind) {
    std::error_code failed;
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/ns/" + kind, failed);
}

struct MountPoint {
    std::string place;
    bool writable = false;
};
std::vector<MountPoint> mounts_of(pid_t pid) {
    std::vector<MountPoint> mounts;
    std::istringstream lines(content_of("/proc/" + std::to_string(pid) + "/mountinfo"));
    for (std::string line; std::getline(lines, line);) {
        const auto fields = words(line);
        mounts.push_back({std::string(fields[4]), fields[5].starts_with("rw")});
    }
    return mounts;
}

bool within(const std::string& place, const Names& directories) {
    return std::ranges::any_of(directories, [&](const auto& directory) {
        return place == directory || place.starts_with(directory + "/");
    });
}

class Told : public Pair {
  protected:
    // Rows of the upper part by their names, unwrapped; under "" the text whole.
    std::map<std::string, std::string> told_of(const std::string& who) {
        const auto shown = run({BULKHEAD_CLI, "show-confinement", who, "--policy",
                                place() / "policy", "--vendor-policy", place() / "vendor-policy"});
        EXPECT_EQ(shown.code, 0) << shown.output;
        std::map<std::string, std::string> rows{{"", shown.output}};
        std::istringstream lines(shown.output);
        std::string line, name;
        std::getline(lines, line);
        std::getline(lines, line);
        constexpr std::size_t kColumn = 14;
        while (std::getline(lines, line) && !line.empty()) {
            const auto head = line.substr(0, kColumn);
            if (head[0] != ' ') name = head.substr(0, head.find_last_not_of(' ') + 1);
            auto& text = rows[name];
            text += (text.empty() ? "" : " ") + line.substr(std::min(kColumn, line.size()));
        }
        return rows;
    }
    // Paths under headings such as "write: read, and ...".
    static Names rows_of(const std::string& whole, const Names& accesses) {
        Names paths;
        std::istringstream lines(whole);
        bool meant = false;
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("    /")) {
                if (meant) paths.insert(std::string(words(line)[0]));
            } else if (line.starts_with("  ") && line[2] != ' ') {
                meant = accesses.contains(line.substr(2, line.find(':') - 2));
            } else if (!line.starts_with("  ")) {
                meant = false;
            }
        }
        return paths;
    }

    static AssertionResult holds(bool held, const std::string& what, const std::string& seen) {
        return held ? AssertionSuccess()
                    : AssertionFailure() << what << ", and the kernel: " << seen;
    }

    void compare_process(pid_t pid, const std::string& process, const std::string& limits) {
        EXPECT_EQ(status_of(pid, "NoNewPrivs"), "1");
        EXPECT_EQ(status_of(pid, "Seccomp"), "2");
        EXPECT_TRUE(limits.contains("umask " + status_of(pid, "Umask"))) << limits;
        const auto files = limit_of(pid, "Max open files").first + " open files";
        EXPECT_TRUE(limits.contains(files)) << files << ": " << limits;
        EXPECT_TRUE(limits.contains("no core dumps") || process.contains("no core dumps"));
        for (const auto& core : {limit_of(pid, "Max core file size").first,
                                 limit_of(pid, "Max core file size").second}) {
            EXPECT_TRUE(core == "0" || core == "1") << core;
        }
    }

    // What of memory, processes and files its limits tell; in the cgroup where there are
    // controllers, else by process and by user.
    void compare_limits(pid_t pid, const std::string& group, const std::string& limits) {
        const auto told = [&](const std::string& file, const std::string& limit,
                              const std::string& unit, bool bytes) {
            auto value = content_of(place().cgroup() + group + "/" + file);
            value = value.empty() ? limit_of(pid, limit).second : value.substr(0, value.size() - 1);
            const auto number = parse_number<std::uint64_t>(value);
            ASSERT_TRUE(number) << limit << " is " << value;
            const auto text = (bytes ? cli::size_in_words(*number) : value) + unit;
            EXPECT_TRUE(limits.contains(text)) << text << ": " << limits;
        };
        // Of the worker only a controller holds the memory.
        const auto memory = place().cgroup() + group + "/memory.max";
        if (!group.starts_with("/worker") || std::filesystem::exists(memory)) {
            told("memory.max", "Max address space", " of memory", true);
        }
        told("pids.max", "Max processes", " processes", false);
        const auto size = parse_number<std::uint64_t>(limit_of(pid, "Max file size").second);
        ASSERT_TRUE(size) << "the size of files is not limited";
        EXPECT_TRUE(limits.contains("files of " + cli::size_in_words(*size))) << limits;
    }

    // Every mount of a view stands at or beneath a row that is told, and is writable only there.
    void compare_view(pid_t pid, const std::string& whole, const Names& own) {
        auto rows = rows_of(whole, {"read", "execute", "remove", "write", "devices"});
        auto changed = rows_of(whole, {"remove", "write", "devices"});
        rows.insert(own.begin(), own.end());
        changed.insert(own.begin(), own.end());
        const auto mounts = mounts_of(pid);
        EXPECT_FALSE(mounts.empty());
        for (const auto& [at, writable] : mounts) {
            EXPECT_TRUE(!writable || within(at, changed)) << at << " is writable";
            std::error_code failed;
            const bool leads_here = std::ranges::any_of(rows, [&](const auto& row) {
                return within(at, {std::filesystem::canonical(row, failed).string()});
            });
            EXPECT_TRUE(at == "/" || leads_here || within(at, rows)) << at << " is no row";
        }
    }

    pid_t job_named(const std::string& name) {
        for (const int pid : place().job_processes()) {
            if (content_of("/proc/" + std::to_string(pid) + "/comm") == name + "\n") return pid;
        }
        return 0;
    }
    std::string place_of(pid_t pid) {
        const auto text = content_of("/proc/" + std::to_string(pid) + "/cgroup");
        const auto own = place().cgroup();
        const auto name = own.substr(own.rfind('/'));
        const auto at = text.find(name + "/");
        const auto end = text.find('\n', at);
        return at == text.npos ? "" : text.substr(at + name.size(), end - at - name.size());
    }
};

TEST_F(Told, OfTheBrokerIsWhatTheKernelSays) {
    start_enrolled();
    const auto pid = broker().pid();
    auto told = told_of("broker");
    auto seen = sandbox::read_proc_status(pid).value();
    const auto at_rest = [&] {
        seen = sandbox::read_proc_status(pid).value();
        return told["capabilities"].starts_with(policy::capability_names(seen.effective) +
                                                " in force at rest");
    };
    EXPECT_TRUE(eventually(at_rest, kPatience))  // and not in the middle of a step
        << told["capabilities"] << "\nand the kernel: " << policy::capability_names(seen.effective);
    EXPECT_EQ(seen.permitted, seen.bounding);
    const auto& own = told["capabilities"];
    const auto certain = own.substr(0, own.find("where this host gives it"));
    const auto bounding = names_of(seen.bounding);
    for (const auto& name : bounding) {
        EXPECT_TRUE(capabilities_in(own + told["grants"]).contains(name)) << name << " is not told";
    }
    for (const auto& name : capabilities_in(certain + told["grants"])) {
        EXPECT_TRUE(bounding.contains(name)) << name << " is told and not there";
    }
    EXPECT_EQ(status_of(pid, "Threads"), "1");
    compare_process(pid, told["process"], told["process"]);
    EXPECT_EQ(place_of(pid), "/agent");
}

TEST_F(Told, OfTheWorkerIsWhatTheKernelSays) {
    start_enrolled();
    const auto pid = wait_for_worker();
    auto told = told_of("worker");
    const auto seen = sandbox::read_proc_status(pid).value();
    EXPECT_TRUE(told["capabilities"].starts_with("none;"));
    for (const auto set :
         {seen.permitted, seen.effective, seen.inheritable, seen.ambient, seen.bounding}) {
        EXPECT_EQ(policy::capability_names(set), "none");
    }
    EXPECT_TRUE(seen.groups.empty());
    EXPECT_EQ(std::ranges::count(seen.uids, 0U), 0);
    EXPECT_GT(seen.filters, sandbox::read_proc_status(broker().pid()).value().filters);
    compare_process(pid, told["process"], told["limits"]);
    const auto group = place_of(pid);
    EXPECT_TRUE(group.starts_with("/worker")) << group;
    compare_limits(pid, group, told["limits"]);
    EXPECT_EQ(limit_of(pid, "Max locked memory").second, "0");
    // Whoever is not dumpable has files in /proc that are root's.
    struct stat info {};
    ASSERT_EQ(::stat(("/proc/" + std::to_string(pid) + "/mem").c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 0U);
    if (status().contains("worker-view")) return;
    EXPECT_NE(namespace_of(pid, "mnt"), namespace_of(broker().pid(), "mnt"));
    compare_view(pid, told[""], {place() / "state"});
}

class ToldOfJobs : public Told, public testing::WithParamInterface<const char*> {};

TEST_P(ToldOfJobs, IsWhatTheKernelSays) {
    const std::string profile = GetParam();
    const PinnedJob job{.name = "waits", .script = "exec sleep 300\n", .profile = profile};
    pin(job);
    start_enrolled();
    const auto id = queue({.script = job.script});
    pid_t pid = 0;
    eventually(
        [&] {
            pid = job_named("sleep");
            return pid != 0 || !backend().job(id)->result.is_null();
        },
        kPatience);
    if (pid == 0) {
        const auto result = backend().job(id)->result;
        if (result["reason"] == "profile-unusable") GTEST_SKIP() << result["detail"];
        FAIL() << "it did not start: " << result.dump();
    }
    auto told = told_of(profile);
    const auto seen = sandbox::read_proc_status(pid).value();
    EXPECT_TRUE(told["capabilities"].starts_with(policy::capability_names(seen.effective) + ";"))
        << told["capabilities"] << "\nand the kernel: " << policy::capability_names(seen.effective);
    for (const auto set : {seen.permitted, seen.inheritable, seen.ambient, seen.bounding}) {
        EXPECT_EQ(policy::capability_names(set), policy::capability_names(seen.effective));
    }
    const auto account = words(told["user"])[0];
    const auto user = sandbox::find_user(account.substr(0, account.find(','))).value();
    EXPECT_EQ(seen.uids, std::vector<std::uint32_t>(4, user.uid));
    EXPECT_GT(seen.filters, sandbox::read_proc_status(broker().pid()).value().filters);
    compare_process(pid, "", told["limits"]);
    const auto group = place_of(pid);
    EXPECT_TRUE(group.starts_with("/jobs/")) << group;
    compare_limits(pid, group, told["limits"]);
    EXPECT_TRUE(told["limits"].contains(
        "nice " + std::to_string(::getpriority(PRIO_PROCESS, static_cast<id_t>(pid)))))
        << told["limits"];
    const std::pair<const char*, const char*> kinds[] = {
        {"mnt", "mount"}, {"net", "net"}, {"ipc", "ipc"}, {"uts", "uts"}, {"pid", "pid"}};
    for (const auto& [kind, word] : kinds) {
        const bool own = namespace_of(pid, kind) != namespace_of(broker().pid(), kind);
        EXPECT_EQ(told["namespaces"].contains(word), own) << word << ": " << told["namespaces"];
    }
    const bool mapped = namespace_of(pid, "user") != namespace_of(broker().pid(), "user");
    // Another has one as well where no controller counts processes.
    EXPECT_TRUE(mapped || !told["walls"].contains("id-map"));
    if (told["view"].starts_with("a root directory of its own")) {
        Names own{"/dev", "/run/lock", "/job"};
        if (told["view"].contains("/tmp and /var/tmp are its own")) {
            own.insert({"/tmp", "/var/tmp"});
        }
        compare_view(pid, told[""], own);
    }
    ::kill(pid, SIGKILL);
    EXPECT_EQ(result_of(id)["signal"], SIGKILL);
}

INSTANTIATE_TEST_SUITE_P(Shipped, ToldOfJobs,
                         testing::Values("admin", "diagnose", "inspect", "maintain"),
                         [](const auto& profile) { return std::string(profile.param); });

}  // namespace
}  // namespace bulkhead::test
