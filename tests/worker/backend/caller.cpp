#include "tests/worker/backend/caller.hpp"

#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::worker::test {

namespace {

sys::Loop make_loop() {
    auto loop = sys::Loop::create();
    if (!loop || !HttpClient::prepare()) std::abort();
    return std::move(*loop);
}

}  // namespace

HttpSettings settings_for(const reference::ReferenceBackend& backend) {
    HttpSettings settings{.base_url = backend.url(), .user_agent = "bulkhead/test"};
    if (!backend.ca_file().empty()) settings.ca_pem = bulkhead::test::content_of(backend.ca_file());
    return settings;
}

Caller::Caller(HttpSettings settings) : loop_(make_loop()) {
    auto client = HttpClient::create(loop_, std::move(settings));
    EXPECT_OK(client);
    if (!client) std::abort();
    client_.emplace(std::move(*client));
}

bool Caller::run_until(const std::function<bool()>& done) {
    const auto end = sys::Clock::now() + std::chrono::seconds(30);
    while (!done()) {
        if (sys::Clock::now() > end || !loop_.step(std::chrono::milliseconds(100))) return false;
    }
    return true;
}

Result<HttpAnswer> Caller::call(HttpRequest request) {
    std::optional<Result<HttpAnswer>> answer;
    client_->send(std::move(request),
                  [&answer](Result<HttpAnswer> given) { answer = std::move(given); });
    EXPECT_FALSE(answer) << "answered from inside send()";
    if (!run_until([&answer] { return answer.has_value(); })) {
        return fail("the test waited in vain");
    }
    return *std::move(answer);
}

std::string Caller::trouble(HttpRequest request) {
    const auto answer = call(std::move(request));
    return answer ? "status " + std::to_string(answer->status) : answer.error().what;
}

}  // namespace bulkhead::worker::test
