#include "common/approval/param.hpp"

#include <limits>

#include "common/approval/lexical.hpp"
#include "common/base/text.hpp"

namespace bulkhead::approval {

namespace {

using std::string_view;

Result<std::bitset<128>> parse_class(string_view text) {
    if (text.empty()) return fail("empty character class");
    std::bitset<128> allowed;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '-' && i != 0 && i + 1 != text.size()) {
            return fail(
                "a minus sign in a class stands first, last or between two ends of a range");
        }
        auto last = text[i];
        if (text[i] != '-' && i + 2 < text.size() && text[i + 1] == '-') {
            last = text[i + 2];
            if (last == '-' || last <= text[i]) return fail("a range in the class runs backwards");
        }
        for (char c = text[i]; c <= last; ++c) allowed.set(static_cast<std::size_t>(c));
        if (last != text[i]) i += 2;
    }
    return allowed;
}

}  // namespace

bool is_param_name(string_view text) {
    return is_word(text, 32, is_lower,
                   [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

Result<ParamRule> parse_param_rule(string_view name, string_view rule) {
    ParamRule param{.name = std::string(name), .rule = std::string(rule)};
    if (!is_param_name(name)) return fail("name: expected [a-z][a-z0-9_]{0,31}");
    const auto graphic = [](char c) { return c > 0x20 && c < 0x7f; };
    if (!std::all_of(rule.begin(), rule.end(), graphic)) return fail("blank in a rule");
    if (rule.starts_with("int:")) {
        const auto dots = rule.find("..");
        if (dots == rule.npos) return fail("expected int:min..max");
        using Limits = std::numeric_limits<std::int64_t>;
        param.kind = ParamRule::Kind::integer;
        param.min = TRY(plain_number(rule.substr(4, dots - 4), Limits::min(), Limits::max()));
        param.max = TRY(plain_number(rule.substr(dots + 2), param.min, Limits::max()));
        return param;
    }
    if (rule.starts_with("enum:")) {
        param.kind = ParamRule::Kind::choice;
        for (const auto choice : split(rule.substr(5), '|')) {
            if (choice.empty()) return fail("empty choice");
            param.choices.emplace_back(choice);
        }
        return param;
    }
    if (rule.starts_with("text:")) {
        const auto colon = rule.find(':', 5);
        if (colon == rule.npos) return fail("expected text:max:class");
        param.kind = ParamRule::Kind::text;
        param.max_length = TRY(plain_number<std::size_t>(rule.substr(5, colon - 5), 1, 512));
        param.allowed = TRY(parse_class(rule.substr(colon + 1)));
        return param;
    }
    return fail("expected int:, enum: or text:");
}

Result<> check_param(const ParamRule& rule, string_view value) {
    switch (rule.kind) {
        case ParamRule::Kind::integer:
            TRY(plain_number(value, rule.min, rule.max));
            return {};
        case ParamRule::Kind::choice:
            if (std::find(rule.choices.begin(), rule.choices.end(), value) != rule.choices.end()) {
                return {};
            }
            return fail("not one of the choices");
        case ParamRule::Kind::text:
            if (value.empty() || value.size() > rule.max_length) {
                return fail("expected 1.." + std::to_string(rule.max_length) + " characters");
            }
            if (value.starts_with('-')) return fail("begins with a minus sign");
            for (const char c : value) {
                const auto code = static_cast<unsigned char>(c);
                if (code >= 128 || !rule.allowed.test(code)) {
                    return fail("character \"" + quoted({&c, 1}) + "\" is not allowed");
                }
            }
            return {};
    }
    return fail("unknown kind of parameter");
}

}  // namespace bulkhead::approval
