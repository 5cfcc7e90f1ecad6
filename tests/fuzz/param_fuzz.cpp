// The first line is a rule as a manifest has it after "param ", every other line a value that the
// backend sends. What is let through is what the rule says, judged a second time and in other
// words.
#include <algorithm>

#include "common/approval/param.hpp"
#include "common/base/parse.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;
using approval::ParamRule;

namespace {

bool fits(const ParamRule& rule, std::string_view value) {
    switch (rule.kind) {
        case ParamRule::Kind::integer: {
            const auto number = parse_number<std::int64_t>(value);
            return number && std::to_string(*number) == value && rule.min <= *number &&
                   *number <= rule.max;
        }
        case ParamRule::Kind::choice:
            return ("|" + rule.rule.substr(5) + "|").contains("|" + std::string(value) + "|") &&
                   !value.contains('|');
        case ParamRule::Kind::text:
            return value.size() <= rule.max_length && rule.max_length <= 512 && value[0] != '-';
    }
    return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto lines = split(fuzz::text(data, size), '\n');
    const auto blank = std::min(lines[0].find(' '), lines[0].size());
    const auto name = lines[0].substr(0, blank);
    const auto text = lines[0].substr(std::min(blank + 1, lines[0].size()));
    const auto rule = approval::parse_param_rule(name, text);
    if (!rule) {
        fuzz::require(!rule.error().what.empty());
        return 0;
    }
    fuzz::require(rule->name == name && rule->rule == text && rule->min <= rule->max);
    for (const auto value : lines) {
        if (!approval::check_param(*rule, value)) continue;
        // It becomes an environment variable of a job: never empty, a blank or a control character.
        const auto graphic = [](char c) { return c > 0x20 && c < 0x7f; };
        fuzz::require(!value.empty() && std::all_of(value.begin(), value.end(), graphic));
        fuzz::require(fits(*rule, value));
    }
    return 0;
}
