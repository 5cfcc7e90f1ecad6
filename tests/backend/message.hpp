// What handlers of the reference backend see of a request, and what they give back: plain values,
// no HTTP library.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace bulkhead::reference {

/// What can fail here fails for a reader of a test log, so a sentence is enough.
template <class T = void>
using Outcome = std::expected<T, std::string>;

struct Call {
    std::string method;
    std::string target;                           // as it was sent, with its query
    std::string path;                             // as it was sent, without the query
    std::map<std::string, std::string> query;     // decoded
    std::map<std::string, std::string> captured;  // what {name} of the route matched, decoded
    std::map<std::string, std::string> headers;   // names in lower case
    std::string body;
    bool body_unreadable = false;       // it says gzip and is none
    bool body_too_large = false;        // the rest was read and thrown away
    std::size_t sent_body_bytes = 0;    // as sent, so before gzip was undone
    std::function<bool()> caller_left;  // has the other side closed the connection?

    [[nodiscard]] std::string header(const std::string& lower_case_name) const;
    /// The token of "Authorization: Bearer <token>", or nothing.
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
    bool chunked = false;     // send the padding without saying beforehand how much it is

    static Answer json(int status, const nlohmann::json& body);
    static Answer empty(int status = 204);
    /// {"error": {"code": ..., "message": ...}}
    static Answer error(int status, std::string_view code, std::string_view message);
};

/// A body is whatever the agent sent, so a text in it need not be UTF-8: what is not is replaced.
std::string dump(const nlohmann::json& value, int indent = -1);

}  // namespace bulkhead::reference
