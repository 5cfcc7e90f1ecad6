// What becomes of a program that took the place of this one, as an upgrade of the package makes it.
//
// The agent goes on with the program and the version's policy that it has. The new program is asked
// whether it could start here; when it could and no job runs, this one ends, and the service
// manager starts the new one. No job is ended for it, and none is refused: workers stop fetching
// for that moment, or, once it has waited as long as --upgrade-within says, until the last job has
// ended.
#pragma once
#include <functional>
#include <memory>

#include "broker/context/context.hpp"
#include "broker/upgrade/programs.hpp"
#include "broker/upgrade/trial.hpp"
#include "common/sys/loop.hpp"

namespace bulkhead::broker {

class Upgrade {
  public:
    static constexpr std::string_view kBlocked = "upgrade-blocked";
    static constexpr std::string_view kDraining = "upgrade-draining";
    static constexpr std::string_view kPending = "upgrade-pending";
    // For files to stay as they are, before the new program is asked: not in the middle of what a
    // package manager unpacks.
    static constexpr std::chrono::milliseconds kSettle{500};
    // From one question to the next after one that failed, unless a job has ended in between.
    static constexpr std::chrono::minutes kAskAgain{1};
    // The same where none of the files that are looked at has changed.
    static constexpr std::chrono::minutes kAskAnyway{10};
    // For workers to say JobsHeld while jobs may still be taken, and once none is. The second is
    // longer than a job that is too early by minutes is kept by its worker.
    static constexpr std::chrono::seconds kToHold{10};
    static constexpr std::chrono::minutes kToHoldAtLast{25};

    struct Owner {
        std::function<void(bool fetch)> fetch;  // tells the workers so
        std::function<bool()> quiet;            // each worker that serves has said JobsHeld since
        std::function<void()> restart;          // ends this process
    };
    // `restarted`: the service manager starts the agent again when it ends so. Else it goes on.
    // Of the text of --upgrade-within. An error: it is no time of 1s to 30d.
    static Result<std::chrono::seconds> patience(const std::string& text);
    Upgrade(sys::Loop& loop, Context& broker, const CgroupTree& cgroups, StartFiles files,
            Programs programs, std::chrono::seconds within, bool restarted, Owner owner);
    ~Upgrade();
    Upgrade(const Upgrade&) = delete;
    Upgrade& operator=(const Upgrade&) = delete;

    // Call at each tick, after each reload, and, `job_ended`, after each end of a job.
    void look(bool job_ended = false);

  private:
    void settle(std::string stamp);
    void ask(std::string stamp);
    Result<> start_trial();
    void on_answer(const Trial::End& end);
    void block(const std::string& why);
    void pass();
    void consider();
    bool hold(bool due);
    void let_fetch();
    void forget();

    sys::Loop& loop_;
    Context& broker_;
    const CgroupTree& cgroups_;
    StartFiles files_;
    Programs programs_;
    bool restarted_;
    std::chrono::seconds patience_;
    Owner owner_;
    std::unique_ptr<Trial> trial_;
    std::size_t question_ = 0;  // of the trial
    std::string asked_;         // the stamp of what is asked, was refused, or could start
    sys::Clock::time_point asked_at_{};
    sys::Clock::time_point passed_at_{};
    sys::Clock::time_point held_at_{};
    bool settling_ = false;
    bool leaving_ = false;
    sys::TimerId timer_;
    sys::TimerId wait_;
};

}  // namespace bulkhead::broker
