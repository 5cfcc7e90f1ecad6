#include "broker/own_accounts.hpp"

#include "broker/records/slots.hpp"
#include "common/sandbox/privileges.hpp"

namespace bulkhead::broker {

std::map<std::uint32_t, std::string> own_accounts(const Options& options) {
    std::map<std::uint32_t, std::string> own;
    for (unsigned number = 0; number < records::kMaxSlots; ++number) {
        const auto user = records::slot_user(options.worker_user, number);
        if (user) own[user->uid] = "the worker's of slot " + std::to_string(number);
    }
    if (const auto user = sandbox::find_user(options.config_user)) {
        own[user->uid] = "the config reader's";
    }
    if (const auto user = sandbox::find_user(options.loader_user)) {
        own[user->uid] = "the loader's";
    }
    return own;
}

}  // namespace bulkhead::broker
