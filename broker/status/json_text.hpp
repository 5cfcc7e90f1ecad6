// JSON by hand, for root links no library for it: members of an object, and lists.
#pragma once
#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/parse.hpp"
#include "common/protocol/types.hpp"
#include "common/sys/log.hpp"

namespace bulkhead::broker {

// `text` as a JSON string, cut to the 512 bytes of a protocol::Detail.
inline std::string json_text(std::string_view text) {
    return sys::json_string(protocol::Detail::clipped(text).str());
}

class JsonObject {
  public:
    JsonObject& put(std::string_view name, std::string_view text) {
        return put_json(name, json_text(text));
    }
    JsonObject& put(std::string_view name, const char* text) {
        return put(name, std::string_view(text));
    }
    JsonObject& put(std::string_view name, bool flag) {
        return put_json(name, flag ? "true" : "false");
    }
    JsonObject& put(std::string_view name, std::integral auto number) {
        return put_json(name, std::to_string(number));
    }
    // Seconds since 1970.
    JsonObject& put(std::string_view name, UnixTime time) {
        return put(name, time.time_since_epoch().count());
    }
    JsonObject& put_json(std::string_view name, std::string_view json) {
        text_ += (text_.empty() ? "\"" : ",\"") + std::string(name) + "\":" + std::string(json);
        return *this;
    }
    std::string str() const { return "{" + text_ + "}"; }

  private:
    std::string text_;
};

// An array with one(element) for each.
template <class Range, class One>
std::string json_list(const Range& range, One one) {
    std::string list;
    for (const auto& element : range) list += (list.empty() ? "" : ",") + one(element);
    return "[" + list + "]";
}

}  // namespace bulkhead::broker
