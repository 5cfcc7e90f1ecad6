#include "worker/backend/json/json.hpp"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "common/base/text.hpp"
#include "common/sys/log.hpp"

namespace bulkhead::worker {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxValues = 10'000;

// Bounds depth and size before the library builds a value: code that walks a deep one may need
// stack for each level, and a tree of empty arrays takes thirty times the memory of its text.
Result<> check_structure(std::string_view text) {
    std::size_t depth = 0;
    std::size_t values = 1;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
            continue;
        }
        if (c == '"') in_string = true;
        if (c == '[' || c == '{') ++depth;
        if ((c == ']' || c == '}') && depth > 0) --depth;
        if (c == '[' || c == '{' || c == ',') ++values;
        if (depth > kMaxDepth) return fail("JSON nested deeper than " + std::to_string(kMaxDepth));
        if (values > kMaxValues) {
            return fail("JSON of more than " + std::to_string(kMaxValues) + " values");
        }
    }
    return {};
}

}  // namespace

Result<JsonValue> JsonValue::parse(std::string_view text) {
    if (text.empty()) return fail("empty, expected JSON");
    TRY(check_structure(text));
    try {
        return JsonValue(std::make_shared<const json>(json::parse(text)), "");
    } catch (const json::parse_error& error) {
        return fail("not JSON at byte " + std::to_string(error.byte));
    } catch (const json::exception&) {
        return fail("not JSON: a number out of range");
    }
}

std::unexpected<Error> JsonValue::wrong(std::string_view why) const {
    return fail((path_.empty() ? "answer" : path_) + ": " + std::string(why));
}

JsonValue JsonValue::child(const json& node, std::string_view step) const {
    // The step may be text of the peer, and the path appears in logs.
    const auto shown = quoted(step, 64);
    return {Node(node_, &node), path_.empty() ? shown : path_ + "." + shown};
}

bool JsonValue::is_object() const { return node_->is_object(); }

std::optional<JsonValue> JsonValue::find(std::string_view member) const {
    if (!node_->is_object()) return std::nullopt;
    const auto found = node_->find(member);
    if (found == node_->end() || found->is_null()) return std::nullopt;
    return child(*found, member);
}

Result<JsonValue> JsonValue::member(std::string_view member) const {
    if (!node_->is_object()) return wrong("expected an object");
    if (auto found = find(member)) return *found;
    return child(*node_, member).wrong("missing");
}

Result<std::string> JsonValue::text(std::size_t max) const {
    const auto* text = node_->get_ptr<const json::string_t*>();
    if (text == nullptr) return wrong("expected text");
    if (text->size() > max) return wrong("longer than " + std::to_string(max) + " bytes");
    if (text->find('\0') != text->npos) return wrong("holds a NUL");
    return *text;
}

Result<std::int64_t> JsonValue::integer(std::int64_t least, std::int64_t most) const {
    const auto range = std::to_string(least) + ".." + std::to_string(most);
    if (!node_->is_number_integer()) return wrong("expected an integer");
    // get_ptr<const number_integer_t*>() also succeeds for unsigned numbers above INT64_MAX.
    if (const auto* large = node_->get_ptr<const json::number_unsigned_t*>();
        large != nullptr && !std::in_range<std::int64_t>(*large)) {
        return wrong("not in " + range);
    }
    const auto value = *node_->get_ptr<const json::number_integer_t*>();
    if (value < least || value > most) return wrong("not in " + range);
    return value;
}

Result<bool> JsonValue::truth() const {
    const auto* truth = node_->get_ptr<const json::boolean_t*>();
    if (truth == nullptr) return wrong("expected true or false");
    return *truth;
}

Result<std::vector<JsonValue>> JsonValue::items(std::size_t max) const {
    if (!node_->is_array()) return wrong("expected an array");
    if (node_->size() > max) return wrong("more than " + std::to_string(max) + " elements");
    std::vector<JsonValue> all;
    for (const auto& element : *node_) all.push_back(child(element, std::to_string(all.size())));
    return all;
}

Result<std::vector<std::pair<std::string, JsonValue>>> JsonValue::members(std::size_t max) const {
    if (!node_->is_object()) return wrong("expected an object");
    if (node_->size() > max) return wrong("more than " + std::to_string(max) + " members");
    std::vector<std::pair<std::string, JsonValue>> all;
    for (const auto& [key, element] : *node_->get_ptr<const json::object_t*>()) {
        all.emplace_back(key, child(element, key));
    }
    return all;
}

JsonWriter& JsonWriter::raw(std::string_view text) {
    if (!first_ && !named_) out_ += ',';
    out_ += text;
    first_ = false;
    named_ = false;
    return *this;
}

JsonWriter& JsonWriter::name(std::string_view member) {
    raw(sys::json_string(member));
    out_ += ':';
    named_ = true;
    return *this;
}

JsonWriter& JsonWriter::open(char bracket) {
    raw({&bracket, 1});
    open_ += bracket == '{' ? '}' : ']';
    first_ = true;
    return *this;
}

JsonWriter& JsonWriter::end() {
    out_ += open_.back();
    open_.pop_back();
    first_ = false;
    return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) { return raw(sys::json_string(text)); }

JsonWriter& JsonWriter::real(double number) {
    if (!std::isfinite(number)) return raw("null");  // RFC 8259, 6: no number for it
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

}  // namespace bulkhead::worker
