#include "worker/backend/nats/nats_tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>

#include "common/base/strong.hpp"
#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kReadBytes = 8_KiB;

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

std::string openssl_reason() {
    const auto* const reason = ::ERR_reason_error_string(::ERR_peek_last_error());
    ::ERR_clear_error();
    return reason == nullptr ? "no reason given" : reason;
}

std::unexpected<Error> tls_unusable() {
    return fail("OpenSSL cannot begin TLS: " + openssl_reason());
}

// Every certificate of the text, as CURLOPT_CAINFO_BLOB(3) takes them.
Result<> trust_pem(SSL_CTX* context, const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> text(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    if (!text) return tls_unusable();
    auto* const store = ::SSL_CTX_get_cert_store(context);
    std::size_t count = 0;
    for (;; ++count) {
        const std::unique_ptr<X509, decltype(&X509_free)> one(
            ::PEM_read_bio_X509_AUX(text.get(), nullptr, nullptr, nullptr), &X509_free);
        if (!one) break;
        if (::X509_STORE_add_cert(store, one.get()) != 1) return tls_unusable();
    }
    ::ERR_clear_error();  // the end of the text
    return count > 0 ? Result<>() : fail("telemetry.ca_file holds no certificate");
}

Result<Context> make_context(const NatsTrust& trust) {
    Context context(::SSL_CTX_new(::TLS_client_method()), &::SSL_CTX_free);
    if (!context) return tls_unusable();
    ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) return tls_unusable();
    ::SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                          SSL_MODE_RELEASE_BUFFERS);
    ::SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    // As libcurl does: an intermediate authority in ca_file is trusted by itself.
    ::X509_STORE_set_flags(::SSL_CTX_get_cert_store(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
    if (!trust.ca_pem.empty()) {
        TRY(trust_pem(context.get(), trust.ca_pem));
    } else if (::SSL_CTX_load_verify_dir(context.get(), trust.ca_directory.c_str()) != 1) {
        return tls_unusable();
    }
    return context;
}

// Sets the name or address that the certificate must be for.
Result<> expect_host(SSL* ssl, const std::string& host) {
    auto* const wanted = ::SSL_get0_param(ssl);
    ::X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (::X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1) return {};
    ::ERR_clear_error();
    if (::X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size()) != 1 ||
        // What SSL_set_tlsext_host_name(3) stands for, without its cast.
        ::SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                   const_cast<char*>(host.c_str())) != 1) {
        return tls_unusable();
    }
    return {};
}

}  // namespace

Result<> NatsStream::begin_tls(const NatsUrl& url, const NatsTrust& trust) {
    const auto context = TRY(make_context(trust));
    url_ = url;
    ssl_.reset(::SSL_new(context.get()));  // which keeps the context
    if (!ssl_ || ::SSL_set_fd(ssl_.get(), socket_.get()) != 1) return tls_unusable();
    TRY(expect_host(ssl_.get(), url.host));
    ::SSL_set_connect_state(ssl_.get());
    return {};
}

Error NatsStream::why_no_tls() const {
    const auto verdict = ::SSL_get_verify_result(ssl_.get());
    const auto reason = openssl_reason();
    if (verdict == X509_V_OK) return {.what = "no TLS with " + url_.place() + ": " + reason};
    std::string why = "the certificate of " + url_.place() +
                      " is not accepted: " + ::X509_verify_cert_error_string(verdict);
    switch (verdict) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return {.what = why + "; telemetry.url has to name a host that it is for"};
        case X509_V_ERR_CERT_NOT_YET_VALID:
        case X509_V_ERR_CERT_HAS_EXPIRED:
            // Without the time, so that the same text is told each time.
            return {.what = why + "; renew it, or set this host's clock: see timedatectl"};
        default:
            return {.what = why + "; name the authority that signed it by telemetry.ca_file"};
    }
}

Result<bool> NatsStream::handshake() {
    ::ERR_clear_error();
    const int done = ::SSL_do_handshake(ssl_.get());
    if (done == 1) {
        // SSL_VERIFY_PEER has ended the handshake otherwise; nothing is sent on a mere belief.
        if (::SSL_get_verify_result(ssl_.get()) != X509_V_OK) {
            return std::unexpected(why_no_tls());
        }
        wants_write_ = false;
        return true;
    }
    const int saved = errno;
    const int error = ::SSL_get_error(ssl_.get(), done);
    wants_write_ = error == SSL_ERROR_WANT_WRITE;
    if (wants_write_ || error == SSL_ERROR_WANT_READ) return false;
    if (error == SSL_ERROR_SYSCALL && ::ERR_peek_error() == 0) {
        return fail(url_.place() + " broke off the TLS handshake" +
                    (saved == 0 ? "" : ": " + sys::fail_errno("it", saved).error().what.substr(4)));
    }
    return std::unexpected(why_no_tls());
}

Result<std::string_view> NatsStream::read() {
    buffer_.resize(kReadBytes);
    if (!ssl_) {
        const auto got = ::recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
        if (got > 0) return std::string_view(buffer_).substr(0, static_cast<std::size_t>(got));
        if (got == 0) return fail("the server closed the connection");
        if (errno == EAGAIN || errno == EINTR) return std::string_view();
        return sys::fail_errno("the connection broke");
    }
    std::size_t got = 0;
    ::ERR_clear_error();
    if (::SSL_read_ex(ssl_.get(), buffer_.data(), buffer_.size(), &got) == 1) {
        return std::string_view(buffer_).substr(0, got);
    }
    const int error = ::SSL_get_error(ssl_.get(), 0);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return std::string_view();
    if (error == SSL_ERROR_SSL) {
        // With TLS 1.3 a server refuses a client after the handshake, by an alert.
        return fail("the server ended TLS: " + openssl_reason());
    }
    return fail("the server closed the connection");
}

Result<std::size_t> NatsStream::write(std::string_view bytes) {
    wants_write_ = false;
    if (!ssl_) {
        const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) return static_cast<std::size_t>(sent);
        if (errno != EAGAIN && errno != EINTR) return sys::fail_errno("the connection broke");
        wants_write_ = true;
        return 0U;
    }
    std::size_t sent = 0;
    ::ERR_clear_error();
    if (::SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent) == 1) return sent;
    const int error = ::SSL_get_error(ssl_.get(), 0);
    wants_write_ = error == SSL_ERROR_WANT_WRITE;
    if (wants_write_ || error == SSL_ERROR_WANT_READ) return 0U;
    return fail("the connection broke while it was written to");
}

}  // namespace bulkhead::worker
