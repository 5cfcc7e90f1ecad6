// JSON as backends speak it: written without a tree, read with bounds. The only file that meets the
// JSON library, and that catches what it throws, is json.cpp.
#pragma once
#include <cmath>
#include <concepts>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

// One value of a document, and where it stands there: errors name it ("job.id: expected text").
// Null and absent are the same.
class JsonValue {
  public:
    // At most 32 levels and 10,000 values, UTF-8, nothing after the value.
    static Result<JsonValue> parse(std::string_view text);

    bool is_object() const;
    // A member of an object; nothing when it is absent, null, or this is no object.
    std::optional<JsonValue> find(std::string_view member) const;
    Result<JsonValue> member(std::string_view member) const;

    // Without NUL, at most `max` bytes.
    Result<std::string> text(std::size_t max) const;
    // Written as an integer (neither 4.0 nor 4e0), within the bounds.
    Result<std::int64_t> integer(std::int64_t least, std::int64_t most) const;
    Result<bool> truth() const;
    Result<std::vector<JsonValue>> items(std::size_t max) const;
    Result<std::vector<std::pair<std::string, JsonValue>>> members(std::size_t max) const;

  private:
    using Node = std::shared_ptr<const nlohmann::json>;  // keeps the whole document
    JsonValue(Node node, std::string path) : node_(std::move(node)), path_(std::move(path)) {}
    std::unexpected<Error> wrong(std::string_view why) const;
    JsonValue child(const nlohmann::json& node, std::string_view step) const;

    Node node_;
    std::string path_;
};

// Writes a document from first to last. Text that is not UTF-8 gets U+FFFD in its place, so that
// what comes out is always JSON.
class JsonWriter {
  public:
    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& begin_object(std::string_view member) { return name(member).open('{'); }
    JsonWriter& begin_array(std::string_view member) { return name(member).open('['); }
    JsonWriter& end();

    template <class T>
    JsonWriter& put(std::string_view member, const T& value) {
        return name(member).value(value);
    }
    // As put(), but nothing at all without a value.
    template <class T>
    JsonWriter& put_known(std::string_view member, const std::optional<T>& value) {
        return value ? put(member, *value) : *this;
    }
    template <class T>
    JsonWriter& add(const T& element) {
        return value(element);
    }

    std::string take() && { return std::move(out_); }

  private:
    JsonWriter& name(std::string_view member);
    JsonWriter& open(char bracket);
    JsonWriter& raw(std::string_view text);

    JsonWriter& value(std::string_view text);
    // A template, for otherwise a pointer to characters would be a truth.
    JsonWriter& value(std::same_as<bool> auto truth) { return raw(truth ? "true" : "false"); }
    JsonWriter& value(std::same_as<double> auto number) { return real(number); }
    template <std::integral T>
    requires(!std::same_as<T, bool>) JsonWriter& value(T number) {
        return raw(std::to_string(number));
    }
    template <class T>
    JsonWriter& value(const std::optional<T>& maybe) {
        return maybe ? value(*maybe) : raw("null");
    }

    JsonWriter& real(double number);

    std::string out_;
    std::string open_;  // the brackets that are to be closed, innermost last
    bool first_ = true;
    bool named_ = false;
};

}  // namespace bulkhead::worker
