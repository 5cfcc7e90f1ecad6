#include "broker/own_accounts.hpp"

#include <map>

#include "broker/records/slots.hpp"
#include "common/sandbox/privileges.hpp"

namespace bulkhead::broker {

namespace {

// Whose each user id of ours is, in words. Slots count that no backend has yet.
std::map<uid_t, std::string> own_accounts(const Options& options) {
    std::map<uid_t, std::string> own;
    for (unsigned number = 0; number < records::kMaxSlots; ++number) {
        const auto user = records::slot_user(options.worker_user, number);
        if (user) own[user->uid] = "the worker's of slot " + std::to_string(number);
    }
    if (const auto user = sandbox::find_user(options.config_user)) {
        own[user->uid] = "the config reader's";
    }
    return own;
}

}  // namespace

Result<> keep_jobs_apart(const policy::Policy& policy, const Options& options) {
    const auto own = own_accounts(options);
    for (const auto& [name, profile] : policy.profiles) {
        const auto user = sandbox::find_user(profile.user);
        if (!user) continue;
        const auto where = profile.user_source.at() + ": user " + profile.user;
        if (user->uid == 0 && profile.user != "root") {
            return fail(where + " is root; write: user root");
        }
        if (const auto found = own.find(user->uid); found != own.end()) {
            return fail(where + ": this account is " + found->second +
                        ", whose files jobs of profile " + name +
                        " could read; give them an account of their own");
        }
    }
    return {};
}

}  // namespace bulkhead::broker
