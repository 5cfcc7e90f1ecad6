// Bounds the disk space of a worker's state directory, which is counted while the worker runs.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "common/sandbox/child.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/dir.hpp"
#include "common/sys/loop.hpp"

namespace bulkhead::broker {

// The blocks of all files in `dir`, in bytes. An error when it holds what no worker of ours makes,
// and what could make counting take for ever: more than 20,000 entries, more than 8 levels, or a
// directory that its owner cannot read.
Result<std::uint64_t> space_taken(const sys::Dir& dir);

// Counts once a minute, first a few seconds after construction. The worker controls what is
// counted, so a short-lived child with the worker's ids and no capability does it.
class StateBudget {
  public:
    struct Plan {
        sandbox::User user;
        int state = -1;           // the directory; outlives this
        std::uint64_t bytes = 0;  // 0: no budget
        std::function<void(const std::string& why)> over;
        // The time limit of one count. The child has the worker's ids, so a worker may stop it by a
        // signal before Linux 6.12 (Landlock's scopes): a count that does not end is over budget.
        std::chrono::seconds patience{60};
    };
    StateBudget(sys::Loop& loop, Plan plan);
    ~StateBudget();
    StateBudget(const StateBudget&) = delete;
    StateBudget& operator=(const StateBudget&) = delete;

  private:
    void wait(sys::Clock::duration time);
    Result<> begin();
    void finish();

    sys::Loop& loop_;
    Plan plan_;
    sys::TimerId next_{};
    std::optional<sandbox::Child> child_;  // while it counts
    sys::Fd answer_;
};

}  // namespace bulkhead::broker
