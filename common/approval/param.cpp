#include "common/approval/param.hpp"

#include <limits>
#include <utility>

#include "common/approval/lexical.hpp"
#include "common/approval/odd_text.hpp"
#include "common/base/text.hpp"
#include "common/base/utf8.hpp"

namespace bulkhead::approval {

namespace {

using std::string;
using std::string_view;

constexpr std::size_t kMaxValue = 512;  // bytes
constexpr string_view kBlankClass = "[:blank:]";
constexpr string_view kLetterClass = "[:letter:]";

// Takes a class such as [:blank:] from the front of `text`, if one stands there.
Result<bool> take_named_class(string_view& text, ParamRule& param) {
    const auto end = text.starts_with("[:") ? text.find(":]") : text.npos;
    if (end == text.npos) return false;
    const auto name = text.substr(0, end + 2);
    if (name == kBlankClass) {
        param.allowed.set(' ');
    } else if (name == kLetterClass) {
        param.letters = true;
    } else {
        return fail("unknown class " + quoted(name, 32) + "; there are [:blank:] and [:letter:]");
    }
    text.remove_prefix(name.size());
    return true;
}

Result<> parse_class(string_view text, unsigned format, ParamRule& param) {
    if (text.empty()) return fail("empty character class");
    for (bool first = true; !text.empty(); first = false) {
        if (format > 1 && TRY(take_named_class(text, param))) continue;
        const char c = text[0];
        if (c == '-' && !first && text.size() > 1) {
            return fail(
                "a minus sign in a class stands first, last or between two ends of a range");
        }
        const bool range = c != '-' && text.size() > 2 && text[1] == '-';
        const char last = range ? text[2] : c;
        if (range && (last == '-' || last <= c)) return fail("a range in the class runs backwards");
        for (char one = c; one <= last; ++one) param.allowed.set(static_cast<std::size_t>(one));
        text.remove_prefix(range ? 3 : 1);
    }
    return {};
}

// A class of "text" must not hold what a shell may execute. Ranges such as A-z hold some of it.
Result<> require_harmless(const ParamRule& param) {
    string held;
    for (const char c : kExecuted) {
        if (param.allowed.test(static_cast<std::size_t>(c)))
            held += (held.empty() ? "" : " ") + string(1, c);
    }
    if (held.empty()) return {};
    return fail("the class holds " + held +
                ", which a shell can execute even from a quoted variable (a range such as A-z "
                "holds [ \\ and `). Leave that out, or write text-raw: in place of text:");
}

bool is_word_char(char c) { return is_alnum(c) || string_view("._-").contains(c); }
bool is_path_char(char c) { return is_alnum(c) || string_view("._+@-").contains(c); }

// Says what is wrong with an absolute path, if something is. Each file has one such spelling only.
Result<> require_plain(string_view path) {
    if (!path.starts_with('/') || path.size() > kMaxValue) {
        return fail("expected an absolute path of at most 512 bytes");
    }
    for (const auto part : split(path.substr(1), '/')) {
        if (part.empty()) return fail("has an empty part: write one slash, and none at the end");
        if (part == "." || part == "..") return fail("has a part \"" + string(part) + "\"");
        if (part.starts_with('-')) return fail("has a part that begins with a minus sign");
        if (!is_word(part, 255, is_path_char, is_path_char)) {
            return fail("expected parts of letters, digits and . _ + @ -");
        }
    }
    return {};
}

Result<> parse_text(string_view limits, unsigned format, ParamRule& param) {
    const auto colon = limits.find(':');
    if (colon == limits.npos) return fail("expected text:max:class");
    param.kind = ParamRule::Kind::text;
    param.max_length = TRY(plain_number<std::size_t>(limits.substr(0, colon), 1, kMaxValue));
    TRY(parse_class(limits.substr(colon + 1), format, param));
    if (format > 1 && !param.raw) TRY(require_harmless(param));
    return {};
}

Result<> parse_integer(string_view limits, ParamRule& param) {
    const auto dots = limits.find("..");
    if (dots == limits.npos) return fail("expected int:min..max");
    using Limits = std::numeric_limits<std::int64_t>;
    param.kind = ParamRule::Kind::integer;
    param.min = TRY(plain_number(limits.substr(0, dots), Limits::min(), Limits::max()));
    param.max = TRY(plain_number(limits.substr(dots + 2), param.min, Limits::max()));
    return {};
}

Result<> parse_choices(string_view list, ParamRule& param) {
    param.kind = ParamRule::Kind::choice;
    for (const auto choice : split(list, '|')) {
        if (choice.empty()) return fail("empty choice");
        param.choices.emplace_back(choice);
    }
    return {};
}

Result<> parse_kind_of_v2(string_view rule, ParamRule& param) {
    if (rule == "word") {
        param.kind = ParamRule::Kind::word;
        return {};
    }
    if (rule.starts_with("path:")) {
        param.kind = ParamRule::Kind::path;
        param.prefix = rule.substr(5);
        return within("the directory", require_plain(param.prefix));
    }
    param.raw = rule.starts_with("text-raw:");
    if (param.raw) return parse_text(rule.substr(9), 2, param);
    return fail("expected int:, enum:, word, path:, text: or text-raw:");
}

Result<> check_text(const ParamRule& rule, string_view value) {
    const auto bounds = "expected 1.." + std::to_string(rule.max_length) + " characters";
    const auto most = rule.letters ? kMaxValue : rule.max_length;
    if (value.empty() || value.size() > most) return fail(bounds);
    if (value.starts_with('-')) return fail("begins with a minus sign");
    std::size_t length = 0;
    for (auto rest = value; !rest.empty(); ++length) {
        const auto [point, size] = first_char(rest);
        const bool ascii = size == 1;
        if (!(ascii ? rule.allowed.test(point) : rule.letters && is_letter(point))) {
            const auto shown = rest.substr(0, rule.letters ? std::max<std::size_t>(size, 1) : 1);
            return fail("character \"" + quoted(shown) + "\" is not allowed");
        }
        rest.remove_prefix(size);
    }
    if (length > rule.max_length) return fail(bounds);
    if (value.starts_with(' ') || value.ends_with(' ')) return fail("begins or ends with a blank");
    const auto odd = find_odd_text(value);
    return odd.count == 0 ? Result<>() : fail(in_words(odd.first[0]));
}

Result<> check_path(const ParamRule& rule, string_view value) {
    TRY(require_plain(value));
    const bool beneath = value.starts_with(rule.prefix) && value.size() > rule.prefix.size() &&
                         value[rule.prefix.size()] == '/';
    return beneath ? Result<>() : fail("not beneath " + rule.prefix);
}

}  // namespace

bool is_param_name(string_view text) {
    return is_word(text, 32, is_lower,
                   [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

bool is_letter(char32_t point) {
    constexpr std::pair<char32_t, char32_t> kLetters[] = {
        {0xc0, 0xd6},     {0xd8, 0xf6},     {0xf8, 0x24f},    {0x386, 0x386},   {0x388, 0x3f5},
        {0x3f7, 0x481},   {0x48a, 0x52f},   {0x531, 0x556},   {0x561, 0x587},   {0x5d0, 0x5ea},
        {0x620, 0x64a},   {0x671, 0x6d3},   {0xe01, 0xe30},   {0xe32, 0xe33},   {0xe40, 0xe46},
        {0x10d0, 0x10fa}, {0x1e00, 0x1eff}, {0x3005, 0x3006}, {0x3041, 0x3096}, {0x30a1, 0x30fa},
        {0x30fc, 0x30fe}, {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xac00, 0xd7a3}, {0x20000, 0x323af}};
    return std::any_of(std::begin(kLetters), std::end(kLetters), [&](const auto& range) {
        return range.first <= point && point <= range.second;
    });
}

Result<ParamRule> parse_param_rule(string_view name, string_view rule, unsigned format) {
    ParamRule param{.name = string(name), .rule = string(rule)};
    if (!is_param_name(name)) return fail("name: expected [a-z][a-z0-9_]{0,31}");
    const auto graphic = [](char c) { return c > 0x20 && c < 0x7f; };
    if (!std::all_of(rule.begin(), rule.end(), graphic)) return fail("blank in a rule");
    if (rule.starts_with("int:")) {
        TRY(parse_integer(rule.substr(4), param));
    } else if (rule.starts_with("enum:")) {
        TRY(parse_choices(rule.substr(5), param));
    } else if (rule.starts_with("text:")) {
        TRY(parse_text(rule.substr(5), format, param));
    } else {
        const auto parsed = parse_kind_of_v2(rule, param);
        if (format > 1) TRY(parsed);
        if (parsed && format == 1) return fail("this rule needs a manifest of bulkhead-job v2");
        if (format == 1) return fail("expected int:, enum: or text:");
    }
    return param;
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
            return check_text(rule, value);
        case ParamRule::Kind::word:
            if (is_word(value, 64, is_alnum, is_word_char)) return {};
            return fail("expected [A-Za-z0-9][A-Za-z0-9._-]{0,63}");
        case ParamRule::Kind::path:
            return check_path(rule, value);
    }
    return fail("unknown kind of parameter");
}

}  // namespace bulkhead::approval
