// Typed parameters of a job: the manifest declares the type, the backend sends a value of it.
#pragma once
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::approval {

// The rule of a parameter. In "param path enum:/var/cache|/var/tmp" it is the text after "path ".
//   int:MIN..MAX      a decimal number of 64 bits, without plus sign and leading zeros
//   enum:A|B|...      one of these words
//   text:MAX:CLASS    1..MAX characters (at most 512) of CLASS, a list of characters and ranges
//   such
//                     as "a-z0-9._-" in which a minus sign comes first or last. A value must not
//                     begin with a minus sign, because a program would take it for an option.
struct ParamRule {
    enum class Kind { integer, choice, text };

    std::string name;  // [a-z][a-z0-9_]{0,31}
    std::string rule;  // the text of the rule as in the manifest
    Kind kind = Kind::choice;
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::vector<std::string> choices;
    std::size_t max_length = 0;
    std::bitset<128> allowed;
};

// `name` must be a parameter name, and `rule` a rule as above without blanks.
Result<ParamRule> parse_param_rule(std::string_view name, std::string_view rule);
// An error says why `value` does not fulfil `rule`.
Result<> check_param(const ParamRule& rule, std::string_view value);

// [a-z][a-z0-9_]{0,31}
bool is_param_name(std::string_view text);

}  // namespace bulkhead::approval
