// Becoming known to a backend: an install token turns into a credential that is kept on disk.
#pragma once
#include <functional>
#include <string>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/duties/services.hpp"

namespace bulkhead::worker {

class EnrollDuty {
  public:
    enum class State { unknown, trying, enrolled, refused, pending };
    using OnEnrolled = std::function<void(const Enrolled&)>;
    using OnFailed = std::function<void()>;  // of one try; the next is under way unless in one pass

    // Looks for files that changed; a credential that its file holds by now.
    using Refresh = std::function<std::optional<Secret>()>;

    EnrollDuty(Services& services, const BackendConfig& config, const Dialect& dialect,
               HttpClient& client, Refresh refresh)
        : services_(services),
          config_(config),
          dialect_(dialect),
          client_(client),
          refresh_(std::move(refresh)),
          backoff_(services.random) {}

    // With the credential of the configuration or of the disk if there is one, else by asking.
    void start(OnEnrolled enrolled, OnFailed failed);
    // The credential was good once and is refused now: ask anew where a token is at hand, slowly.
    void renew(const std::string& why);
    // The credential is good. True when it had been refused.
    bool accepted();
    // With this credential from here on: the configuration's, or one that its file holds by now.
    void use(Secret credential);

    State state() const { return state_; }
    bool is_asking() const { return asking_; }  // a request is under way
    const std::string& trouble() const { return trouble_; }

  private:
    void ask();
    std::chrono::milliseconds delay_after(const Failure& failure);
    Result<Secret> own_key() const;
    void give_up(std::string why);
    void on_answer(Answer<Enrolled> answer);
    void again(const Failure& failure);
    std::string where_to_put_a_token() const;
    std::string how_to_enroll() const;
    std::string how_to_renew() const;

    Services& services_;
    const BackendConfig& config_;
    const Dialect& dialect_;
    HttpClient& client_;
    Refresh refresh_;
    Backoff backoff_;  // until a credential is accepted: to be given one is no success yet
    sys::TimerId next_try_;
    OnEnrolled enrolled_;
    OnFailed failed_;
    State state_ = State::unknown;
    bool asking_ = false;
    bool from_configuration_ = false;
    std::string trouble_;
};

std::string_view name_of(EnrollDuty::State state);

}  // namespace bulkhead::worker
