// Read ends of jobs' pipes in the service manager's descriptor store, which carries them over the
// death of the broker (sd_notify(3): FDSTORE=1, FDSTOREREMOVE=1; sd_listen_fds(3)).
//
// systemd empties it when the service is stopped, so it holds what a crash would lose, and no more.
// Without a service manager, and where the store is full, pipes end with the broker, and a result
// whose output was lost says so.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "broker/records/ledger.hpp"
#include "common/sys/log.hpp"

namespace bulkhead::broker {

class PipeStore {
  public:
    // Sends a notification, with a descriptor unless that is null. It does not wait: code EAGAIN.
    using Send = std::function<Result<>(std::string_view state, const sys::Fd* fd)>;
    using Named = std::pair<std::string, sys::Fd>;

    // `kept`: what the service manager has handed over at the start.
    PipeStore(Send send, std::vector<Named> kept)
        : send_(std::move(send)), kept_(std::move(kept)) {}

    // The store gets duplicates.
    Result<> keep(JobNumber number, const records::Start& start, std::uint8_t run,
                  const sys::Fd& out, const sys::Fd& err);
    // The pipes of this very start that an earlier broker kept, those of its last run. `runs` is 0
    // if there are none.
    struct Ends {
        std::uint8_t runs = 0;
        sys::Fd out, err;
    };
    Ends take(JobNumber number, const records::Start& start);
    // Call it when the job is reported.
    void forget(JobNumber number, const records::Start& start, std::uint8_t runs);
    // Closes and removes what no job has taken.
    void drop_rest(const sys::Log& log);

  private:
    sys::Fd take(const std::string& name);
    void remove(std::string name);

    Send send_;
    std::vector<Named> kept_;
    std::vector<std::string> unsent_;  // removals, for the next try
};

}  // namespace bulkhead::broker
