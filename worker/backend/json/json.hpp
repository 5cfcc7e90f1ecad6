// JsonValue and JsonWriter: JSON (RFC 8259) is read with bounds, and written without a tree. Only
// json.cpp includes the JSON library and catches what it throws.
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

// One value of a document and its path there, which errors begin with ("job.id: expected text"). A
// member that is null counts as absent.
class JsonValue {
  public:
    // Errors: empty text, invalid JSON or UTF-8, more than 32 levels or 10,000 values, a number out
    // of range, or text after the value.
    static Result<JsonValue> parse(std::string_view text);

    bool is_object() const;
    // nullopt if the member is absent or null, or if this is not an object.
    std::optional<JsonValue> find(std::string_view member) const;
    // As find(), with an error in place of nullopt.
    Result<JsonValue> member(std::string_view member) const;

    // The functions below fail if the value is of another type or larger than the given bound.
    // A string of at most `max` bytes, without NUL.
    Result<std::string> text(std::size_t max) const;
    // An integer within the bounds, written as one: neither 4.0 nor 4e0.
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

// Writes a document from its first byte to its last. Bytes that are not UTF-8 become U+FFFD, so the
// result is always JSON if each begin has its end().
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
    // As put(); without a value the member is left out.
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
    // A template, because a pointer to characters would convert to a plain bool.
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
    std::string open_;  // the closing brackets that are due, innermost last
    bool first_ = true;
    bool named_ = false;
};

}  // namespace bulkhead::worker
