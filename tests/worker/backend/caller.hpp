// A loop and a client on it, driven until an answer is there.
#pragma once
#include <gtest/gtest.h>

#include <functional>

#include "tests/backend/reference_backend.hpp"
#include "worker/backend/dialect/answer.hpp"

namespace bulkhead::worker::test {

// Trusts the CA of `backend`.
HttpSettings settings_for(const reference::ReferenceBackend& backend);

class Caller {
  public:
    explicit Caller(HttpSettings settings);

    HttpClient& client() { return *client_; }
    sys::Loop& loop() { return loop_; }

    // False when `done` does not hold within 30 seconds.
    bool run_until(const std::function<bool()>& done);
    Result<HttpAnswer> call(HttpRequest request);
    // The error of a call that must fail.
    std::string trouble(HttpRequest request);

    template <class T>
    Answer<T> speak(Exchange<T> exchange) {
        std::optional<Answer<T>> verdict;
        perform<T>(client(), std::move(exchange),
                   [&verdict](Answer<T> given) { verdict = std::move(given); });
        if (!run_until([&verdict] { return verdict.has_value(); })) {
            return std::unexpected(Failure{.text = "the test waited in vain"});
        }
        return *std::move(verdict);
    }

  private:
    sys::Loop loop_;
    std::optional<HttpClient> client_;
};

}  // namespace bulkhead::worker::test
