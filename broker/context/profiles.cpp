#include "broker/context/profiles.hpp"

#include <sys/resource.h>

#include <algorithm>

#include "common/policy/walls.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

namespace {

using policy::Wall;

bool lacks(const Context& broker, std::string_view feature) {
    return std::ranges::find(broker.missing, feature) != broker.missing.end();
}

// A hard limit of 0 does not keep the kernel from starting the program of core_pattern (core(5)).
bool cores_are_piped() {
    rlimit core{};
    if (::getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0) return false;
    const auto kernel = sys::Dir::open("/proc/sys/kernel");
    return !kernel || kernel->read_file("core_pattern", 4096).value_or("|").starts_with('|');
}

std::string unusable_for(const policy::Profile& profile, const Context& broker) {
    if (const auto& why = broker.jobs.uncontained(); !why.empty()) {
        return why + ", so no job can be contained";
    }
    if (const auto beyond = profile.capabilities & ~broker.ceiling.capabilities; beyond != 0) {
        return "needs " + policy::capability_names(beyond) +
               ", which this broker has given up: restart it";
    }
    for (const auto& wall : policy::obligatory_walls(profile)) {
        if (!lacks(broker, wall)) continue;
        return "this host lacks " + wall + ", on which profile " + profile.name +
               " rests: " + std::string(policy::wall_in_words(wall));
    }
    return "";
}

}  // namespace

Result<JobPlan> plan_of(const policy::Profile& profile, const ReadyPolicy& policy,
                        const Context& broker) {
    auto plan = TRY(make_plan(profile, policy.filter(profile.seccomp), broker.landlock_abi));
    const auto wanted = policy::walls_of_job(profile);
    for (const auto wall : {Wall::cgroup_memory, Wall::cgroup_pids, Wall::cgroup_cpu}) {
        if (wanted.has(wall) && !lacks(broker, policy::row_of(wall).name)) {
            plan.controllers.add(wall);
        }
    }
    plan.limit_memory_by_process = lacks(broker, policy::kMemoryWall);
    plan.limit_pids_by_user = lacks(broker, policy::kPidsWall);
    const bool root = plan.ids.user.uid == 0;
    if (plan.limit_pids_by_user && !plan.user_space && broker.counts_by_space && !root) {
        plan.user_space = view::IdMap::everybody;
    }
    plan.script_directory = broker.script_directory;
    if (!broker.mount_points.empty()) {
        plan.mount_points = broker.mount_points + "/" + profile.name + "-" +
                            crypto::hex(policy.policy.digest).substr(0, 12);
    }
    return plan;
}

void assess(ReadyPolicy& policy, const Context& broker) {
    policy.profiles.clear();
    for (const auto& [name, profile] : policy.policy.profiles) {
        auto& facts = policy.profiles[name];
        facts.unusable = unusable_for(profile, broker);
        if (!facts.unusable.empty()) continue;
        const auto plan = plan_of(profile, policy, broker);
        const auto tried =
            plan ? try_job(*plan) : Result<std::vector<std::string>>(std::unexpected(plan.error()));
        if (!tried) facts.unusable = tried.error().what;
        if (tried) facts.remarks = *tried;
        if (cores_are_piped() && profile.user != "root") {
            facts.remarks.emplace_back(
                "a crash starts the program of kernel.core_pattern, as root: the agent was started "
                "with a core limit of 0, not 1");
        }
        if (lacks(broker, policy::kLandlockWall) && !profile.host_files) {
            facts.remarks.push_back(
                "without landlock, which this kernel lacks: its view alone holds");
        }
    }
}

std::vector<std::string> unusable(const ReadyPolicy& policy) {
    std::vector<std::string> sentences;
    for (const auto& [name, facts] : policy.profiles) {
        if (!facts.unusable.empty()) sentences.push_back("profile " + name + ": " + facts.unusable);
    }
    return sentences;
}

}  // namespace bulkhead::broker
