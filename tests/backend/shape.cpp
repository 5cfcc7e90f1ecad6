#include "tests/backend/shape.hpp"

#include <algorithm>

namespace bulkhead::reference {
namespace {

using nlohmann::json;
using Kind = Shape::Kind;
using Complaint = std::optional<std::string>;

std::string beneath(const std::string& path, const std::string& name) {
    return path.empty() ? name : path + "." + name;
}

std::string said(const std::string& path, const std::string& what) {
    return (path.empty() ? "the body" : path) + ": " + what;
}

bool is_hex64(const std::string& text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// "dddd-dd-ddTdd:dd:dd" with an optional fraction and a Z.
bool is_timestamp(const std::string& text) {
    constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd";
    if (text.size() <= kForm.size() || text.back() != 'Z') return false;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    for (std::size_t i = 0; i < kForm.size(); ++i)
        if (kForm[i] == 'd' ? !digit(text[i]) : text[i] != kForm[i]) return false;
    const auto fraction = text.substr(kForm.size(), text.size() - kForm.size() - 1);
    return fraction.empty() || (fraction.size() > 1 && fraction[0] == '.' &&
                                std::all_of(fraction.begin() + 1, fraction.end(), digit));
}

Complaint check(const Shape& shape, const json& value, const std::string& path);

Complaint check_text(const Shape& shape, const json& value, const std::string& path) {
    if (!value.is_string()) return said(path, "must be a text");
    const auto& text = value.get_ref<const std::string&>();
    const auto& words = shape.words;
    if (shape.kind == Kind::hex64 && !is_hex64(text))
        return said(path, "must be 64 lower case hex digits");
    if (shape.kind == Kind::timestamp && !is_timestamp(text))
        return said(path, "must be a time in UTC like 2026-01-31T23:59:59Z");
    if (shape.kind == Kind::one_of && std::ranges::find(words, text) == words.end())
        return said(path, "is not one of the words allowed here");
    if (shape.most > 0 && text.size() > shape.most)
        return said(path, "is longer than " + std::to_string(shape.most) + " octets");
    return std::nullopt;
}

Complaint check_integer(const Shape& shape, const json& value, const std::string& path) {
    if (!value.is_number_integer()) return said(path, "must be an integer");
    if (!value.is_number_unsigned() && value.get<std::int64_t>() < shape.least)
        return said(path, "must not be below " + std::to_string(shape.least));
    if (value.is_number_unsigned() && shape.least > 0 &&
        value.get<std::uint64_t>() < static_cast<std::uint64_t>(shape.least))
        return said(path, "must not be below " + std::to_string(shape.least));
    return std::nullopt;
}

Complaint check_members(const Shape& shape, const json& value, const std::string& path) {
    for (const auto& member : shape.members) {
        const auto found = value.find(member.name);
        const auto name = beneath(path, member.name);
        if (found == value.end()) {
            if (member.required) return said(name, "is missing");
            continue;
        }
        if (auto complaint = check(member.shape, *found, name)) return complaint;
    }
    for (const auto& [name, ignored] : value.items()) {
        const auto known = [&](const Member& member) { return member.name == name; };
        if (std::ranges::none_of(shape.members, known))
            return said(beneath(path, name), "is not known here");
    }
    return std::nullopt;
}

Complaint check_object(const Shape& shape, const json& value, const std::string& path) {
    if (!value.is_object()) return said(path, "must be an object");
    return shape.members.empty() ? std::nullopt : check_members(shape, value, path);
}

Complaint check_list(const Shape& shape, const json& value, const std::string& path) {
    if (!value.is_array()) return said(path, "must be a list");
    if (shape.most > 0 && value.size() > shape.most)
        return said(path, "has more than " + std::to_string(shape.most) + " elements");
    for (std::size_t i = 0; i < value.size(); ++i)
        if (auto complaint =
                check(shape.element.front(), value[i], path + "[" + std::to_string(i) + "]"))
            return complaint;
    return std::nullopt;
}

Complaint check_map(const Shape& shape, const json& value, const std::string& path) {
    if (!value.is_object()) return said(path, "must be an object");
    if (shape.most > 0 && value.size() > shape.most)
        return said(path, "has more than " + std::to_string(shape.most) + " members");
    for (const auto& [name, element] : value.items())
        if (!element.is_string()) return said(beneath(path, name), "must be a text");
    return std::nullopt;
}

Complaint check(const Shape& shape, const json& value, const std::string& path) {
    if (shape.nullable && value.is_null()) return std::nullopt;
    switch (shape.kind) {
        case Kind::text:
        case Kind::one_of:
        case Kind::hex64:
        case Kind::timestamp:
            return check_text(shape, value, path);
        case Kind::integer:
            return check_integer(shape, value, path);
        case Kind::number:
            return value.is_number() ? std::nullopt : Complaint(said(path, "must be a number"));
        case Kind::boolean:
            return value.is_boolean() ? std::nullopt
                                      : Complaint(said(path, "must be true or false"));
        case Kind::object:
            return check_object(shape, value, path);
        case Kind::list:
            return check_list(shape, value, path);
        case Kind::map_of_text:
            return check_map(shape, value, path);
    }
    return std::nullopt;
}

}  // namespace

Complaint Shape::mismatch(const json& value) const { return check(*this, value, {}); }

Shape Shape::or_null() const {
    auto copy = *this;
    copy.nullable = true;
    return copy;
}

Shape text(std::size_t most) { return {.kind = Kind::text, .most = most}; }
Shape one_of(std::vector<std::string> words) {
    return {.kind = Kind::one_of, .words = std::move(words)};
}
Shape hex64() { return {.kind = Kind::hex64}; }
Shape timestamp() { return {.kind = Kind::timestamp}; }
Shape integer(std::int64_t least) { return {.kind = Kind::integer, .least = least}; }
Shape number() { return {.kind = Kind::number}; }
Shape boolean() { return {.kind = Kind::boolean}; }
Shape object(std::vector<Member> members) {
    return {.kind = Kind::object, .members = std::move(members)};
}
Shape any_object() { return {.kind = Kind::object}; }
Shape list(Shape element, std::size_t most) {
    return {.kind = Kind::list, .most = most, .element = {std::move(element)}};
}
Shape map_of_text(std::size_t most) { return {.kind = Kind::map_of_text, .most = most}; }
Member optional(std::string name, Shape shape) {
    return {std::move(name), std::move(shape), false};
}

}  // namespace bulkhead::reference
