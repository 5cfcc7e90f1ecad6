#include "cli/http/request.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace bulkhead::cli {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

// A token of RFC 9110, section 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        const char small = lower(c);
        return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') ||
               kOthers.find(c) != kOthers.npos;
    });
}

std::string_view trimmed_blanks(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// "127.0.0.1:7070", "[::1]", "localhost": with a port or without.
bool is_address(std::string_view host) {
    std::array<unsigned char, 16> bytes{};
    const bool six = host.starts_with('[');
    const auto end = six ? host.find(']') : host.find(':');
    auto port = end == host.npos ? "" : host.substr(end + (six ? 1 : 0));
    if (six && end == host.npos) return false;
    if (!port.empty() && port.front() != ':') return false;
    if (!port.empty()) port.remove_prefix(1);
    if (port.size() > 5 || port.find_first_not_of("0123456789") != port.npos) return false;
    const std::string name(six ? host.substr(1, end - 1) : host.substr(0, end));
    if (!six && equal_ignoring_case(name, "localhost")) return true;
    return ::inet_pton(six ? AF_INET6 : AF_INET, name.c_str(), bytes.data()) == 1;
}

struct RequestLine {
    std::string_view method, target, version;
};

// Empty members if there are not three parts.
RequestLine split_line(std::string_view line) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == line.npos || first == last) return {};
    return {line.substr(0, first), line.substr(first + 1, last - first - 1), line.substr(last + 1)};
}

// 200, or 400 or 421. `headers` are lines that each end with CRLF.
int status_of_headers(std::string_view headers, bool needs_host) {
    std::size_t hosts = 0;
    bool address = false;
    while (!headers.empty()) {
        const auto line = headers.substr(0, headers.find(kLineEnd));
        headers.remove_prefix(line.size() + kLineEnd.size());
        const auto colon = line.find(':');
        if (colon == line.npos || !is_token(line.substr(0, colon))) return 400;
        if (!equal_ignoring_case(line.substr(0, colon), "host")) continue;
        ++hosts;
        address = is_address(trimmed_blanks(line.substr(colon + 1)));
    }
    if (hosts > 1 || (hosts == 0 && needs_host)) return 400;
    return hosts == 0 || address ? 200 : 421;
}

std::string_view reason_of(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 400:
            return "Bad Request";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 421:
            return "Misdirected Request";
        case 431:
            return "Request Header Fields Too Large";
        case 503:
            return "Service Unavailable";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Error";
    }
}

}  // namespace

HttpRequest parse_request(std::string_view received) {
    const auto end = received.substr(0, kMostHead).find("\r\n\r\n");
    if (end == received.npos) return {.status = received.size() >= kMostHead ? 431 : 0, .path = {}};
    const auto head = received.substr(0, end + kLineEnd.size());
    // What would end a line for some readers and not for others, or end the text.
    for (std::size_t i = 0; i < head.size(); ++i) {
        const bool pair = head.substr(i, 2) == kLineEnd;
        if (pair) ++i;
        if (!pair && (head[i] == '\r' || head[i] == '\n' || head[i] == '\0')) {
            return {.status = 400, .path = {}};
        }
    }
    const auto line_end = head.find(kLineEnd);
    const auto line = split_line(head.substr(0, line_end));
    HttpRequest request{.status = 400, .head = line.method == "HEAD", .path = {}};
    if (!is_token(line.method) || line.target.find(' ') != line.target.npos) return request;
    if (line.version != "HTTP/1.1" && line.version != "HTTP/1.0") {
        request.status = line.version.starts_with("HTTP/") ? 505 : 400;
        return request;
    }
    request.status =
        status_of_headers(head.substr(line_end + kLineEnd.size()), line.version == "HTTP/1.1");
    if (request.status != 200) return request;
    request.path = line.target.substr(0, line.target.find('?'));
    if (request.path != "/healthz" && request.path != "/status") {
        request.status = 404;
    } else if (line.method != "GET" && !request.head) {
        request.status = 405;
    }
    return request;
}

std::string compose_response(int status, std::string_view body, bool head) {
    std::string text = "HTTP/1.1 " + std::to_string(status) + ' ';
    text += reason_of(status);
    text += "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size());
    if (status == 405) text += "\r\nAllow: GET, HEAD";
    text += "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff";
    text += "\r\nConnection: close\r\n\r\n";
    if (!head) text += body;
    return text;
}

}  // namespace bulkhead::cli
