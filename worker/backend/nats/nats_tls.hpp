// NatsStream: the bytes of a connection to a NATS server, in plain text at first and in TLS from a
// point on. The certificate is verified as that of an HTTPS backend.
#pragma once
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/sys/fd.hpp"
#include "worker/backend/nats/nats_url.hpp"

namespace bulkhead::worker {

struct NatsTrust {
    std::string ca_pem;  // the only trusted authorities; empty: those in ca_directory
    std::string ca_directory = "/etc/ssl/certs";  // in the worker's mount view
};

class NatsStream {
  public:
    // A socket that does not block.
    explicit NatsStream(sys::Fd socket) : socket_(std::move(socket)) {}

    int fd() const { return socket_.get(); }
    bool in_tls() const { return ssl_ != nullptr; }

    // Begins TLS of at least version 1.2 on this socket. handshake() follows.
    Result<> begin_tls(const NatsUrl& url, const NatsTrust& trust);
    // Goes on with the handshake; false: it waits for the socket. Errors: no certificate that is
    // trusted and names the host, or no TLS at all; with what to do.
    Result<bool> handshake();

    // Reads some bytes, at most 8 KiB; empty: none are there. Error: the connection is over.
    Result<std::string_view> read();
    // Writes from the beginning of `bytes`, and returns how many; 0: the socket takes none now.
    Result<std::size_t> write(std::string_view bytes);
    // Whether the last call waits until the socket can be written to.
    bool wants_write() const { return wants_write_; }

  private:
    struct FreeSsl {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    Error why_no_tls() const;

    sys::Fd socket_;
    std::unique_ptr<SSL, FreeSsl> ssl_;
    NatsUrl url_;
    bool wants_write_ = false;
    std::string buffer_;
};

}  // namespace bulkhead::worker
