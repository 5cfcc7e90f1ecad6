// Policy as the broker uses it: loaded, checked, every seccomp filter compiled.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "common/admission/admit.hpp"
#include "common/policy/load.hpp"
#include "common/sandbox/seccomp.hpp"

namespace bulkhead::broker {

struct ReadyPolicy {
    policy::Policy policy;
    std::map<std::string, sandbox::Filter, std::less<>> filters;  // by seccomp list

    // What this host makes of its profiles, by name; see assess().
    std::map<std::string, admission::ProfileFacts, std::less<>> profiles;

    // Merges the operator's `directory` over `vendor`, the files of this version, which the broker
    // reads once at its start: an upgrade may replace those on disk. Without `vendor` the directory
    // must hold everything.
    static Result<std::shared_ptr<ReadyPolicy>> load(const std::string& directory,
                                                     const policy::Files& vendor = {});
    // The same of an operator's files that were read.
    static Result<std::shared_ptr<ReadyPolicy>> make(const policy::Files& vendor,
                                                     const policy::Files& operators);
    const sandbox::Filter& filter(std::string_view list) const;
    // The filter of a part of the agent: "broker", "worker", "config-reader".
    const sandbox::Filter& filter_of(std::string_view part) const {
        return filter(policy.part(part).seccomp);
    }

  private:
    static Result<> widen_ceiling(ReadyPolicy& ready);
};

}  // namespace bulkhead::broker
