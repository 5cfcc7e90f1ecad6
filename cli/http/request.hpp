// The little of HTTP/1.1 (RFC 9112) that two fixed answers take.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace bulkhead::cli {

inline constexpr std::size_t kMostHead = 4096;  // bytes of request line and headers

struct HttpRequest {
    // 0 while the head is not whole; 200, or the status of a request that gets an error:
    // 400 malformed, or no Host or two; 404; 405 neither GET nor HEAD; 421 a Host that is neither
    // an address nor localhost; 431 a head of more than kMostHead bytes; 505 not HTTP/1.0 or 1.1.
    int status = 0;
    bool head = false;      // the method is HEAD
    std::string_view path;  // "/healthz" or "/status" if the status is 200
};

// `received` is what came so far. A name in Host is refused because a web page's script may reach
// 127.0.0.1 under a name of its own (DNS rebinding), but cannot send another Host.
HttpRequest parse_request(std::string_view received);

// Status line, headers, and the body unless `head` is set.
std::string compose_response(int status, std::string_view body, bool head);

}  // namespace bulkhead::cli
