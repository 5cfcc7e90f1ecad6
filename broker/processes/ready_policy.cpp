#include "broker/processes/ready_policy.hpp"

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
    return ready;
}

// policy::load() has made sure that each list a profile names is there.
const sandbox::Filter& ReadyPolicy::filter(std::string_view list) const {
    return filters.find(list)->second;
}

}  // namespace bulkhead::broker
