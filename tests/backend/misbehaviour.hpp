// Misbehaviour: an error that the reference backend can be told to make, and on which requests. The
// agent has to handle each of them.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

#include "tests/backend/router.hpp"

namespace bulkhead::reference {

struct Misbehaviour {
    enum class Kind {
        none,                // only the delay
        status,              // `status`, with `retry_after` as its Retry-After
        gateway,             // `status` and an HTML page, as a gateway sends it
        redirect,            // 302 to `location`, or `status` if it is a 3xx
        cut_before_headers,  // the connection ends without an answer
        cut_in_body,         // the connection ends in the middle of the real answer
        not_json,            // 200 and an HTML page
        truncated_json,      // the first half of the real answer, with a matching length
        wrong_types,  // the real answer with numbers as texts, texts as numbers, lists as objects
        oversized,    // 200 and `mebibytes` of padding
        drip,         // 200 and one octet each ten seconds
        gzip_bomb,    // 200 and 64 MiB compressed to 64 KiB, which the agent did not accept
        deep_json,    // 200 and a hundred thousand brackets
        odd_text,     // 200 and the members of every dialect, with NUL and lone surrogates in them
    };

    Kind kind = Kind::status;
    std::string path = "/";              // prefix of the paths it applies to
    std::string method = {};             // empty: any
    int times = -1;                      // number of requests; -1: until cleared
    std::chrono::milliseconds delay{0};  // before answering
    int status = 500;
    std::string retry_after = {};
    std::string location = {};
    std::size_t mebibytes = 8;
    bool chunked = false;  // oversized: without a Content-Length
    // The request is handled before. The kinds that change the real answer always do so.
    bool takes_effect = false;
};

std::string_view name_of(Misbehaviour::Kind kind);
std::optional<Misbehaviour::Kind> misbehaviour_named(std::string_view name);

class Misbehaviours {
  public:
    void add(Misbehaviour misbehaviour);
    void clear();
    /// Returns the first one that applies to this request, and counts it as used.
    std::optional<Misbehaviour> take(const Call& call);
    [[nodiscard]] std::vector<Misbehaviour> pending() const;

  private:
    mutable std::mutex mutex_;
    std::vector<Misbehaviour> pending_;
};

/// The answer changed by `misbehaviour`; `handle` returns the real one.
Answer misbehave(const Misbehaviour& misbehaviour, const std::function<Answer()>& handle);

}  // namespace bulkhead::reference
