// Answers HTTP at a socket that listens already. It trusts no client: each has 5 s in all for its
// request and the answer, and one request; of more than 32 connections the oldest gives way.
#pragma once
#include <chrono>
#include <functional>

#include "cli/http/answers.hpp"
#include "cli/http/request.hpp"
#include "common/base/result.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::cli {

inline constexpr std::size_t kMostConnections = 32;
inline constexpr std::chrono::seconds kConnectionTime{5};

// `answer` is called for each request whose path is known. Returns when nobody has asked for
// `idle`; an error if the socket cannot be served. Sets `listener` non-blocking.
Result<> serve_http(const sys::Fd& listener,
                    const std::function<HttpAnswer(std::string_view path)>& answer,
                    std::chrono::milliseconds idle);

}  // namespace bulkhead::cli
