// Call and Answer: a request as handlers of the reference backend see it, and what they return, as
// plain values without an HTTP library.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace bulkhead::reference {

/// A value, or a sentence for the log of the test.
template <class T = void>
using Outcome = std::expected<T, std::string>;

struct Call {
    std::string method;
    std::string target;                           // as sent, with the query
    std::string path;                             // as sent, without the query
    std::map<std::string, std::string> query;     // decoded
    std::map<std::string, std::string> captured;  // what {name} of the route matched, decoded
    std::map<std::string, std::string> headers;   // names in lower case
    std::string body;
    bool body_unreadable = false;       // Content-Encoding is gzip and the body is not
    bool body_too_large = false;        // the rest of it was read and dropped
    std::size_t sent_body_bytes = 0;    // as sent, before decompression
    std::function<bool()> caller_left;  // true once the caller has closed the connection

    [[nodiscard]] std::string header(const std::string& lower_case_name) const;
    /// The token of "Authorization: Bearer <token>"; empty if there is none.
    [[nodiscard]] std::string bearer() const;
};

struct Answer {
    enum class Delivery { whole, cut_before_headers, cut_in_body, drip };

    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::multimap<std::string, std::string> headers;
    Delivery delivery = Delivery::whole;
    std::size_t padding = 0;  // octets streamed after the body, never held in memory
    bool chunked = false;     // send the padding without a Content-Length

    static Answer json(int status, const nlohmann::json& body);
    static Answer empty(int status = 204);
    /// {"error": {"code": ..., "message": ...}}
    static Answer error(int status, std::string_view code, std::string_view message);
};

/// Encodes `value`. Bytes in its texts that are not UTF-8 are replaced, because a body holds
/// whatever the agent sent.
std::string dump(const nlohmann::json& value, int indent = -1);

}  // namespace bulkhead::reference
