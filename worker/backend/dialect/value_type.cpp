#include "worker/backend/dialect/value_type.hpp"

#include <algorithm>
#include <array>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

namespace {

using Kind = ValueType::Kind;
using std::chrono::milliseconds;

struct Unit {
    std::string_view name;
    std::uint64_t size;
};
// The largest first, so that a bound is told in the largest unit that holds it whole.
constexpr std::array<Unit, 4> kTimes{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizes{{{"GiB", 1_GiB}, {"MiB", 1_MiB}, {"KiB", 1_KiB}, {"", 1}}};

std::string in_unit(std::uint64_t quantity, std::span<const Unit> units) {
    const auto whole = [quantity](const Unit& unit) { return quantity % unit.size == 0; };
    const auto unit = std::ranges::find_if(units, whole);
    return std::to_string(quantity / unit->size) + std::string(unit->name);
}

std::string bound_in_words(Kind kind, std::uint64_t bound) {
    if (kind == Kind::duration) return in_unit(bound, kTimes);
    if (kind == Kind::bytes) return in_unit(bound, kSizes);
    return std::to_string(bound);
}

std::string joined(std::span<const std::string_view> choices, std::string_view last) {
    std::string all;
    for (const auto& choice : choices) {
        if (!all.empty()) all += &choice == &choices.back() ? last : ", ";
        all += choice;
    }
    return all;
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
    for (const auto& unit : kSizes) {
        if (!text.ends_with(unit.name)) continue;
        const auto digits = text.substr(0, text.size() - unit.name.size());
        // 32 bits, so that the product fits into 64.
        const auto count = parse_number<std::uint32_t>(digits);
        const auto whole = parse_number<std::uint64_t>(digits);
        if (unit.size == 1 && whole) return *whole;
        if (count) return *count * unit.size;
    }
    return fail("not a size; write 4096, 512KiB, 64MiB or 2GiB");
}

Result<std::uint64_t> parse_unbounded(Kind kind, std::string_view text) {
    if (kind == Kind::duration) return static_cast<std::uint64_t>(TRY(parse_span(text)).count());
    if (kind == Kind::bytes) return parse_bytes(text);
    return TRY(parse_number<std::uint32_t>(text));
}

Result<> check_path(const ValueType& type, std::string_view text) {
    if (text.starts_with('/')) return {};
    return fail(type.may_be_empty ? "must be an absolute path, or empty"
                                  : "must be an absolute path");
}

Result<> check_url(std::string_view text) {
    TRY(parse_url(text));
    return {};
}

Result<> check_boolean(std::string_view text) {
    // YAML's other words for them are refused, so that "no" is not a surprise.
    if (text == "true" || text == "false") return {};
    return fail("write true or false");
}

}  // namespace

std::string in_words(const ValueType& type) {
    switch (type.kind) {
        case Kind::text:
            return "text";
        case Kind::words:
            return "words";
        case Kind::globs:
            return "patterns";
        case Kind::url:
            return "https://host[:port][/path]";
        case Kind::path:
            return "path";
        case Kind::paths:
            return "paths or globs";
        case Kind::boolean:
            return "true, false";
        case Kind::choice:
            return joined(type.choices, ", ");
        case Kind::duration:
        case Kind::bytes:
        case Kind::count:
            break;
    }
    return bound_in_words(type.kind, type.least) + ".." + bound_in_words(type.kind, type.most);
}

Result<> check_value(const ValueType& type, std::string_view text) {
    if (text.empty() && type.may_be_empty) return {};
    switch (type.kind) {
        case Kind::text:
        case Kind::words:
        case Kind::globs:
            return {};
        case Kind::url:
            return check_url(text);
        case Kind::path:
            return check_path(type, text);
        case Kind::paths:
            for (const auto path : split(text, ':')) TRY(check_path(type, path));
            return {};
        case Kind::boolean:
            return check_boolean(text);
        case Kind::choice:
            TRY(parse_choice(type, text));
            return {};
        case Kind::duration:
        case Kind::bytes:
        case Kind::count:
            break;
    }
    TRY(parse_quantity(type, text));
    return {};
}

Result<std::uint64_t> parse_quantity(const ValueType& type, std::string_view text) {
    const auto quantity = TRY(parse_unbounded(type.kind, text));
    if (quantity >= type.least && quantity <= type.most) return quantity;
    return fail("must be " + in_words(type));
}

Result<std::size_t> parse_choice(const ValueType& type, std::string_view text) {
    const auto found = std::ranges::find(type.choices, text);
    if (found == type.choices.end()) return fail("expected " + joined(type.choices, " or "));
    return static_cast<std::size_t>(found - type.choices.begin());
}

Result<> parse_into(const ValueType& type, std::string_view text, std::string& into) {
    TRY(check_value(type, text));
    into = text;
    return {};
}

Result<> parse_into(const ValueType& type, std::string_view text, Secret& into) {
    TRY(check_value(type, text));
    into = Secret(std::string(text));
    return {};
}

Result<> parse_into(const ValueType& type, std::string_view text, bool& into) {
    TRY(check_value(type, text));
    into = text == "true";
    return {};
}

Result<> parse_into(const ValueType& type, std::string_view text, std::vector<std::string>& into) {
    TRY(check_value(type, text));
    const auto parts = type.kind == Kind::paths ? split(text, ':') : words(text);
    into.assign(parts.begin(), parts.end());
    return {};
}

Result<> parse_into(const ValueType& type, std::string_view text, milliseconds& into) {
    into = milliseconds(TRY(parse_quantity(type, text)));
    return {};
}

Result<> parse_into(const ValueType& type, std::string_view text, std::chrono::seconds& into) {
    into = std::chrono::floor<std::chrono::seconds>(milliseconds(TRY(parse_quantity(type, text))));
    return {};
}

Result<milliseconds> parse_span(std::string_view text) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    milliseconds sum{0};
    do {
        const auto unit = std::ranges::find_if_not(text, digit);
        const auto next = std::find_if(unit, text.end(), digit);
        const auto length = static_cast<std::size_t>(next - text.begin());
        sum += TRY(parse_duration(text.substr(0, length)));
        text.remove_prefix(length);
    } while (!text.empty());
    return sum;
}

}  // namespace bulkhead::worker
