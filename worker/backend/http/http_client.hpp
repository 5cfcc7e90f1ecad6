// HttpClient: HTTP/1.1 requests to one backend over TLS and kept connections, bounded in time and
// size, driven by the event loop.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/result.hpp"
#include "common/base/secret.hpp"
#include "common/base/strong.hpp"
#include "common/sys/fd.hpp"
#include "common/sys/loop.hpp"
#include "worker/backend/http/proxy.hpp"

namespace bulkhead::worker {

// Part of a regular file, read from it while it is sent. The descriptor is borrowed: its owner
// keeps it open, and that part of the file unchanged, until the request is answered or cancelled.
struct FileRange {
    int fd = -1;
    std::uint64_t offset = 0;  // bytes
    std::uint64_t length = 0;
};

// The name may hold letters, digits, - and _; the value no control characters. Any value may be a
// credential, so none is printed.
struct HttpHeader {
    std::string name;
    Secret value;
};

struct HttpRequest {
    std::string method = "GET";
    // Begins with / and is appended to HttpSettings::base_url; else a whole URL, to which the rules
    // of parse_backend_url() apply.
    std::string path;
    std::vector<HttpHeader> headers;
    std::variant<std::monostate, std::string, FileRange> body;
    // From send() to the last byte of the answer; 0: HttpSettings::timeout.
    std::chrono::milliseconds timeout{0};
    std::uint64_t max_answer_bytes = 1_MiB;  // of the body; a longer one is an error
};

// The peer's answer, of whatever status: a redirect (3xx) is an answer and is not followed.
struct HttpAnswer {
    int status = 0;
    std::string body;
    std::string location;  // of a 3xx: the URL in its Location
    // Of a body that no backend's API sends: "an HTML page (...), as a proxy or a captive portal
    // sends", "a body with Content-Encoding "gzip" (...), which was not asked for"; bounded,
    // printable.
    std::string oddity;
    std::optional<std::chrono::seconds> retry_after;  // RFC 9110, 10.2.3; at most 24 h
};

// What connections to one backend need. Certificates and keys are contents of files (PEM), because
// the confined worker cannot open the files.
struct HttpSettings {
    std::string base_url;  // scheme, host, port and prefix, no trailing slash
    std::string user_agent;
    bool allow_plaintext = false;  // permits http to hosts other than this one

    std::string ca_pem;  // the only trusted authorities; empty: those in ca_directory
    std::string ca_directory = "/etc/ssl/certs";  // in the worker's mount view
    // "sha256//<base64>" of the server's public key (CURLOPT_PINNEDPUBLICKEY(3)), which is required
    // in addition to a valid certificate; empty: any key.
    std::string pinned_key;
    std::string client_certificate_pem;
    Secret client_key_pem;
    Proxy proxy;  // an empty url: none; libcurl reads none from the environment

    std::chrono::milliseconds timeout = std::chrono::seconds(30);  // of a request that names none
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
    int max_connections = 8;   // at once; further requests wait for one
    int kept_connections = 3;  // idle connections beyond this number are closed
    // Idle connections are closed after this time unless the server did it before; for libcurl it
    // is CURLOPT_MAXAGE_CONN(3). With its default, 118 s, every heartbeat with a longer interval
    // would need a new handshake.
    std::chrono::milliseconds kept_for = std::chrono::hours(1);
};

// The other end of a connection: the backend, or a proxy.
struct HttpPeer {
    std::string ip;  // as inet_ntop(3) writes it
    std::uint16_t port = 0;
    friend bool operator==(const HttpPeer&, const HttpPeer&) = default;
};

using RequestId = Strong<struct RequestTag, std::uint64_t>;

class HttpClient {
  public:
    using OnAnswer = std::function<void(Result<HttpAnswer>)>;

    // Call it once per process, before confine(): initialises libcurl and its TLS library, which
    // reads its configuration file, loads the resolver's modules (load_resolver_modules()), and
    // ignores SIGPIPE for the rest of the process.
    static Result<> prepare();

    // `loop` must outlive the client. Errors: base_url is not usable (parse_backend_url()), or
    // libcurl refuses an option or has no memory.
    static Result<HttpClient> create(sys::Loop& loop, HttpSettings settings);
    HttpClient(HttpClient&&) noexcept;
    HttpClient& operator=(HttpClient&&) noexcept;
    // Ends all requests without calling their OnAnswer. Not to be called from inside one of them.
    ~HttpClient();

    // `answered` is called once, later, from the loop, never from inside send(). It may send and
    // cancel. Errors: no answer came (the connection was refused or cut, no trusted certificate,
    // the timeout passed: Error::Kind::too_slow if the request had been sent), the body is larger
    // than max_answer_bytes, the headers are larger than 64 KiB, or the request is malformed.
    RequestId send(HttpRequest request, OnAnswer answered);
    // Ends a request without calling its `answered`. Unknown ids are ignored.
    void cancel(RequestId id);

    using OnConnected = std::function<void(Result<sys::Fd>)>;
    // Connects to a server of another protocol, through the proxy where one counts for https (by
    // CONNECT), and hands over the socket, which does not block. To the server itself nothing is
    // sent, and no TLS is begun. `setting` is the key of agent.yaml that names the server, for
    // errors. Otherwise as send(), with HttpSettings::connect_timeout.
    RequestId connect(std::string_view host, std::uint16_t port, std::string setting,
                      OnConnected connected);
    // The number of requests that are not answered yet.
    std::size_t pending() const;
    // Where the last answer came from; nullopt while there is none.
    std::optional<HttpPeer> peer() const;
    // By how much the system clock was ahead of the Date (RFC 9110, 6.6.1) of the last answer that
    // had one; negative: behind. The time that an answer takes is part of it.
    std::optional<std::chrono::seconds> clock_ahead() const;

    // Uses this client certificate from the next request on; requests under way keep the old one.
    void use_client_certificate(std::string certificate_pem, Secret key_pem);
    // Uses this login (Proxy::login) at the proxy from the next request on.
    void use_proxy_login(Secret login);
    // Replaces the values that hide_secrets() hides besides the proxy's login, which the client
    // knows itself; values of fewer than 4 bytes are ignored. Body
    // and location of an answer with status 300 or above are passed through hide_secrets(), because
    // a server may repeat what it was sent and such answers are logged; so are errors of libcurl.
    void redact(const std::vector<Secret>& secrets);
    // Replaces each occurrence of these values in `text` by "[secret]", also as quoted() and as a
    // URL writes them.
    void hide_secrets(std::string& text) const;

  private:
    class Engine;
    explicit HttpClient(std::unique_ptr<Engine> engine);
    std::unique_ptr<Engine> engine_;
};

}  // namespace bulkhead::worker
