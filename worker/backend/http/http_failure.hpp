// Why no answer came, in words: what is wrong with whom, and what to do.
#pragma once
#include <curl/curl.h>

#include <chrono>
#include <string>
#include <string_view>

#include "common/base/parse.hpp"
#include "worker/backend/http/http_client.hpp"
#include "worker/backend/http/tls_seen.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

inline constexpr std::string_view kRefusedLogin =
    "the proxy wants a user and a password, or others (status 407): see proxy_credential_file";

struct HttpFailure {
    CURLcode code = CURLE_OK;
    std::string_view curl_error;  // CURLOPT_ERRORBUFFER(3)
    long system = 0;              // CURLINFO_OS_ERRNO
    long connect_status = 0;      // CURLINFO_HTTP_CONNECTCODE: a proxy's answer to CONNECT
    bool resolved = false;
    bool connected = false;
    std::string_view ip;               // that was tried last; empty: none
    Url url;                           // of the request
    std::string_view setting = "url";  // of agent.yaml, which names the server
    std::chrono::milliseconds timeout{};
    UnixTime now{};
    const TlsSeen* seen = nullptr;  // null: no handshake
};

// One line without a full stop: the cause first, then "; " and the advice. It names settings of
// agent.yaml by their keys.
std::string words_of(const HttpFailure& failure, const HttpSettings& settings);

}  // namespace bulkhead::worker
