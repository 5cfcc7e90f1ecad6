#include "tests/backend/router.hpp"

#include <optional>

namespace bulkhead::reference {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                            hex_digit(text[i + 2]) >= 0;
        if (!escape) {
            decoded += text[i];
            continue;
        }
        decoded += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
        i += 2;
    }
    return decoded;
}

/// Removes the first '/' and the segment behind it from `path`, and returns the segment.
std::string_view next_segment(std::string_view& path) {
    path.remove_prefix(1);
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

std::optional<std::map<std::string, std::string>> match(std::string_view pattern,
                                                        std::string_view path) {
    std::map<std::string, std::string> captured;
    while (!pattern.empty() && !path.empty()) {
        if (path.front() != '/') return std::nullopt;
        const auto wanted = next_segment(pattern);
        const auto given = next_segment(path);
        if (wanted.starts_with('{') && !given.empty())
            captured.emplace(wanted.substr(1, wanted.size() - 2), percent_decoded(given));
        else if (wanted != given)
            return std::nullopt;
    }
    if (!pattern.empty() || !path.empty()) return std::nullopt;
    return captured;
}

}  // namespace

void Router::add(std::string method, std::string path, Handler handler) {
    routes_.push_back({std::move(method), std::move(path), std::move(handler)});
}

Answer Router::serve(Call& call) const {
    bool path_known = false;
    for (const auto& route : routes_) {
        auto captured = match(route.path, call.path);
        if (!captured) continue;
        path_known = true;
        if (route.method != call.method) continue;
        call.captured = std::move(*captured);
        return route.handler(call);
    }
    if (path_known)
        return Answer::error(405, "method_not_allowed",
                             call.method + " is not served on " + call.path);
    return Answer::error(404, "not_found", "nothing is served on " + call.path);
}

}  // namespace bulkhead::reference
