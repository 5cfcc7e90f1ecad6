#include "worker/backend/dialect/http_status.hpp"

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kUnreadable = "unreadable answer: ";

Failure::Kind kind_of(int status) {
    switch (status) {
        case 401:
        case 403:
            return Failure::Kind::credential_rejected;
        case 408:
        case 425:
        case 429:
            return Failure::Kind::retry;
        case 413:
            return Failure::Kind::too_large;
        default:
            // A redirect or an unexpected 2xx comes from a proxy or from a wrong URL: the backend
            // itself has refused nothing.
            return status >= 400 && status < 500 ? Failure::Kind::refused : Failure::Kind::retry;
    }
}

}  // namespace

std::unexpected<Failure> failure(Failure::Kind kind, std::string text) {
    return std::unexpected(Failure{.kind = kind, .text = std::move(text)});
}

std::unexpected<Failure> judge_failure(const HttpAnswer& answer, std::string_view said) {
    auto text = "status " + std::to_string(answer.status);
    if (answer.status >= 200 && answer.status < 300) text += ", which this request never gives";
    if (answer.status >= 300 && answer.status < 400) {
        text += ", redirects are not followed: " +
                (answer.location.empty() ? "no Location" : quoted(answer.location));
    }
    if (!said.empty()) text += ": " + quoted(said);
    return std::unexpected(Failure{.kind = kind_of(answer.status),
                                   .text = std::move(text),
                                   .retry_after = answer.retry_after});
}

std::unexpected<Failure> judge_unreadable(const Error& error) {
    return failure(Failure::Kind::retry, std::string(kUnreadable) + error.what);
}

bool is_page(const HttpAnswer& answer) {
    return answer.status < 300 && answer.oddity.starts_with("an HTML page");
}

void name_oddity(const HttpAnswer& answer, Failure& failure) {
    if (answer.oddity.empty()) return;
    if (failure.text.empty() || failure.text.starts_with(kUnreadable)) {
        failure.text = std::string(kUnreadable) + "status " + std::to_string(answer.status) +
                       " with " + answer.oddity;
    } else {
        failure.text += "; the answer is " + answer.oddity;
    }
}

}  // namespace bulkhead::worker
