// Leaving a backend for good, as `bulkhead leave` asks: the good-bye, and what this process keeps
// of the enrolment.
#pragma once
#include <functional>
#include <string>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/duties/duty_context.hpp"
#include "worker/state/credentials.hpp"

namespace bulkhead::worker {

class LeaveDuty {
  public:
    struct Callbacks {
        std::function<bool()> quiet;  // nothing is under way at the backend any more
        std::function<void()> left;   // the good-bye is over, heard or not; called once
    };
    LeaveDuty(const DutyContext& context, const Dialect& dialect,
              const CredentialStore& credentials, Callbacks callbacks)
        : context_(context),
          dialect_(dialect),
          credentials_(credentials),
          callbacks_(std::move(callbacks)) {}

    // Waits until all is quiet, for `settle` at most; then says good-bye with the identity of the
    // context, or that of the disk or of the configuration where it has none. Then the credential
    // is removed and CredentialStore::farewell() tells what the backend has heard. What an earlier
    // process has told is not told again.
    void begin(std::chrono::seconds settle);
    bool over() const { return over_; }

  private:
    void wait_for_quiet(sys::Clock::time_point until);
    Identity who() const;
    void say();
    void on_answer(const Answer<Farewell>& answer);
    void settle(const std::string& outcome);
    void end();

    const DutyContext& context_;
    const Dialect& dialect_;
    const CredentialStore& credentials_;
    Callbacks callbacks_;
    Identity identity_;
    sys::Clock::time_point deadline_;
    bool over_ = false;
};

}  // namespace bulkhead::worker
