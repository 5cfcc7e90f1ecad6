// The state directories of workers: made with the right owners, and filled with what 0.1 kept for
// all backends in one, STATE/worker.
//
// STATE/worker belongs to an account that meets the network, so its content is not trusted. Only
// regular files of known names are moved, one rename(2) each; no directory is walked, and nothing
// in it makes the start fail. After an interruption the next start goes on; no worker runs before
// the end.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "broker/records/ledger.hpp"
#include "broker/records/slots.hpp"
#include "common/base/ids.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::records {

// Of one backend: its worker's account, and its jobs that are not yet reported (Ledger).
struct Heir {
    std::string backend;
    sandbox::User user;
    std::vector<JobNumber> jobs;
};

// STATE/workers/NAME for each of them. What 0.1 left and cannot be given to anybody stays where it
// is and is told, for the log. Needs CAP_CHOWN, and no more, where something is new.
Result<std::vector<std::string>> prepare_worker_states(const sys::Dir& state,
                                                       std::span<const Heir> heirs);

// The way back, for 0.1: everything into STATE/worker, which will be `account`'s.
Result<std::vector<std::string>> give_back_states(const sys::Dir& state,
                                                  std::span<const Heir> heirs,
                                                  const sandbox::User& account);

// Whose states they are: of the slots' backends, with what the ledger has open.
Result<std::vector<Heir>> heirs_of(std::span<const Slot> slots, std::string_view accounts,
                                   const Ledger& ledger);

// prepare_worker_states() in the directory `state`, by a child that has no other capability.
Result<std::vector<std::string>> settle_worker_states(const std::string& state,
                                                      std::span<const Heir> heirs);

}  // namespace bulkhead::records
