// Becoming known to a backend: an install token turns into a credential that is kept on disk.
#pragma once
#include <functional>
#include <string>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/duties/duty_context.hpp"
#include "worker/duties/duty_trouble.hpp"
#include "worker/duties/host_facts.hpp"
#include "worker/state/credentials.hpp"

namespace bulkhead::worker {

class EnrollDuty {
  public:
    enum class State { unknown, trying, enrolled, refused, pending };
    struct Callbacks {
        // Reads again what may have changed, before each request: a credential, if its file holds
        // another by now.
        std::function<std::optional<Secret>()> refresh;
        // Before the identity is kept: `anew` where the backend gave it to a host that it did not
        // know, so that what an earlier enrolment left counts no more.
        std::function<void(const Identity&, bool anew)> identified;
        std::function<void(const Enrolled&)> enrolled;
        // Of one request; another follows unless the run ends with this one.
        std::function<void()> failed;
    };

    EnrollDuty(const DutyContext& context, const Dialect& dialect,
               const CredentialStore& credentials, const HostFacts& facts, const ProcFiles& proc,
               CollectInventory collect, Callbacks callbacks)
        : context_(context),
          dialect_(dialect),
          credentials_(credentials),
          facts_(facts),
          proc_(proc),
          collect_(std::move(collect)),
          callbacks_(std::move(callbacks)),
          backoff_(context.random) {}

    // Uses the credential of the configuration or of the disk if there is one; else asks the
    // backend for one.
    void start();
    // Asks for nothing: an operator had this host leave the backend.
    void stay_away();
    // Asks for nothing: policy keeps from us what the backend takes.
    void keep_shut();
    // The backend rejects a credential that it accepted before. Enrolls again, with growing pauses,
    // where the dialect allows it and a token is known.
    void renew(const std::string& why);
    // The backend has lost what it knew of this host. Enrolls again, with growing pauses.
    void enroll_again();
    // The backend accepted the credential. True if it had been rejected before.
    bool accepted();
    // Uses this credential from now on: the one of the configuration, or a new one of its file.
    void use_credential(Secret credential);

    State state() const { return state_; }
    bool is_asking() const { return asking_; }  // a request is under way
    const std::string& trouble() const { return trouble_.why(); }
    void tell(std::vector<Trouble>& all) const;

  private:
    Result<std::optional<Identity>> take_over();
    void ask();
    std::chrono::milliseconds delay_after(const Failure& failure);
    Result<Secret> own_key() const;
    Result<bool> renews(const Identity& identity) const;
    std::string no_token() const;
    void give_up(std::string why);
    void on_answer(Answer<Enrolled> answer);
    void retry_later(const Failure& failure);
    std::string where_to_put_a_token() const;
    std::string how_to_enroll() const;
    std::string how_to_renew() const;

    const DutyContext& context_;
    const Dialect& dialect_;
    const CredentialStore& credentials_;
    const HostFacts& facts_;
    const ProcFiles& proc_;
    CollectInventory collect_;
    Callbacks callbacks_;
    Backoff backoff_;  // reset only when a credential is accepted, not when one is issued
    sys::TimerId next_try_;
    State state_ = State::unknown;
    bool asking_ = false;
    bool from_configuration_ = false;
    bool known_ = false;  // to the backend, as far as this host knows
    DutyTrouble trouble_;
    UnixTime began_ = sys::now();
};

std::string_view name_of(EnrollDuty::State state);

}  // namespace bulkhead::worker
