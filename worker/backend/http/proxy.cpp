#include "worker/backend/http/proxy.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"

namespace bulkhead::worker {

namespace {

struct Scheme {
    std::string_view name;
    std::uint16_t port;
};
constexpr std::array<Scheme, 6> kSchemes{{{"http", 80},
                                          {"https", 443},
                                          {"socks4", 1080},
                                          {"socks4a", 1080},
                                          {"socks5", 1080},
                                          {"socks5h", 1080}}};
constexpr std::string_view kWriteEncoded =
    "; in a user or password write each character but letters, digits and -._~ as %XX (# is %23, "
    "@ is %40, / is %2F)";

// The first 12 bytes of an IPv4 address that is mapped into IPv6 (RFC 4291, 2.5.5.2).
constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

int digit_of(char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto at = kDigits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    return at == kDigits.npos ? -1 : static_cast<int>(at);
}

Result<Secret> decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());  // so that no copy is left behind
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
            if (high < 0 || low < 0) return fail("a % without two hex digits; write %25 for it");
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (is_control(c)) return fail("a control character in its user or password");
        out += c;
    }
    return Secret(std::move(out));
}

// The user ends at the first colon: RFC 7617 allows none in it.
std::pair<std::string_view, std::string_view> halves(std::string_view login) {
    const auto colon = login.find(':');
    if (colon == login.npos) return {login, ""};
    return {login.substr(0, colon), login.substr(colon + 1)};
}

Secret encoded_login(std::string_view user, std::string_view password) {
    return Secret(percent_encoded(user) + ":" + percent_encoded(password));
}

}  // namespace

Result<Proxy> parse_proxy(std::string_view text) {
    const auto odd = [](char c) { return c <= ' ' || c > '~' || c == '\\'; };
    if (text.size() > 2048) return fail("URL longer than 2048 bytes");
    if (std::ranges::any_of(text, odd)) {
        return fail("URL holds a blank or an odd character" + std::string(kWriteEncoded));
    }
    Scheme scheme = kSchemes[0];
    if (const auto end = text.find("://"); end != text.npos) {
        const auto known = std::ranges::find(kSchemes, lower(text.substr(0, end)), &Scheme::name);
        if (known == kSchemes.end()) {
            return fail(
                "not the URL of a proxy: a scheme other than http, https, socks4, "
                "socks4a, socks5 and socks5h" +
                std::string(kWriteEncoded));
        }
        scheme = *known;
        text.remove_prefix(end + 3);
    }
    if (text.ends_with('/')) text.remove_suffix(1);
    if (text.find_first_of("/?#") != text.npos) {
        return fail("the URL of a proxy ends with its port, and this one goes on" +
                    std::string(kWriteEncoded));
    }
    Proxy proxy;
    if (const auto at = text.rfind('@'); at != text.npos) {
        const auto login = TRY(parse_proxy_login(text.substr(0, at)));
        proxy.login = encoded_login(login.user.reveal(), login.password.reveal());
        text.remove_prefix(at + 1);
    }
    // parse_url() adds the port of http, which is not that of each scheme.
    auto url = parse_url("http://" + std::string(text));
    if (!url) return fail(url.error().what + std::string(kWriteEncoded));
    const bool six = url->host.find(':') != url->host.npos;
    const bool given = text.find(':', six ? text.find(']') : 0) < text.size() - 1;
    proxy.url = std::string(scheme.name) + "://" + (six ? "[" + url->host + "]" : url->host) + ":" +
                std::to_string(given ? url->port : scheme.port);
    return proxy;
}

bool Proxy::used_for(const Url& to) const {
    return !url.empty() && (to.scheme == "https" || !https_only) &&
           !ProxyExceptions(exceptions).cover(to);
}

Result<ProxyLogin> parse_proxy_login(std::string_view login) {
    const auto [user, password] = halves(login);
    ProxyLogin result{.user = TRY(decoded(user)), .password = TRY(decoded(password))};
    if (result.user.empty()) return fail("no user before its password");
    return result;
}

Result<Secret> proxy_login_of_line(std::string_view line) {
    const auto [user, password] = halves(line);
    if (line.find(':') == line.npos || user.empty()) return fail("not of the form user:password");
    if (std::ranges::any_of(line, is_control)) return fail("holds a control character");
    return encoded_login(user, password);
}

std::vector<Secret> secrets_of_proxy_login(const Secret& login) {
    const auto parsed = parse_proxy_login(login.reveal());
    if (!parsed) return {};
    const auto& [user, password] = *parsed;
    const Secret pair(user.reveal() + ":" + password.reveal());
    return {Secret(to_base64(as_bytes(pair.reveal()))), password};
}

ProxyExceptions::ProxyExceptions(std::string_view text) {
    constexpr std::string_view kBetween = ", \t\r\n";
    std::size_t place = 0;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(kBetween), text.size()));
        if (text.empty()) return;
        const auto one = text.substr(0, text.find_first_of(kBetween));
        text.remove_prefix(one.size());
        ++place;
        everything_ = everything_ || one == "*";
        if (one == "*") continue;
        auto entry = parse_entry(one);
        if (entry) entries_.push_back(*std::move(entry));
        if (!entry) senseless_.push_back(place);
    }
}

std::optional<ProxyExceptions::Address> ProxyExceptions::parse_address(const std::string& text) {
    Address address{.bytes = std::string(kMapped)};
    in_addr four{};
    if (::inet_pton(AF_INET, text.c_str(), &four) == 1) {
        address.bytes.append(reinterpret_cast<const char*>(&four), sizeof four);
        return address;
    }
    in6_addr six{};
    if (::inet_pton(AF_INET6, text.c_str(), &six) != 1) return std::nullopt;
    address.bytes.assign(reinterpret_cast<const char*>(&six), sizeof six);
    return address;
}

std::optional<ProxyExceptions::Address> ProxyExceptions::parse_network(std::string_view text) {
    const auto slash = text.find('/');
    const std::string host(text.substr(0, slash));
    auto address = parse_address(host);
    const auto bits = parse_number<unsigned>(text.substr(slash + 1));
    const unsigned most = host.find(':') == host.npos ? 32 : 128;
    if (!address || !bits || *bits > most) return std::nullopt;
    address->bits = 128 - most + *bits;
    return address;
}

std::optional<ProxyExceptions::Entry> ProxyExceptions::parse_entry(std::string_view text) {
    Entry entry;
    if (text.find('/') != text.npos) {
        entry.address = parse_network(text);
        return entry.address ? std::optional(entry) : std::nullopt;
    }
    const bool bracket = text.starts_with('[');
    const auto colon = text.rfind(':');
    const auto end = bracket ? text.find(']') : text.find(':');
    if (bracket && end == text.npos) return std::nullopt;
    auto host = text;
    // More than one colon outside of brackets: an IPv6 address without port.
    if (bracket ? colon == end + 1 : colon != text.npos && colon == end) {
        const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
        if (!port || *port == 0) return std::nullopt;
        entry.port = *port;
        host = text.substr(0, colon);
    }
    if (bracket) {
        if (!host.ends_with(']')) return std::nullopt;
        host = host.substr(1, host.size() - 2);
    }
    entry.address = parse_address(std::string(host));
    if (entry.address) return entry;
    if (bracket) return std::nullopt;
    if (host.starts_with("*.")) host.remove_prefix(1);
    entry.itself = !host.starts_with('.');
    if (!entry.itself) host.remove_prefix(1);
    if (host.ends_with('.')) host.remove_suffix(1);
    const auto in_name = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    entry.name = lower(host);
    if (host.empty() || !std::ranges::all_of(entry.name, in_name)) return std::nullopt;
    return entry;
}

bool ProxyExceptions::is_four(const Address& address) { return address.bytes.starts_with(kMapped); }

bool ProxyExceptions::matches(const Entry& entry, const Url& url,
                              const std::optional<Address>& address) {
    if (entry.port != 0 && entry.port != url.port) return false;
    if (entry.address) {
        if (!address || is_four(*address) != is_four(*entry.address)) return false;
        const auto whole = entry.address->bits / 8;
        const auto left = entry.address->bits % 8;
        const auto& want = entry.address->bytes;
        if (address->bytes.compare(0, whole, want, 0, whole) != 0) return false;
        const auto differing =
            static_cast<unsigned char>(left == 0 ? 0 : address->bytes[whole] ^ want[whole]);
        return differing >> (8 - left) == 0;
    }
    std::string_view host = url.host;
    if (host.ends_with('.')) host.remove_suffix(1);
    if (host == entry.name) return entry.itself;
    return host.ends_with(entry.name) && host[host.size() - entry.name.size() - 1] == '.';
}

bool ProxyExceptions::cover(const Url& url) const {
    const auto address = parse_address(url.host);
    return everything_ || std::ranges::any_of(entries_, [&](const Entry& entry) {
               return matches(entry, url, address);
           });
}

}  // namespace bulkhead::worker
