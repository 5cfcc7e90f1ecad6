// Typed parameters of a job: the manifest declares what a value may be, the backend only fills it
// in.
#pragma once
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::approval {

// What a parameter may be; "param path enum:/var/cache|/var/tmp" has the text after "path ".
//   int:MIN..MAX      a whole decimal number, written without sign or zeros it does not need
//   enum:A|B|...      one of these words
//   text:MAX:CLASS    1..MAX characters (at most 512) of CLASS, which lists characters and ranges
//   ("a-z0-9._-"; a
//                     minus sign stands first or last); never beginning with a minus sign, so that
//                     a value cannot pose as an option
struct ParamRule {
    enum class Kind { integer, choice, text };

    std::string name;  // [a-z][a-z0-9_]{0,31}
    std::string rule;  // as written
    Kind kind = Kind::choice;
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::vector<std::string> choices;
    std::size_t max_length = 0;
    std::bitset<128> allowed;
};

Result<ParamRule> parse_param_rule(std::string_view name, std::string_view rule);
Result<> check_param(const ParamRule& rule, std::string_view value);

bool is_param_name(std::string_view text);

}  // namespace bulkhead::approval
