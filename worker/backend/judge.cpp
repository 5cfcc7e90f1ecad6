#include "worker/backend/judge.hpp"

#include <algorithm>

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

Setback::Kind kind_of(int status) {
    switch (status) {
        case 401:
        case 403:
            return Setback::Kind::credential_rejected;
        case 408:
        case 425:
        case 429:
            return Setback::Kind::retry;
        case 413:
            return Setback::Kind::too_large;
        default:
            // What is no answer of an API (a redirect, another success) comes from something in
            // between or from a wrong URL: the backend itself has not refused anything.
            return status >= 400 && status < 500 ? Setback::Kind::refused : Setback::Kind::retry;
    }
}

Result<> check_name(std::string_view name) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (name.empty() || name.size() > 128) return fail("not 1..128 bytes");
    if (!is_utf8(name) || std::ranges::any_of(name, control)) {
        return fail("holds odd bytes: " + quoted(name));
    }
    return {};
}

}  // namespace

std::unexpected<Setback> setback(Setback::Kind kind, std::string text) {
    return std::unexpected(Setback{.kind = kind, .text = std::move(text)});
}

std::unexpected<Setback> judge_failure(const HttpAnswer& answer, std::string_view said) {
    auto text = "status " + std::to_string(answer.status);
    if (answer.status >= 200 && answer.status < 300) text += ", which this request never gives";
    if (answer.status >= 300 && answer.status < 400) {
        text += ", redirects are not followed: " +
                (answer.location.empty() ? "no Location" : quoted(answer.location));
    }
    if (!said.empty()) text += ": " + quoted(said);
    return std::unexpected(Setback{.kind = kind_of(answer.status),
                                   .text = std::move(text),
                                   .retry_after = answer.retry_after});
}

std::unexpected<Setback> judge_unreadable(const Error& error) {
    return setback(Setback::Kind::retry, "unreadable answer: " + error.what);
}

Result<> check_job_id(std::string_view id) {
    TRY(within("job id", check_name(id)));
    if (id == "." || id == "..") return fail("job id: \"" + std::string(id) + "\" is no name");
    return {};
}

Result<> check_agent_id(std::string_view id) { return within("agent id", check_name(id)); }

Result<> check_credential(std::string_view credential) {
    const auto visible = [](char c) { return c > ' ' && c <= '~'; };
    if (credential.empty() || credential.size() > 4096) {
        return fail("credential: not 1..4096 characters");
    }
    if (!std::ranges::all_of(credential, visible)) return fail("credential: odd characters");
    return {};
}

}  // namespace bulkhead::worker
