// What a backend's answer means for the duty that asked.
#pragma once
#include <cerrno>
#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "worker/backend/http/http_client.hpp"

namespace bulkhead::worker {

struct Failure {
    enum class Kind {
        retry,                // the same request may succeed later
        refused,              // this value will never be accepted: drop it and say so
        credential_rejected,  // nothing will be accepted until we enroll again or an operator acts
        unknown_job,          // the backend has no such job: drop all that belongs to it
        too_large,            // split it and send the parts
        not_yet,              // an administrator has to act first: ask again, seldom
        credential_lost,      // given once, and not a second time: an administrator has to make one
    };
    Kind kind = Kind::retry;
    std::string text;  // fit for a log: bounded, printable, without secrets
    std::optional<std::chrono::seconds> retry_after;
    // With `refused`: which elements of the report are to blame; the others may go without them.
    std::vector<std::size_t> elements = {};
    bool too_slow = false;  // with `retry`: it was sent, and no answer came in time
};

// Delivered, with what the backend said in return; or what stood in the way.
template <class T = void>
using Answer = std::expected<T, Failure>;

// One request together with the judgement of its answer, so that the two cannot be mixed up.
template <class T = void>
struct Exchange {
    HttpRequest request;
    std::function<Answer<T>(const HttpAnswer&)> judge;
};

// Sends it and hands on the answer; no answer at all is a reason to retry. A server may also
// repeat a secret in an answer that is well but for what it says.
template <class T>
RequestId perform(HttpClient& client, Exchange<T> exchange, std::function<void(Answer<T>)> done) {
    return client.send(
        std::move(exchange.request), [&client, judge = std::move(exchange.judge),
                                      done = std::move(done)](Result<HttpAnswer> http) {
            if (!http) {
                return done(std::unexpected(
                    Failure{.kind = Failure::Kind::retry,
                            .text = std::move(http.error().what),
                            .too_slow = http.error().kind == Error::Kind::too_slow}));
            }
            auto answer = judge(*http);
            if (!answer) client.hide_secrets(answer.error().text);
            done(std::move(answer));
        });
}

}  // namespace bulkhead::worker
