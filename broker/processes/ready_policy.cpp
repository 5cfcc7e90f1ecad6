#include "broker/processes/ready_policy.hpp"

#include <algorithm>
#include <iterator>

#include "common/policy/ceiling_for_artifacts.hpp"

namespace bulkhead::broker {

Result<std::shared_ptr<ReadyPolicy>> ReadyPolicy::load(const std::string& directory,
                                                       const policy::Files& vendor) {
    return make(vendor, TRY(policy::read(directory, policy::Trust::root)));
}

Result<std::shared_ptr<ReadyPolicy>> ReadyPolicy::make(const policy::Files& vendor,
                                                       const policy::Files& operators) {
    auto ready = std::make_shared<ReadyPolicy>();
    ready->policy = TRY(policy::merge(vendor, operators));
    for (const auto& [name, list] : ready->policy.seccomp) {
        ready->filters.emplace(name, TRY(sandbox::compile(list)));
    }
    TRY(widen_ceiling(*ready));
    return ready;
}

// Where artifacts are loaded the ceiling leaves out what a loader needs beside: the calls that the
// list broker-artifacts names. Each other list that would let one through denies it in its place.
Result<> ReadyPolicy::widen_ceiling(ReadyPolicy& ready) {
    const auto& lists = ready.policy.seccomp;
    const auto* more = policy::find(lists, policy::kCeilingForArtifacts);
    if (!ready.policy.artifacts || more == nullptr) return {};
    const auto is_named = [&](const policy::SyscallRule& rule) {
        return std::ranges::count(more->rules, rule.call, &policy::SyscallRule::call) > 0;
    };
    const auto lets = [](const policy::Action& action) {
        return action.kind == policy::SyscallAction::allow ||
               action.kind == policy::SyscallAction::log;
    };
    const auto& own = ready.policy.part("broker").seccomp;
    const auto& loaders = ready.policy.part("loader").seccomp;
    std::vector<policy::SyscallRule> denied;
    std::ranges::copy_if(lists.find(own)->second.rules, std::back_inserter(denied), is_named);
    for (const auto& [name, list] : lists) {
        const bool passes =
            lets(list.fallback) || std::ranges::any_of(list.rules, [&](const auto& rule) {
                return is_named(rule) && lets(rule.action);
            });
        if (!passes || name == loaders || name == policy::kCeilingForArtifacts) continue;
        auto other = list;
        std::erase_if(other.rules, is_named);
        if (name != own) other.rules.insert(other.rules.end(), denied.begin(), denied.end());
        ready.filters.insert_or_assign(name, TRY(sandbox::compile(other)));
    }
    return {};
}

// policy::load() has made sure that each list a profile names is there.
const sandbox::Filter& ReadyPolicy::filter(std::string_view list) const {
    return filters.find(list)->second;
}

}  // namespace bulkhead::broker
