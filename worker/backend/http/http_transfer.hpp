// Transfer: one libcurl easy handle, set up once and then used for one request after another.
#pragma once
#include <curl/curl.h>

#include <memory>

#include "worker/backend/http/http_client.hpp"

namespace bulkhead::worker {

// Told about every network socket, so that the loop forgets a descriptor before it is closed.
class SocketWatcher {
  public:
    virtual ~SocketWatcher() = default;
    virtual void opened(int fd) = 0;
    virtual void closing(int fd) = 0;
};

class Transfer {
  public:
    using Settings = std::shared_ptr<const HttpSettings>;

    // Keeps a reference to `sockets`, which outlives it.
    static Result<std::unique_ptr<Transfer>> create(Settings settings, CURLSH* share,
                                                    SocketWatcher& sockets);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer() { forget_headers(); }

    // Sets the handle up for this request; it is sent when the handle is added to a multi handle.
    Result<> prepare(HttpRequest request);
    // What came of it, after the multi handle let go of this one. Forgets the request.
    Result<HttpAnswer> finish(CURLcode code);
    void abandon();

    CURL* handle() const { return easy_.get(); }
    const HttpSettings& settings() const { return *settings_; }
    static Transfer& of(CURL* handle);

    // Whose turn it is; kept here so that a finished handle leads to its request.
    RequestId id;
    HttpClient::OnAnswer answered;

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
    curl_slist* headers_ = nullptr;
    CURLcode setting_ = CURLE_OK;  // the first option that was not accepted
    std::uint64_t header_bytes_ = 0;
    std::uint64_t sent_ = 0;  // of a file range
    std::string trouble_;     // ours, behind an error code of libcurl's
    char curl_error_[CURL_ERROR_SIZE] = {};
};

}  // namespace bulkhead::worker
