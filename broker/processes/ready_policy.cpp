#include "broker/processes/ready_policy.hpp"

namespace bulkhead::broker {

Result<std::shared_ptr<ReadyPolicy>> ReadyPolicy::load(const std::string& directory,
                                                       const policy::Files& vendor) {
    auto ready = std::make_shared<ReadyPolicy>();
    ready->policy = TRY(policy::merge(vendor, TRY(policy::read(directory, policy::Trust::root))));
    for (const auto& [name, list] : ready->policy.seccomp) {
        ready->filters.emplace(name, TRY(sandbox::compile(list)));
    }
    return ready;
}

// policy::load() has made sure that each list a profile names is there.
const sandbox::Filter& ReadyPolicy::filter(std::string_view list) const {
    return filters.find(list)->second;
}

}  // namespace bulkhead::broker
