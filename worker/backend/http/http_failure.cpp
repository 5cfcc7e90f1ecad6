#include "worker/backend/http/http_failure.hpp"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

std::string place(const Url& url) {
    const bool six = url.host.find(':') != url.host.npos;
    return (six ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
}

class Words {
  public:
    Words(const HttpFailure& failure, const HttpSettings& settings)
        : failure_(failure), settings_(settings), server_(place(failure.url)) {
        proxied_ = settings.proxy.used_for(failure.url);
        if (proxied_) proxy_ = parse_url(settings.proxy.address()).value_or(Url{});
        if (failure.seen != nullptr) seen_ = *failure.seen;
    }

    std::string all() const {
        if (failure_.connect_status == 407) return std::string(kRefusedLogin);
        if (failure_.connect_status >= 300) return refused_tunnel();
        switch (failure_.code) {
            case CURLE_COULDNT_RESOLVE_HOST:
                return unresolved(failure_.url.host, std::string(failure_.setting));
            case CURLE_COULDNT_RESOLVE_PROXY:
                return unresolved(proxy_.host, "proxy");
            case CURLE_COULDNT_CONNECT:
                return unconnected();
            case CURLE_OPERATION_TIMEDOUT:
                return too_slow();
            case CURLE_PROXY:
                return proxy_named() + " did not connect to " + server_ + curl_said();
            case CURLE_PEER_FAILED_VERIFICATION:
                return refused_certificate();
            case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
                return wrong_pin();
            case CURLE_SSL_CONNECT_ERROR:
            case CURLE_RECV_ERROR:
            case CURLE_SEND_ERROR:
            case CURLE_GOT_NOTHING:
                return broken_off();
            case CURLE_UNSUPPORTED_PROTOCOL:
            case CURLE_WEIRD_SERVER_REPLY:
                return server_ + " does not answer in HTTP" + other_scheme() + curl_said();
            case CURLE_PARTIAL_FILE:
                return server_ + " ended the connection in the middle of its answer" + curl_said();
            default:
                return std::string(curl_easy_strerror(failure_.code)) + curl_said();
        }
    }

  private:
    std::string curl_said() const {
        return failure_.curl_error.empty() ? "" : " (" + quoted(failure_.curl_error) + ")";
    }
    std::string proxy_named() const { return "the proxy " + place(proxy_); }
    // Who was to be connected to.
    std::string peer() const { return proxied_ ? proxy_named() : server_; }
    std::string or_the_clock() const {
        return ", or this host's clock (" + format_utc(failure_.now) + ") is wrong";
    }
    std::string other_scheme() const {
        if (failure_.url.scheme == "http") return "; is this port https? then url begins https://";
        return "; is this the backend's port? see url";
    }

    static std::string unresolved(const std::string& host, const std::string& key) {
        return "no address was found for the name " + quoted(host) + "; see " + key +
               " of agent.yaml, and whether this host's name servers answer: getent hosts " +
               quoted(host);
    }

    std::string refused_tunnel() const {
        return proxy_named() + " refuses to connect to " + server_ + " (status " +
               std::to_string(failure_.connect_status) +
               "); have it permitted there, or see proxy of agent.yaml and NO_PROXY";
    }

    std::string unconnected() const {
        const auto key = std::string(proxied_ ? "proxy" : failure_.setting);
        const auto& host = proxied_ ? proxy_.host : failure_.url.host;
        const auto at =
            failure_.ip.empty() || failure_.ip == host ? "" : " (" + quoted(failure_.ip) + ")";
        if (failure_.system == ECONNREFUSED) {
            return "nobody listens on " + peer() + at + "; is it running, and is " + key +
                   " of agent.yaml right?";
        }
        if (failure_.system == EPERM || failure_.system == EACCES) {
            const auto port = proxied_ ? proxy_.port : failure_.url.port;
            return "this host lets the worker not connect to " + peer() + at +
                   "; if that is where " + (proxied_ ? "the proxy" : "the backend") +
                   " is, add the line \"connect " +
                   (failure_.ip.empty() ? host : std::string(failure_.ip)) + " " +
                   std::to_string(port) +
                   "  # why\" to profiles/worker.profile.d/10-backend.lines of the policy "
                   "directory, then: bulkhead reload";
        }
        if (failure_.system == 0) return "no connection to " + peer() + at + curl_said();
        return "no connection to " + peer() + at + ": " +
               std::strerror(static_cast<int>(failure_.system)) + "; see the network of this host";
    }

    std::string too_slow() const {
        const auto time = std::to_string(failure_.timeout.count()) + " ms";
        if (failure_.connected) {
            return "no answer within " + time + " from " + server_ + "; see timeout of agent.yaml";
        }
        if (!failure_.resolved) {
            return "no address of " + quoted(proxied_ ? proxy_.host : failure_.url.host) +
                   " within the time; see whether this host's name servers answer";
        }
        return "no connection to " + peer() + " within " +
               std::to_string(std::min(settings_.connect_timeout, failure_.timeout).count()) +
               " ms; does a firewall drop it? see url and connect_timeout of agent.yaml";
    }

    // Of a certificate in the server's chain: its own, or an authority's.
    std::string which() const {
        if (seen_.depth == 0) return "the certificate of " + server_;
        return "the authority " + seen_.subject + " in the certificates of " + server_;
    }

    std::string refused_certificate() const {
        switch (seen_.error) {
            case X509_V_OK:
                return wrong_name();
            case X509_V_ERR_CERT_HAS_EXPIRED:
                return which() + " expired " +
                       (seen_.not_after ? format_utc(*seen_.not_after) : "") +
                       "; whoever runs that server has to renew it" + or_the_clock();
            case X509_V_ERR_CERT_NOT_YET_VALID:
                return which() + " is not valid before " +
                       (seen_.not_before ? format_utc(*seen_.not_before) : "") +
                       "; whoever runs that server has to have it made anew" + or_the_clock();
            case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
            case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
            case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            case X509_V_ERR_CERT_UNTRUSTED:
                return unknown_authority();
            default:
                return which() + " is not accepted: " + X509_verify_cert_error_string(seen_.error) +
                       "; whoever runs that server has to have another made";
        }
    }

    std::string unknown_authority() const {
        const bool own = !settings_.ca_pem.empty();
        auto text = "the certificate of " + server_ + " is by no authority of " +
                    (own ? "ca_file" : settings_.ca_directory) + " (its issuer is " + seen_.issuer +
                    ")";
        if (own) {
            return text +
                   "; if that authority is yours, put its certificate into the file that ca_file "
                   "of agent.yaml names, else somebody else answers there";
        }
        return text +
               "; if that authority is yours, name the file with its certificate in ca_file of "
               "agent.yaml, else somebody else answers there";
    }

    std::string wrong_name() const {
        std::string names;
        for (const auto& name : seen_.names) names += (names.empty() ? "" : ", ") + name;
        if (failure_.seen == nullptr || seen_.key_pin.empty()) {
            return "the certificate of " + server_ + " is not accepted" + curl_said();
        }
        return "the certificate of " + server_ + " is for " + (names.empty() ? "no name" : names) +
               ", not for " + quoted(failure_.url.host) +
               "; if that names the backend, write it into url of agent.yaml, else have "
               "one made for this name";
    }

    std::string wrong_pin() const {
        auto text = "the key of " + server_ + " is not the one of pinned_key";
        if (!seen_.key_pin.empty()) text += ", but " + seen_.key_pin;
        return text +
               "; ask whoever runs that server whether its key was changed, on another way than "
               "this one, and only if it was, write the new one to pinned_key of agent.yaml; else "
               "somebody else answers there";
    }

    // OpenSSL's reason in "error:0A00045C:SSL routines::...": lib and reason of ERR_PACK(3).
    std::optional<unsigned> openssl_reason() const {
        constexpr std::string_view kBegin = "error:0A";
        const auto at = failure_.curl_error.find(kBegin);
        if (at == failure_.curl_error.npos) return std::nullopt;
        const auto digits = failure_.curl_error.substr(at + kBegin.size(), 6);
        unsigned reason = 0;
        for (const char c : digits) {
            const bool digit = c >= '0' && c <= '9';
            if (!digit && (c < 'A' || c > 'F')) return std::nullopt;
            reason = reason * 16 + static_cast<unsigned>(digit ? c - '0' : c - 'A' + 10);
        }
        return reason & 0x7FFFFF;
    }

    // RFC 8446, 6.2; an alert of the other side is the reason 1000 and its number.
    std::optional<unsigned> alert() const {
        const auto reason = openssl_reason();
        if (!reason || *reason < SSL_AD_REASON_OFFSET || *reason > SSL_AD_REASON_OFFSET + 255) {
            return std::nullopt;
        }
        return *reason - SSL_AD_REASON_OFFSET;
    }

    std::string broken_off() const {
        if (const auto told = alert()) return alerted(*told);
        const auto reason = openssl_reason();
        if (failure_.url.scheme == "http") {
            return server_ + " ended the connection without an answer" + other_scheme() +
                   curl_said();
        }
        const bool spoke_tls = failure_.seen != nullptr && !seen_.key_pin.empty();
        if (failure_.code == CURLE_SSL_CONNECT_ERROR && reason && !spoke_tls) {
            return server_ +
                   " does not speak TLS; is this port http, or another program's? see url "
                   "of agent.yaml" +
                   curl_said();
        }
        if (seen_.wants_client_certificate && settings_.client_certificate_pem.empty()) {
            return server_ +
                   " ended the connection after it had asked for a client certificate; set "
                   "client_certificate_file and client_key_file in agent.yaml" +
                   curl_said();
        }
        if (failure_.code == CURLE_SSL_CONNECT_ERROR) {
            return "no TLS connection with " + server_ + curl_said();
        }
        return server_ + " ended the connection without an answer" + curl_said();
    }

    std::string alerted(unsigned alert) const {
        // OpenSSL 3.0 has no words for this one.
        const auto* words = alert == TLS13_AD_CERTIFICATE_REQUIRED
                                ? "certificate required"
                                : SSL_alert_desc_string_long(static_cast<int>(alert));
        const auto told = ": TLS alert " + quoted(words);
        const bool given = !settings_.client_certificate_pem.empty();
        switch (alert) {
            case SSL_AD_HANDSHAKE_FAILURE:
                if (!seen_.wants_client_certificate) break;
                [[fallthrough]];
            case SSL_AD_BAD_CERTIFICATE:
            case SSL_AD_UNSUPPORTED_CERTIFICATE:
            case SSL_AD_CERTIFICATE_REVOKED:
            case SSL_AD_CERTIFICATE_EXPIRED:
            case SSL_AD_CERTIFICATE_UNKNOWN:
            case SSL_AD_UNKNOWN_CA:
            case SSL_AD_ACCESS_DENIED:
            case TLS13_AD_CERTIFICATE_REQUIRED:
                if (!given) {
                    return server_ + " wants a client certificate" + told +
                           "; set client_certificate_file and client_key_file in agent.yaml";
                }
                return server_ + " refuses the client certificate of client_certificate_file" +
                       told + "; see that it is the one made for this host and that backend" +
                       (alert == SSL_AD_CERTIFICATE_EXPIRED ? or_the_clock() : "");
            case SSL_AD_PROTOCOL_VERSION:
                return server_ + " speaks no TLS 1.2 or 1.3, and nothing older is spoken here" +
                       told + "; whoever runs that server has to enable one";
            case SSL_AD_UNRECOGNIZED_NAME:
                return server_ + " knows no server of this name" + told + "; see url of agent.yaml";
            default:
                break;
        }
        return server_ + " ended the TLS connection" + told;
    }

    const HttpFailure& failure_;
    const HttpSettings& settings_;
    std::string server_;
    bool proxied_ = false;
    Url proxy_;
    TlsSeen seen_;
};

}  // namespace

std::string words_of(const HttpFailure& failure, const HttpSettings& settings) {
    return Words(failure, settings).all();
}

}  // namespace bulkhead::worker
