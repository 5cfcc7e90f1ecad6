// How a job of each shipped profile ends when it will not: nothing that it started outlives it.
#include <filesystem>

#include "tests/sandbox/sandbox.hpp"
#include "tests/support/files.hpp"
#include "tests/support/layers.hpp"

namespace bulkhead::test {
namespace {

// Processes of this host, in whatever namespace, that sleep for `seconds`.
std::size_t sleepers(const std::string& seconds) {
    std::size_t count = 0;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
        const auto words = content_of(entry.path() / "cmdline");
        count += words.find(std::string("\0", 1) + seconds + std::string("\0", 1)) != words.npos;
    }
    return count;
}

struct Survivors : Sandbox {
    // A number that nobody else on this host sleeps for.
    const std::string forever = "3153" + std::to_string(::getpid());
    // Away from its parent, its session and its terminal, deaf to every request; it is there when
    // this returns.
    std::string survivor(const std::string& profile) const {
        // In maintain nothing can be made in /tmp.
        const auto sign = "$TMPDIR/bulkhead-test-" + forever + profile;
        return "trap '' TERM HUP INT\n( ( setsid sh -c 'sleep " + forever + " & : >" + sign +
               "; sleep " + forever + "' >/dev/null 2>&1 & ) & )\nuntil [ -e " + sign +
               " ]; do sleep 0.02; done; rm " + sign + "\n";
    }

    // What is then on record.
    std::string expect_nothing_left() {
        EXPECT_TRUE(eventually([&] { return place().job_processes().empty(); }, kPatience));
        const auto left = sleepers(forever);
        EXPECT_EQ(left, 0U);
        return left == 0 && !HasFailure() ? "none left" : "failed";
    }
    // Jobs of all three profiles at the same time, `script` behind a survivor of theirs; each
    // result is given to `judge`. `tried`: in the table of layers.
    void run_in_each(const std::string& name, const std::string& tried, const std::string& script,
                     std::chrono::seconds timeout,
                     const std::function<void(const std::string&, const json&)>& judge) {
        std::map<std::string, std::string> ids;
        for (const std::string profile : kShippedProfiles) {
            pin({.name = name + "-" + profile,
                 .script = survivor(profile) + script,
                 .profile = profile,
                 .timeout = timeout});
        }
        start_enrolled();
        for (const std::string profile : kShippedProfiles) {
            ids[profile] = queue({.script = survivor(profile) + script});
        }
        for (const auto& [profile, id] : ids) judge(profile, ended(id));
        const auto seen = expect_nothing_left();
        for (const std::string profile : kShippedProfiles) {
            record_layer("cgroup", "job " + profile, tried, seen);
        }
    }
};

TEST_F(Survivors, WhatForkedAwayEndsWithTheJob) {
    run_in_each("double-fork", "double fork, setsid, deaf", "exit 3\n", 300s,
                [&](const std::string& profile, const json& result) {
                    EXPECT_EQ(result["outcome"], "finished") << profile << result.dump();
                    EXPECT_EQ(result["exit_code"], 3) << profile;
                });
}

TEST_F(Survivors, AnIgnoredSigtermIsFollowedByTheKill) {
    run_in_each("deaf", "ignored SIGTERM", "sleep " + forever + "\n", 3s,
                [&](const std::string& profile, const json& result) {
                    EXPECT_EQ(result["outcome"], "timed_out") << profile << result.dump();
                    EXPECT_EQ(result["signal"], SIGKILL) << profile;
                    EXPECT_GE(result["wall_ms"], 13'000)
                        << profile << ": its time, and ten of grace";
                    EXPECT_LT(result["wall_ms"], 40'000) << profile;
                });
}

TEST_F(Survivors, AForkBombIsHeldAndEnds) {
    const auto bomb = [&](const std::string& profile) {
        return playing("--fork-bomb # " + profile);
    };
    for (const std::string profile : kShippedProfiles) {
        pin({.name = "bomb-" + profile,
             .script = bomb(profile),
             .profile = profile,
             .timeout = 300s});
    }
    pin({.name = "after", .script = "echo after\n"});
    start_enrolled();
    for (const std::string profile : kShippedProfiles) {
        if (profile == "admin" && missing("cgroup-pids")) {
            record_layer("cgroup", "job admin", "fork bomb",
                         "skipped: no pids controller is offered");
            continue;  // root's processes have no other limit: it would be this host's end
        }
        const auto id = queue({.script = bomb(profile)});
        EXPECT_TRUE(eventually([&] { return !backend().standard_output(id).empty(); }, kPatience));
        const auto refused = backend().standard_output(id);
        EXPECT_EQ(refused, "EAGAIN\n") << profile;
        EXPECT_TRUE(backend().cancel_job(id));
        const auto result = ended(id);
        EXPECT_EQ(result["outcome"], "cancelled") << profile << result.dump();
        record_layer(missing("cgroup-pids") ? "rlimits" : "cgroup", "job " + profile, "fork bomb",
                     refused.substr(0, refused.find('\n')) + ", " + expect_nothing_left());
    }
    const auto after = ended(queue({.script = "echo after\n"}));
    EXPECT_EQ(after["outcome"], "finished") << "the agent must go on";
}

TEST_F(Survivors, AFloodOfOutputIsCountedAndNotKept) {
    const std::string script =
        "head -c 20000000 /dev/zero >&2 & head -c 20000000 /dev/zero; wait\n";
    pin({.name = "flood", .script = script, .profile = "inspect", .output_max = 64_KiB});
    start_enrolled();
    const auto memory = [&] { return std::stol(status_of(broker().pid(), "VmRSS")); };
    const auto before = memory();
    const auto id = queue({.script = script});
    const auto result = ended(id);
    EXPECT_EQ(result["outcome"], "finished") << result.dump();
    EXPECT_EQ(result["stdout"]["bytes"], 20'000'000);
    EXPECT_EQ(result["stderr"]["bytes"], 20'000'000);
    EXPECT_LE(backend().standard_output(id).size() + backend().standard_error(id).size(),
              2 * 64_KiB);
    EXPECT_LT(memory() - before, 1024) << "KiB: root never holds output";
    record_layer("start", "job inspect", "40 MB of output", "64 KiB kept of each stream");
}

}  // namespace
}  // namespace bulkhead::test
