// Transfer: one libcurl easy handle, configured once and used for one request after another.
#pragma once
#include <curl/curl.h>

#include <memory>

#include "worker/backend/http/http_client.hpp"
#include "worker/backend/http/tls_seen.hpp"

namespace bulkhead::worker {

// Is told of every network socket (CURLOPT_OPENSOCKETFUNCTION(3), CURLOPT_CLOSESOCKETFUNCTION(3)),
// so that the loop stops watching a descriptor before it is closed.
class SocketWatcher {
  public:
    virtual ~SocketWatcher() = default;
    virtual void opened(int fd) = 0;
    virtual void closing(int fd) = 0;
};

class Transfer {
  public:
    using Settings = std::shared_ptr<const HttpSettings>;

    // `share` and `sockets` must outlive it. Error: libcurl has no memory or refuses an option.
    static Result<std::unique_ptr<Transfer>> create(Settings settings, CURLSH* share,
                                                    SocketWatcher& sockets);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer() { forget_headers(); }

    // Configures the handle for this request, which is sent once the handle is added to a multi
    // handle. Errors: a URL that parse_backend_url() refuses, a malformed header, or an option that
    // libcurl refuses.
    Result<> prepare(HttpRequest request);
    // The same for HttpClient::connect(); `server` is "HOST:PORT".
    Result<> prepare_connection(const std::string& server, std::string setting);
    // Returns the answer, or the error for `code`, after the handle was removed from the multi
    // handle. Drops the request.
    Result<HttpAnswer> finish(CURLcode code);
    // Drops the request and wipes its headers, which may hold credentials.
    void abandon();

    CURL* handle() const { return easy_.get(); }
    const HttpSettings& settings() const { return *settings_; }
    // The Transfer that owns `handle`.
    static Transfer& of(CURL* handle);

    // The request under way; they are kept here so that a finished handle leads to its request.
    RequestId id;
    HttpClient::OnAnswer answered;
    HttpClient::OnConnected on_socket;  // in place of `answered`
    sys::Fd socket;                     // of a connection that was made for `on_socket`

  private:
    using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
    Transfer(Easy easy, Settings settings)
        : settings_(std::move(settings)), easy_(std::move(easy)) {}

    template <class T>
    void set(CURLoption option, T value);
    void set_connection(CURLSH* share, SocketWatcher& sockets);
    void set_trust();
    Result<> set_headers();
    void set_body();
    void set_proxy(const Url& url);
    void begin_anew(HttpRequest request);
    void forget_headers();
    Error describe(CURLcode code) const;

    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_answer_bytes(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body_wanted(char* data, std::size_t size, std::size_t count, void* self);
    static int on_rewind(void* self, curl_off_t offset, int origin);

    Settings settings_;  // libcurl borrows the certificates from it
    Easy easy_;
    HttpRequest request_;
    HttpAnswer answer_;
    Url url_;                        // of the server that is asked
    std::string setting_key_;        // of agent.yaml, which names it
    std::shared_ptr<TlsSeen> seen_;  // null: the request made no handshake
    curl_slist* headers_ = nullptr;
    CURLcode setting_ = CURLE_OK;     // of the first curl_easy_setopt(3) that failed
    std::uint64_t header_bytes_ = 0;  // received
    std::uint64_t sent_ = 0;          // bytes of the FileRange
    std::string callback_error_;      // why one of the callbacks above ended the transfer
    char curl_error_[CURL_ERROR_SIZE] = {};
};

}  // namespace bulkhead::worker
