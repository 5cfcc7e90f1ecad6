#include "worker/backend/nats/nats_login.hpp"

#include <algorithm>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxJwt = 16'384;

// The lines between "-----BEGIN WHAT-----" and the next line of dashes, joined; empty: no block, or
// one without an end.
std::string block_of(std::string_view text, std::string_view what) {
    const auto begin = "BEGIN " + std::string(what);
    bool within = false;
    std::string joined;
    for (auto line : split(text, '\n')) {
        line = trimmed(line);
        if (line.starts_with("---")) {
            if (within) return joined;
            within = line.find(begin) != line.npos;
        } else if (within) {
            joined += line;
        }
    }
    return "";
}

// Three parts of base64 for URLs; what they say is for the server to judge.
bool looks_like_jwt(std::string_view text) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return text.size() <= kMaxJwt && std::ranges::count(text, '.') == 2 &&
           std::ranges::all_of(text, plain);
}

}  // namespace

std::string NatsLogin::in_words() const {
    if (key) return "the nkey " + key->public_key() + (jwt.empty() ? "" : " with its JWT");
    if (!token.empty()) return "the token";
    return user.empty() ? "a host without a login" : "the user " + quoted(user, 64);
}

Result<NatsLogin> parse_nats_credentials(std::string_view text) {
    NatsLogin login;
    login.jwt = Secret(block_of(text, "NATS USER JWT"));
    if (login.jwt.empty()) return fail("holds no block BEGIN NATS USER JWT");
    if (!looks_like_jwt(login.jwt.reveal())) {
        return fail("its block BEGIN NATS USER JWT holds no JWT of at most 16 KiB");
    }
    const Secret seed(block_of(text, "USER NKEY SEED"));
    if (seed.empty()) return fail("holds no block BEGIN USER NKEY SEED");
    login.key = TRY(within("its block BEGIN USER NKEY SEED", NatsUserKey::of_seed(seed.reveal())));
    return login;
}

}  // namespace bulkhead::worker
