#include "worker/backend/dialect/artifacts.hpp"

#include <algorithm>

#include "worker/backend/dialect/http_status.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

Result<> check_artifact_id(std::string_view id) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    if (id.empty() || id.size() > 128) return fail("not 1..128 bytes");
    if (id.starts_with('.')) return fail("begins with a dot");
    if (!std::ranges::all_of(id, fits)) return fail("holds more than letters, digits, . _ -");
    return {};
}

Result<std::string> read_checksum(std::string_view text) {
    constexpr std::string_view kAlgorithm = "sha256:";
    if (text.starts_with(kAlgorithm)) text.remove_prefix(kAlgorithm.size());
    std::string digits(text);
    for (auto& c : digits) {
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) return fail("not hexadecimal");
    }
    if (digits.size() != 64) return fail("not the 64 digits of a SHA-256");
    return digits;
}

namespace {

bool same_server(const Url& one, const Url& other) {
    return one.scheme == other.scheme && one.host == other.host && one.port == other.port;
}

// What HttpClient takes: it sends no query and no escapes to a URL that is not the backend's.
Result<std::string> whole_url(Url server, std::string_view path) {
    server.path.clear();
    auto text = server.text() + std::string(path);
    TRY(parse_url(text));
    return text;
}

}  // namespace

Result<std::string> path_at(std::string_view url, std::string_view base_url,
                            std::string_view other_url) {
    const auto odd = [](char c) { return c <= ' ' || c > '~' || c == '\\' || c == '#'; };
    if (url.size() > 2048) return fail("a URL longer than 2048 bytes");
    if (std::ranges::any_of(url, odd)) return fail("a URL with a blank or an odd character");
    const auto base = TRY(parse_url(base_url));
    const bool whole = url.starts_with("http://") || url.starts_with("https://");
    if (!whole && (!url.starts_with('/') || url.starts_with("//"))) {
        return fail("neither a path nor an http URL");
    }
    const auto authority = whole ? url.substr(0, url.find_first_of("/?", url.find("//") + 2)) : "";
    const auto path = url.substr(authority.size());
    const auto server = TRY(parse_url(whole ? authority : base_url));
    if (same_server(server, base)) {
        if (path.starts_with(base.path + "/")) return std::string(path.substr(base.path.size()));
        return whole_url(base, path);
    }
    const auto other = other_url.empty() ? base : TRY(parse_url(other_url));
    if (same_server(server, other)) return whole_url(other, path);
    return fail("another server, " + server.host + ":" + std::to_string(server.port));
}

Answer<Found> judge_found(const HttpAnswer& answer, std::string_view said) {
    if (answer.status == 404 || answer.status == 405 || answer.status == 410) return Found{};
    if (answer.status != 200) return judge_failure(answer, said);
    return Found{.there = true, .bytes = answer.body};
}

}  // namespace bulkhead::worker
