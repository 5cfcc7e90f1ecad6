// TlsSeen: what a server showed in a TLS handshake, noted for the words of an error. It decides
// nothing: whom to trust is OpenSSL's and libcurl's verdict alone.
#pragma once
#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

struct TlsSeen {
    // Of the server's own certificate. Texts are the server's: quoted(), bounded.
    std::vector<std::string> names;  // "be.example", "10.0.0.1": its subjectAltNames, 8 at most
    std::string key_pin;             // "sha256//BASE64" of its public key, as pinned_key takes it

    // Of the certificate that was not accepted: the server's own at depth 0, else one of the
    // authorities in its chain.
    int error = 0;  // an X509_V_ERR_* (X509_STORE_CTX_get_error(3)); 0: none was refused
    int depth = 0;
    std::string subject;
    std::string issuer;
    std::optional<UnixTime> not_before;
    std::optional<UnixTime> not_after;

    bool wants_client_certificate = false;  // the server asked for one (RFC 8446, 4.3.2)
};

// Has the handshakes of this easy handle noted in `seen`, which is borrowed and is given a new
// value at each handshake; a connection keeps what was noted about it for as long as it needs that.
// A libcurl with another TLS library than OpenSSL notes nothing. Error: libcurl's.
CURLcode note_handshakes(CURL* handle, std::shared_ptr<TlsSeen>& seen);

}  // namespace bulkhead::worker
