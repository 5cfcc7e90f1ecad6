// NatsLogin: who we are to a NATS server.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/base/secret.hpp"
#include "worker/backend/nats/nkey.hpp"

namespace bulkhead::worker {

// At most one way: nothing, a key (with or without the JWT that names it), a token, or a user with
// a password.
struct NatsLogin {
    std::optional<NatsUserKey> key;
    Secret jwt;
    Secret token;
    std::string user;
    Secret password;
    std::string setting;  // of agent.yaml, which gave it; empty: none did

    bool empty() const { return !key && token.empty() && user.empty(); }
    // "the nkey UABC...", "the user agent", for messages; nothing secret.
    std::string in_words() const;
};

// The text of a credentials file, as nsc(1) writes it: a block of a user's JWT and one of a seed,
// in this order or the other, each between lines of dashes. Errors name what is missing; none
// repeats a part of the text.
Result<NatsLogin> parse_nats_credentials(std::string_view text);

}  // namespace bulkhead::worker
