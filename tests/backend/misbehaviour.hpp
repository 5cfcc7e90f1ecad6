// What the reference backend can be told to do wrong, and where: the agent has to live with each of
// it.
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
        gateway,             // `status` and a page: something in between says it
        redirect,            // 302 to `location`, or `status` if it is a 3xx
        cut_before_headers,  // the connection ends without an answer
        cut_in_body,         // the connection ends in the middle of the real answer
        not_json,            // 200 and a page for people
        truncated_json,      // the first half of the real answer, well delivered
        wrong_types,  // the real answer with numbers as texts, texts as numbers, lists as objects
        oversized,    // 200 and `mebibytes` of padding
        drip,         // 200 and one octet each ten seconds
        gzip_bomb,    // 200 and 64 MiB in 64 KiB, although nobody asked for compression
        deep_json,    // 200 and a hundred thousand brackets
        odd_text,     // 200 and what every dialect looks for, with NUL and lone surrogates in it
    };

    Kind kind = Kind::status;
    std::string path = "/";              // prefix of the paths it strikes
    std::string method = {};             // empty: any
    int times = -1;                      // how often; -1: until cleared
    std::chrono::milliseconds delay{0};  // before answering
    int status = 500;
    std::string retry_after = {};
    std::string location = {};
    std::size_t mebibytes = 8;
    bool chunked = false;  // oversized: without a Content-Length
    bool takes_effect =
        false;  // handle the request first; the kinds that spoil the real answer always do
};

std::string_view name_of(Misbehaviour::Kind kind);
std::optional<Misbehaviour::Kind> misbehaviour_named(std::string_view name);

class Misbehaviours {
  public:
    void add(Misbehaviour misbehaviour);
    void clear();
    /// The first one that strikes this request, counted as used.
    std::optional<Misbehaviour> take(const Call& call);
    [[nodiscard]] std::vector<Misbehaviour> pending() const;

  private:
    mutable std::mutex mutex_;
    std::vector<Misbehaviour> pending_;
};

/// The answer as `misbehaviour` would have it; `handle` gives the real one.
Answer misbehave(const Misbehaviour& misbehaviour, const std::function<Answer()>& handle);

}  // namespace bulkhead::reference
