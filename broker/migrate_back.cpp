#include "broker/migrate_back.hpp"

#include <stdio.h>

#include "broker/jobs/kept_job.hpp"
#include "broker/records/worker_states.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/walk.hpp"

namespace bulkhead::broker {

namespace {

constexpr std::string_view kSuspended = "intake-suspended";

// 0.1's account had the name without "-w". With numbers it is the first slot's.
Result<sandbox::User> old_account(std::string_view accounts) {
    if (accounts.ends_with("-w")) accounts.remove_suffix(2);
    return within("account of 0.1's worker", sandbox::find_user(accounts));
}

// 0.1 has one mark for all backends: if intake of one is suspended, that of all will be.
Result<> suspend_for_all(const sys::Dir& broker) {
    for (const auto& name : TRY(broker.list())) {
        if (!name.starts_with(std::string(kSuspended) + ".")) continue;
        if (::renameat(broker.fd(), name.c_str(), broker.fd(), kSuspended.data()) != 0) {
            return sys::fail_errno("rename " + name);
        }
    }
    return broker.sync();
}

}  // namespace

Result<std::vector<std::string>> migrate_back(const Options& options) {
    const auto state = TRY(within("--state", sys::walk_to_dir(options.state)));
    const auto broker = TRY(state.open_dir("broker"));
    const KeptJobs kept(TRY(broker.open_dir(".")));
    auto ledger = TRY(records::Ledger::open(broker, sys::now(), kept.list()));
    const auto heirs =
        TRY(records::heirs_of(TRY(records::read_slots(broker)), options.worker_user, ledger));
    auto left = TRY(records::give_back_states(state, heirs, TRY(old_account(options.worker_user))));
    TRY(suspend_for_all(broker));
    TRY(ledger.write_for_old_version());
    return left;
}

}  // namespace bulkhead::broker
