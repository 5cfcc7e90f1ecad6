// What a worker's state directory takes on the disk, looked at while the worker runs.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "common/sandbox/child.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/dir.hpp"
#include "common/sys/loop.hpp"

namespace bulkhead::broker {

// Blocks of all that is in it, in bytes. An error: it holds what no worker of ours makes, so that
// counting it would take for ever: more than 20,000 entries, more than 8 levels, or a directory
// that its owner cannot read.
Result<std::uint64_t> space_taken(const sys::Dir& dir);

// Counts once a minute, the first time a few seconds after it was made. That is done by a short
// child with the worker's account and nothing else, for what is there is of the worker's making.
class StateBudget {
  public:
    struct Plan {
        sandbox::User user;
        int state = -1;           // the directory; outlives this
        std::uint64_t bytes = 0;  // 0: no budget
        std::function<void(const std::string& why)> over;
        // For one count. It has the worker's account, so a worker may stop it where Landlock has no
        // scope of signals: one that does not end is over the budget, too.
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
