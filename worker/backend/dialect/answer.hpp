// Answer and Failure: what a backend's answer means for the duty that sent the request.
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
        refused,              // this value will never be accepted: drop it and log that
        credential_rejected,  // the agent has to enroll again, or an operator has to act
        unknown_job,          // the backend has no such job: drop all that belongs to it
        too_large,            // split the report and send its parts
        not_yet,              // an administrator has to approve this agent: ask again, seldom
        credential_lost,      // the backend issues it only once: an administrator has to renew it
    };
    Kind kind = Kind::retry;
    std::string text;  // for the log: bounded, printable, without secrets
    std::optional<std::chrono::seconds> retry_after;  // as the backend asked, at most 24 h
    // With `refused`: indices of the report's elements that caused it; the report may be sent again
    // without them. Empty: the whole report is refused.
    std::vector<std::size_t> elements = {};
    bool too_slow = false;  // with `retry`: the request was sent, and no answer came in time
};

// The backend's answer to a request that it accepted, or why it was not accepted.
template <class T = void>
using Answer = std::expected<T, Failure>;

// Whether a success is an HTML page (HttpAnswer::oddity): then it is none, even where a dialect
// reads no body.
bool is_page(const HttpAnswer& answer);
// Says what HttpAnswer::oddity says, in place of why the body could not be read.
void name_oddity(const HttpAnswer& answer, Failure& failure);

// One request, and the function that judges the answer to it.
template <class T = void>
struct Exchange {
    HttpRequest request;
    std::function<Answer<T>(const HttpAnswer&)> judge;
};

// Hides the secrets in the text of a failure, which may repeat a part of the answer. The answer is
// judged again without them, because the text may have cut one short.
template <class T>
void hide_secrets(const HttpClient& client, HttpAnswer answer,
                  const std::function<Answer<T>(const HttpAnswer&)>& judge, Failure& failure) {
    const auto body = answer.body;
    client.hide_secrets(answer.body);
    if (answer.body != body) {
        if (const auto again = judge(answer); !again) failure.text = again.error().text;
    }
    client.hide_secrets(failure.text);
}

// Sends the request and passes its judged answer to `done`. No HTTP answer is Failure::Kind::retry.
// Secrets in the text of a failure are hidden, because the server may have repeated one in an
// answer of status 200 whose body is the failure.
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
            if (answer && is_page(*http)) answer = std::unexpected(Failure{});
            if (!answer) {
                hide_secrets(client, *http, judge, answer.error());
                name_oddity(*http, answer.error());
            }
            done(std::move(answer));
        });
}

}  // namespace bulkhead::worker
