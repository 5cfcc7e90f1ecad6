// The client protocol of NATS, as far as a client that only publishes needs it
// (docs.nats.io/reference/reference-protocols/nats-protocol; nats-server 2.9, parser.go).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/result.hpp"
#include "worker/backend/nats/nats_login.hpp"

namespace bulkhead::worker {

// What INFO tells that matters here. All of it is the server's word, and before TLS anybody's.
struct NatsInfo {
    bool tls_required = false;
    bool tls_available = false;
    bool tls_verify = false;  // clients have to show a certificate
    bool auth_required = false;
    std::string nonce;  // to be signed; empty: the server knows no nkeys
    std::uint64_t max_payload = 0;
    std::string version;  // at most 64 bytes
};

struct NatsPing {};
struct NatsPong {};
struct NatsOk {};
struct NatsRefusal {
    std::string text;  // without its quotation marks
};
using NatsOperation = std::variant<NatsInfo, NatsPing, NatsPong, NatsOk, NatsRefusal>;

// Errors: not an operation that a server sends to a client without subscriptions, or an INFO that
// is no JSON object of what the protocol says. `line` is without its line break.
Result<NatsOperation> parse_nats_line(std::string_view line);

// Cuts what a server sends into lines.
class NatsLines {
  public:
    // INFO names all servers of a cluster; 64 KiB hold a thousand.
    static constexpr std::size_t kMaxLine = 65'536;

    // Error: a line is longer than kMaxLine, or holds a byte that no line has.
    Result<> add(std::string_view bytes);
    // The next whole line without its line break; nullopt: more has to come. It is valid until the
    // next call.
    std::optional<std::string> next();
    bool empty() const { return held_.empty(); }
    void clear() { held_ = {}; }

  private:
    std::string held_;
};

struct NatsClientName {
    std::string name;     // as the server's list of connections shows it
    std::string version;  // of this agent
};
// The line CONNECT. Error: the login is a key, and the server sent no nonce to sign.
Result<Secret> connect_line(const NatsInfo& info, const NatsLogin& login, const NatsClientName& who,
                            bool over_tls);

// Appends PUB. The subject is one that check_nats_subject() accepts.
void append_publication(std::string& to, std::string_view subject, std::string_view payload);

// A subject to publish on: tokens between dots, of printable ASCII without blank, * and >; at most
// 256 bytes, and not one of the server's own ($SYS and the like begin with $).
Result<> check_nats_subject(std::string_view text);

}  // namespace bulkhead::worker
