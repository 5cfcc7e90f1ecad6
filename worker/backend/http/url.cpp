#include "worker/backend/http/url.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::optional<std::string> part(const Handle& url, CURLUPart which, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK) return std::nullopt;
    std::string copy(text);
    curl_free(text);
    return copy;
}

bool is_loopback(const std::string& host) {
    in_addr four{};
    if (::inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
    in6_addr six{};
    if (::inet_pton(AF_INET6, host.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six);
    return host == "localhost";
}

}  // namespace

std::string Url::text() const {
    const bool usual = port == (scheme == "https" ? 443 : 80);
    const bool six = host.find(':') != host.npos;
    return scheme + "://" + (six ? "[" + host + "]" : host) +
           (usual ? "" : ":" + std::to_string(port)) + path;
}

Result<Url> parse_url(std::string_view text) {
    // Characters that libcurl would encode or translate are refused, so that it connects to exactly
    // what the operator wrote. (For a host name outside ASCII it would also load character tables,
    // which the confined worker cannot open.)
    const auto odd = [](char c) { return c <= ' ' || c > '~' || c == '\\' || c == '%'; };
    if (text.size() > 2048) return fail("URL longer than 2048 bytes");
    if (std::ranges::any_of(text, odd)) return fail("URL holds a blank or an odd character");
    if (!text.starts_with("https://") && !text.starts_with("http://")) {
        return fail("URL must begin with https:// (or http://)");
    }
    const Handle url(curl_url(), &curl_url_cleanup);
    if (!url) return fail("no memory");
    const auto code = curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(),
                                   CURLU_DISALLOW_USER | CURLU_PATH_AS_IS);
    if (code == CURLUE_USER_NOT_ALLOWED) return fail("URL must not hold a user or password");
    if (code != CURLUE_OK) return fail("not a URL: " + std::string(curl_url_strerror(code)));
    if (text.find_first_of("?#") != text.npos) return fail("URL must not hold a query or fragment");
    // As in https://user:12/34@host, whose host is "user" by the rules.
    if (text.find('@') != text.npos) return fail("URL must not hold @; no user or password either");

    Url result;
    result.scheme = part(url, CURLUPART_SCHEME).value_or("");
    result.host = part(url, CURLUPART_HOST).value_or("");
    if (result.host.starts_with('[')) result.host = result.host.substr(1, result.host.size() - 2);
    std::ranges::transform(result.host, result.host.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const auto port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or("");
    result.port = TRY(within("port", parse_number<std::uint16_t>(port)));
    if (result.port == 0) return fail("port 0 cannot be connected to");
    result.path = part(url, CURLUPART_PATH).value_or("");
    while (result.path.ends_with('/')) result.path.pop_back();
    result.loopback = is_loopback(result.host);
    return result;
}

Result<Url> parse_backend_url(std::string_view text, bool allow_plaintext) {
    auto url = TRY(parse_url(text));
    if (url.scheme == "http" && !url.loopback && !allow_plaintext) {
        return fail("plain http to another host; use https, or set allow_plaintext: true");
    }
    return url;
}

std::string percent_encoded(std::string_view text) {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        }
    }
    return out;
}

}  // namespace bulkhead::worker
