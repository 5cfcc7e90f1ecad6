#include "worker/backend/http/http_transfer.hpp"

#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"
#include "worker/backend/http/http_failure.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

namespace {

// Bounds what an answer without an end to its headers can cost.
constexpr std::uint64_t kMaxHeaderBytes = 64_KiB;
// Bounds Retry-After, so that adding it to a time cannot overflow.
constexpr std::chrono::seconds kMaxRetryAfter = std::chrono::hours(24);

curl_socket_t open_socket(void* owner, curlsocktype, curl_sockaddr* address) {
    const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd >= 0) static_cast<SocketWatcher*>(owner)->opened(fd);
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

int close_socket(void* owner, curl_socket_t fd) {
    static_cast<SocketWatcher*>(owner)->closing(fd);
    return ::close(fd);
}

curl_blob blob_of(const std::string& text) {
    return {.data = const_cast<char*>(text.data()), .len = text.size(), .flags = CURL_BLOB_NOCOPY};
}

bool is_header_name(std::string_view name) {
    const auto token = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    };
    return !name.empty() && std::ranges::all_of(name, token);
}

bool is_header_value(std::string_view value) {
    return std::ranges::none_of(
        value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

bool equal_but_case(std::string_view text, std::string_view lower) {
    return text.size() == lower.size() &&
           ::strncasecmp(text.data(), lower.data(), text.size()) == 0;
}

// The codings of all fields Content-Encoding but identity (RFC 9110, 8.4).
std::string codings_of(CURL* handle) {
    std::string all;
    curl_header* field = nullptr;
    for (std::size_t i = 0;
         curl_easy_header(handle, "Content-Encoding", i, CURLH_HEADER, -1, &field) == CURLHE_OK;
         ++i) {
        for (const auto part : split(std::string_view(field->value), ',')) {
            const auto coding = trimmed(part);
            if (coding.empty() || equal_but_case(coding, "identity")) continue;
            all += (all.empty() ? "" : ", ") + std::string(coding);
        }
    }
    return all;
}

// JSON begins with no "<", whatever its Content-Type says.
bool is_html(std::string_view type, std::string_view body) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
    body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n"), body.size()));
    if (!body.starts_with('<')) return false;
    const auto media = trimmed(type.substr(0, type.find(';')));
    return equal_but_case(media, "text/html") || equal_but_case(media, "application/xhtml+xml") ||
           equal_but_case(body.substr(0, 14), "<!doctype html") ||
           equal_but_case(body.substr(0, 5), "<html");
}

// HttpAnswer::oddity of the answer that this handle has received.
std::string oddity_of(CURL* handle, std::string_view body) {
    if (body.empty()) return "";
    char* given = nullptr;
    curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &given);
    const std::string type = given == nullptr ? "" : given;
    const auto told = type.empty() ? "no Content-Type" : "Content-Type " + quoted(type, 64);
    const auto codings = codings_of(handle);
    if (!codings.empty()) {
        return "a body with Content-Encoding " + quoted(codings, 64) + " (" + told +
               "), which was not asked for";
    }
    if (!is_html(type, body)) return "";
    return "an HTML page (" + told + "), as a proxy or a captive portal sends";
}

}  // namespace

template <class T>
void Transfer::set(CURLoption option, T value) {
    const auto code = curl_easy_setopt(easy_.get(), option, value);
    if (setting_ == CURLE_OK) setting_ = code;
}

Result<std::unique_ptr<Transfer>> Transfer::create(Settings settings, CURLSH* share,
                                                   SocketWatcher& sockets) {
    Easy easy(curl_easy_init(), &curl_easy_cleanup);
    if (!easy) return fail("curl_easy_init: no memory");
    std::unique_ptr<Transfer> transfer(new Transfer(std::move(easy), std::move(settings)));
    transfer->set_connection(share, sockets);
    transfer->set_trust();
    if (transfer->setting_ != CURLE_OK) {
        return fail("libcurl: " + std::string(curl_easy_strerror(transfer->setting_)));
    }
    return transfer;
}

void Transfer::set_connection(CURLSH* share, SocketWatcher& sockets) {
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_SHARE, share);
    set(CURLOPT_ERRORBUFFER, curl_error_);
    set(CURLOPT_NOSIGNAL, 1L);
    // At the end libcurl does not wait for a resolver thread that hangs (CURLOPT_QUICK_EXIT(3)).
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(CURLOPT_OPENSOCKETDATA, &sockets);
    set(CURLOPT_CLOSESOCKETFUNCTION, &close_socket);
    set(CURLOPT_CLOSESOCKETDATA, &sockets);

    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_USERAGENT, settings_->user_agent.c_str());
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);

    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_->connect_timeout.count()));
    set(CURLOPT_TCP_NODELAY, 1L);
    // Keepalive detects a dead peer during a long poll, and keeps the entry in the table of a NAT.
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_TCP_KEEPIDLE, 60L);
    set(CURLOPT_TCP_KEEPINTVL, 20L);
    // An idle connection is kept for an hour unless the server closes it. With libcurl's default,
    // 118 s, every heartbeat with a longer interval would need a new handshake.
    set(CURLOPT_MAXAGE_CONN, 3600L);

    set(CURLOPT_WRITEFUNCTION, &on_answer_bytes);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_READFUNCTION, &on_body_wanted);
    set(CURLOPT_READDATA, this);
    set(CURLOPT_SEEKFUNCTION, &on_rewind);
    set(CURLOPT_SEEKDATA, this);
}

void Transfer::set_trust() {
    static constexpr const char* kNothing = nullptr;
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    // In a session that is resumed OpenSSL verifies no certificate, so a later failure would have
    // no words. It would save little: a connection is kept for many requests.
    set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
    if (const auto code = note_handshakes(easy_.get(), seen_); setting_ == CURLE_OK)
        setting_ = code;
    // libcurl's defaults are replaced: the distribution's bundle takes 50 ms and megabytes to
    // parse, and its directory must not be trusted in addition to the operator's own CA.
    set(CURLOPT_CAINFO, kNothing);
    if (settings_->ca_pem.empty()) {
        set(CURLOPT_CAPATH, settings_->ca_directory.c_str());
    } else {
        set(CURLOPT_CAPATH, kNothing);
        const auto blob = blob_of(settings_->ca_pem);
        set(CURLOPT_CAINFO_BLOB, &blob);
    }
    set(CURLOPT_PROXY_CAINFO, kNothing);
    set(CURLOPT_PROXY_CAPATH, settings_->ca_directory.c_str());
    if (!settings_->pinned_key.empty()) {
        set(CURLOPT_PINNEDPUBLICKEY, settings_->pinned_key.c_str());
    }
    if (!settings_->client_certificate_pem.empty()) {
        const auto certificate = blob_of(settings_->client_certificate_pem);
        const auto key = blob_of(settings_->client_key_pem.reveal());
        set(CURLOPT_SSLCERT_BLOB, &certificate);
        set(CURLOPT_SSLKEY_BLOB, &key);
    }
}

void Transfer::begin_anew(HttpRequest request) {
    request_ = std::move(request);
    answer_ = {};
    callback_error_.clear();
    curl_error_[0] = '\0';
    header_bytes_ = sent_ = 0;
    seen_.reset();
    setting_ = CURLE_OK;
    const bool plain = settings_->base_url.starts_with("http://");
    set(CURLOPT_PROTOCOLS_STR, plain ? "http,https" : "https");
    set(CURLOPT_CONNECT_ONLY, 0L);
    set(CURLOPT_FRESH_CONNECT, 0L);
    set(CURLOPT_HTTPPROXYTUNNEL, 0L);
}

// CURLOPT_CONNECT_ONLY(3): libcurl resolves, connects, asks a proxy, and leaves the socket to us.
// For it the URL is one of http, because it would make a TLS handshake for https; which proxy is
// used is decided as for https.
Result<> Transfer::prepare_connection(const std::string& server, std::string setting) {
    begin_anew({.timeout = settings_->connect_timeout});
    setting_key_ = std::move(setting);
    url_ = TRY(parse_url("https://" + server));
    set(CURLOPT_PROTOCOLS_STR, "http");
    set(CURLOPT_CONNECT_ONLY, 1L);
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_HTTPPROXYTUNNEL, 1L);
    set(CURLOPT_URL, ("http://" + server).c_str());
    set_proxy(url_);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout.count()));
    set_body();
    TRY(set_headers());
    if (setting_ == CURLE_OK) return {};
    return fail("libcurl: " + std::string(curl_easy_strerror(setting_)));
}

Result<> Transfer::prepare(HttpRequest request) {
    begin_anew(std::move(request));
    setting_key_ = "url";
    auto server = settings_->base_url;
    auto url = server + request_.path;
    if (!request_.path.starts_with('/')) {
        url = request_.path;
        server = url.substr(0, url.find_first_of("?#"));
        TRY(within("request", parse_backend_url(server, settings_->allow_plaintext)));
    }
    set(CURLOPT_URL, url.c_str());
    url_ = TRY(parse_url(server));
    set_proxy(url_);
    const auto timeout = request_.timeout.count() > 0 ? request_.timeout : settings_->timeout;
    request_.timeout = timeout;
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    set_body();
    TRY(set_headers());
    if (setting_ != CURLE_OK) {
        return fail("libcurl: " + std::string(curl_easy_strerror(setting_)));
    }
    return {};
}

// Each option is set whether it is needed or not, because libcurl fills those that are null from
// the environment (CURLOPT_PROXY(3), CURLOPT_NOPROXY(3)). It decodes CURLOPT_PROXYUSERPWD(3).
void Transfer::set_proxy(const Url& url) {
    const auto& proxy = settings_->proxy;
    const bool used = proxy.used_for(url);
    set(CURLOPT_PROXY, used ? proxy.url.c_str() : "");
    set(CURLOPT_NOPROXY, "");
    const bool login = used && !proxy.login.empty();
    set(CURLOPT_PROXYUSERPWD, login ? proxy.login.reveal().c_str() : nullptr);
}

void Transfer::set_body() {
    // CURLOPT_HTTPGET comes first: it undoes the method and body of the previous request.
    set(CURLOPT_HTTPGET, 1L);
    if (const auto* text = std::get_if<std::string>(&request_.body)) {
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(text->size()));
        set(CURLOPT_POSTFIELDS, text->c_str());
    } else if (const auto* file = std::get_if<FileRange>(&request_.body)) {
        set(CURLOPT_UPLOAD, 1L);
        set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(file->length));
    }
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

Result<> Transfer::set_headers() {
    forget_headers();
    // libcurl would send "Expect: 100-continue" with an upload, and wait a second for a server that
    // does not know it (RFC 9110, 10.1.1). Without Accept-Encoding any coding would be acceptable
    // (RFC 9110, 12.5.3), and none is decoded here.
    headers_ = curl_slist_append(nullptr, "Expect:");
    headers_ = curl_slist_append(headers_, "Accept-Encoding: identity");
    for (const auto& [name, value] : request_.headers) {
        const auto& text = value.reveal();
        if (!is_header_name(name)) return fail("header " + quoted(name) + ": not a name");
        if (!is_header_value(text)) return fail("header " + name + ": odd characters in its value");
        const Secret line(name + (text.empty() ? ";" : ": " + text));
        auto* const longer = curl_slist_append(headers_, line.reveal().c_str());
        if (longer == nullptr) return fail("curl_slist_append: no memory");
        headers_ = longer;
    }
    set(CURLOPT_HTTPHEADER, headers_);
    return {};
}

void Transfer::forget_headers() {
    for (auto* node = headers_; node != nullptr; node = node->next) {
        ::explicit_bzero(node->data, std::strlen(node->data));
    }
    curl_slist_free_all(headers_);
    headers_ = nullptr;
}

Result<HttpAnswer> Transfer::finish(CURLcode code) {
    long status = 0;
    curl_off_t retry_after = 0;
    char* location = nullptr;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &retry_after);
    curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &location);
    answer_.status = static_cast<int>(status);
    if (location != nullptr) answer_.location = location;
    answer_.oddity = oddity_of(easy_.get(), answer_.body);
    if (retry_after > 0) {
        answer_.retry_after = std::min(std::chrono::seconds(retry_after), kMaxRetryAfter);
    }
    auto answer = std::move(answer_);
    auto error = describe(code);
    abandon();
    if (code != CURLE_OK) return std::unexpected(std::move(error));
    // Of a proxy that plain http goes through: the backend has not been asked, and refused nothing.
    if (status == 407) return fail(std::string(kRefusedLogin));
    return answer;
}

void Transfer::abandon() {
    curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, nullptr);
    curl_easy_setopt(easy_.get(), CURLOPT_POSTFIELDS, nullptr);
    forget_headers();
    request_ = {};
    answer_ = {};
}

Error Transfer::describe(CURLcode code) const {
    if (!callback_error_.empty()) return {.what = callback_error_};
    if (code == CURLE_OK) return {};
    auto* const easy = easy_.get();
    const char* ip = nullptr;
    long sent = 0;
    double resolved = 0;
    double connected = 0;
    HttpFailure failure{.code = code, .curl_error = curl_error_};
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip);
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME, &resolved);
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME, &connected);
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &failure.system);
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &failure.connect_status);
    if (ip != nullptr) failure.ip = ip;
    failure.url = url_;
    failure.setting = setting_key_;
    failure.resolved = resolved > 0;
    failure.connected = connected > 0 || sent > 0;
    failure.timeout = request_.timeout;
    failure.now = sys::now();
    failure.seen = seen_.get();
    const bool late = code == CURLE_OPERATION_TIMEDOUT && sent > 0;
    return {.what = words_of(failure, *settings_),
            .kind = late ? Error::Kind::too_slow : Error::Kind::none};
}

Transfer& Transfer::of(CURL* handle) {
    char* self = nullptr;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &self);
    return *static_cast<Transfer*>(static_cast<void*>(self));
}

std::size_t Transfer::on_header(char*, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    transfer.header_bytes_ += size * count;
    if (transfer.header_bytes_ <= kMaxHeaderBytes) return size * count;
    transfer.callback_error_ =
        "answer's headers larger than " + std::to_string(kMaxHeaderBytes) + " bytes";
    return 0;
}

std::size_t Transfer::on_answer_bytes(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const auto most = transfer.request_.max_answer_bytes;
    if (transfer.answer_.body.size() + size * count > most) {
        transfer.callback_error_ = "answer larger than " + std::to_string(most) + " bytes";
        return 0;
    }
    transfer.answer_.body.append(data, size * count);
    return size * count;
}

std::size_t Transfer::on_body_wanted(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const auto* file = std::get_if<FileRange>(&transfer.request_.body);
    if (file == nullptr) return 0;
    const auto wanted = std::min<std::uint64_t>(size * count, file->length - transfer.sent_);
    if (wanted == 0) return 0;
    const auto got =
        ::pread(file->fd, data, wanted, static_cast<off_t>(file->offset + transfer.sent_));
    if (got <= 0) {
        transfer.callback_error_ = got == 0 ? "the file that was being sent became shorter"
                                            : sys::fail_errno("read the file to send").error().what;
        return CURL_READFUNC_ABORT;
    }
    transfer.sent_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
}

// libcurl calls it when a kept connection turns out to be dead, and it sends the request again on a
// new one.
int Transfer::on_rewind(void* self, curl_off_t offset, int origin) {
    if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<Transfer*>(self)->sent_ = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
}

}  // namespace bulkhead::worker
