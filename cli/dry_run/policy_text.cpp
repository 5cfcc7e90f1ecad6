#include "cli/dry_run/policy_text.hpp"

#include <string.h>

#include "common/base/strong.hpp"

namespace bulkhead::cli {

std::string access_name(policy::Access access) {
    switch (access) {
        case policy::Access::read:
            return "read";
        case policy::Access::execute:
            return "execute";
        case policy::Access::remove:
            return "remove";
        case policy::Access::write:
            return "write";
        case policy::Access::devices:
            return "devices";
    }
    return "?";
}

std::string outcome_name(admission::CheckOutcome outcome) {
    switch (outcome) {
        case admission::CheckOutcome::skipped:
            return "skipped";
        case admission::CheckOutcome::passed:
            return "passed";
        case admission::CheckOutcome::failed:
            return "failed";
    }
    return "?";
}

std::string network_in_words(policy::Network network) {
    return network == policy::Network::none ? "none" : "host";
}

std::vector<std::string> namespace_names(const policy::Namespaces& namespaces) {
    std::vector<std::string> names;
    if (namespaces.mount) names.emplace_back("mount");
    if (namespaces.net) names.emplace_back("net");
    if (namespaces.ipc) names.emplace_back("ipc");
    if (namespaces.uts) names.emplace_back("uts");
    if (namespaces.pid) names.emplace_back("pid");
    return names;
}

std::string action_in_words(const policy::Action& action) {
    switch (action.kind) {
        case policy::SyscallAction::allow:
            return "allowed";
        case policy::SyscallAction::log:
            return "allowed and logged";
        case policy::SyscallAction::error: {
            const char* name = ::strerrorname_np(action.error);
            return "fails with " +
                   (name == nullptr ? std::to_string(action.error) : std::string(name));
        }
        case policy::SyscallAction::kill:
            break;
    }
    return "ends the process";
}

std::string conditions_in_words(const std::vector<policy::Condition>& conditions) {
    std::string text;
    for (const auto& condition : conditions) {
        text += (text.empty() ? "" : " and ") + condition.text;
    }
    return text;
}

std::string size_in_words(std::uint64_t bytes) {
    if (bytes >= 1_GiB && bytes % 1_GiB == 0) return std::to_string(bytes / 1_GiB) + " GiB";
    if (bytes >= 1_MiB && bytes % 1_MiB == 0) return std::to_string(bytes / 1_MiB) + " MiB";
    if (bytes >= 1_KiB && bytes % 1_KiB == 0) return std::to_string(bytes / 1_KiB) + " KiB";
    return std::to_string(bytes) + " bytes";
}

}  // namespace bulkhead::cli
