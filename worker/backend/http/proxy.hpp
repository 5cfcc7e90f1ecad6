// Proxies: parsed here and handed to libcurl by options, so that it reads no environment and no
// text of its errors holds a user or password.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/base/secret.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

// What a proxy asks for (Basic, RFC 7617; user and password of SOCKS, RFC 1929), as bytes.
struct ProxyLogin {
    Secret user;  // empty: none
    Secret password;
};

struct Proxy {
    std::string url;  // scheme, host and port, without the user; empty: no proxy
    // "user:password", each %-encoded, so that it is ASCII; empty: none. See parse_proxy_login().
    Secret login;
    bool https_only = false;  // plain http goes where its URL says
    std::string exceptions;   // as ProxyExceptions reads them

    bool used_for(const Url& url) const;
    // Where to connect to, as an http URL.
    std::string address() const { return "http" + url.substr(url.find("://")); }
};

// Parses "[scheme://][user[:password]@]host[:port][/]" with a scheme of http, https, socks4,
// socks4a, socks5 or socks5h; http without one. The port is 80, 443 or 1080 unless given. The last
// @ ends the password, as it does for Go and Python. Errors: anything else, a path, a character
// that has to be written as %XX. No error repeats a part of the text.
Result<Proxy> parse_proxy(std::string_view text);

// Decodes Proxy::login. Errors: a % without two hex digits, a control character, an empty user.
Result<ProxyLogin> parse_proxy_login(std::string_view login);

// A Proxy::login of the line "user:password", which is not encoded. Errors: no colon, nothing
// before it, a control character.
Result<Secret> proxy_login_of_line(std::string_view line);

// All that a server or proxy may repeat and that must not be printed: the password, and the pair
// in base64 (RFC 7617). The user alone may be an ordinary word.
std::vector<Secret> secrets_of_proxy_login(const Secret& login);

// NO_PROXY, read as Go's golang.org/x/net/http/httpproxy reads it: entries between commas (or
// blanks), each an address, a network "10.0.0.0/8", a name that also stands for those below it,
// ".name" or "*.name" for those below it alone, all but a network with a ":port"; "*" is
// everything. Case and a dot at the end do not count. Names are not resolved to compare them with
// addresses. Unlike Go's, "[::1]" needs no port, and this host itself needs an entry.
class ProxyExceptions {
  public:
    explicit ProxyExceptions(std::string_view text);

    bool cover(const Url& url) const;
    // Entries that can match nothing, by their place from 1.
    const std::vector<std::size_t>& senseless() const { return senseless_; }

  private:
    struct Address {
        std::string bytes;  // 16: IPv4 is mapped (RFC 4291, 2.5.5.2)
        unsigned bits = 128;
    };
    struct Entry {
        std::optional<Address> address;
        std::string name;        // without the dot before it
        bool itself = true;      // and not only what is below it
        std::uint16_t port = 0;  // 0: any
    };

    static bool is_four(const Address& address);
    static std::optional<Address> parse_address(const std::string& text);
    static std::optional<Address> parse_network(std::string_view text);
    static std::optional<Entry> parse_entry(std::string_view text);
    static bool matches(const Entry& entry, const Url& url, const std::optional<Address>& address);

    bool everything_ = false;
    std::vector<Entry> entries_;
    std::vector<std::size_t> senseless_;
};

}  // namespace bulkhead::worker
