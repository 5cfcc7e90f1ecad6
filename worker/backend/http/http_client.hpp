// HttpClient: bounded HTTPS requests to one backend over kept connections, driven by the event
// loop.
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
#include "common/sys/loop.hpp"

namespace bulkhead::worker {

// Part of a regular file, streamed from it while it is sent. The descriptor is borrowed: it stays
// open, and that part of the file unchanged, until the request is answered or cancelled.
struct FileRange {
    int fd = -1;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

// Any header may carry a credential, so no value is ever printed.
struct HttpHeader {
    std::string name;
    Secret value;
};

struct HttpRequest {
    std::string method = "GET";
    std::string path;  // put after the backend's URL; or a whole URL, which the same rules judge
    std::vector<HttpHeader> headers;
    std::variant<std::monostate, std::string, FileRange> body;
    // From send() to the last byte of the answer, whatever happens between; 0: the client's.
    std::chrono::milliseconds timeout{0};
    std::uint64_t max_answer_bytes = 1_MiB;
};

// What the peer said, whatever the status: a redirect is an answer and is not followed.
struct HttpAnswer {
    int status = 0;
    std::string body;
    std::string location;  // where a 3xx points
    std::optional<std::chrono::seconds> retry_after;
};

// What a connection to one backend needs. Contents, not paths: the sandbox is closed by then.
struct HttpSettings {
    std::string base_url;  // scheme, host, port and prefix, no trailing slash
    std::string user_agent;
    bool allow_plaintext = false;  // http to other hosts than this one

    std::string ca_pem;  // trust these alone; empty: ca_directory
    std::string ca_directory = "/etc/ssl/certs";
    std::string pinned_key;  // "sha256//<base64>" of the server's public key, besides the CA
    std::string client_certificate_pem;
    Secret client_key_pem;
    std::string proxy;  // empty: HTTPS_PROXY and NO_PROXY of the environment, for https

    std::chrono::milliseconds timeout = std::chrono::seconds(30);
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
    int max_connections = 8;   // at once; further requests wait for one
    int kept_connections = 3;  // idle ones above it are closed
};

using RequestId = Strong<struct RequestTag, std::uint64_t>;

class HttpClient {
  public:
    using OnAnswer = std::function<void(Result<HttpAnswer>)>;

    // Once per process, before the sandbox closes: sets up the TLS library (it reads its own
    // configuration file) and ignores SIGPIPE for good.
    static Result<> prepare();

    static Result<HttpClient> create(sys::Loop& loop, HttpSettings settings);
    HttpClient(HttpClient&&) noexcept;
    HttpClient& operator=(HttpClient&&) noexcept;
    // Requests under way end without a word. Not from inside an OnAnswer of this client.
    ~HttpClient();

    // `answered` is called once, later, from the loop: never from inside send(). It may send and
    // cancel. An error means that no answer came: refused, cut, too slow (Kind::too_slow when the
    // request went out), too large, wrong CA.
    RequestId send(HttpRequest request, OnAnswer answered);
    // `answered` will not be called. Unknown and ended ids are ignored.
    void cancel(RequestId id);
    // Requests under way.
    std::size_t pending() const;

    // Shows this certificate from the next request on; those under way end as they began.
    void show(std::string certificate_pem, Secret key_pem);
    // From here on these instead of those before: no answer with an error will hold them. A server
    // may repeat what it was sent, and what it says ends up in logs.
    void conceal(std::vector<Secret> secrets);
    void hide_secrets(std::string& text) const;

  private:
    class Engine;
    explicit HttpClient(std::unique_ptr<Engine> engine);
    std::unique_ptr<Engine> engine_;
};

}  // namespace bulkhead::worker
