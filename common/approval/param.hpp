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
//   int:MIN..MAX        a decimal number of 64 bits, without plus sign and leading zeros
//   enum:A|B|...        one of these words
//   text:MAX:CLASS      1..MAX characters (at most 512, and 512 bytes) of CLASS, a list of
//                       characters and ranges such as "a-z0-9._-" in which a minus sign comes first
//                       or last. A value must not begin with a minus sign, because a program would
//                       take it for an option.
// The rules of a manifest of format v1 end here. Format v2 has more:
//   text:MAX:CLASS      In CLASS, [:blank:] is the blank (U+0020), and [:letter:] the letters
//                       outside ASCII: see is_letter(). A value neither begins nor ends with a
//                       blank, and has nothing of find_odd_text(). CLASS must hold none of
//                       kExecuted.
//   text-raw:MAX:CLASS  the same, and CLASS may hold these
//   word                [A-Za-z0-9][A-Za-z0-9._-]{0,63}
//   path:PREFIX         an absolute path beneath the directory PREFIX, of at most 512 bytes: its
//                       parts are of [A-Za-z0-9._+@-], none is empty, "." or "..", and none begins
//                       with a minus sign. Where it leads is for broker/jobs/path_param.hpp.
struct ParamRule {
    enum class Kind { integer, choice, text, word, path };

    std::string name;  // [a-z][a-z0-9_]{0,31}
    std::string rule;  // the text of the rule as in the manifest
    Kind kind = Kind::choice;
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::vector<std::string> choices;
    std::size_t max_length = 0;  // characters
    std::bitset<128> allowed;
    bool letters = false;  // [:letter:] is among `allowed`
    bool raw = false;      // text-raw
    std::string prefix;    // of a path
};

// Characters with which a shell begins an expansion or a command, once a value is read as code: by
// eval, in arithmetic ([[ $x -gt 1 ]], (( )), array subscripts), by `test -v` or `printf -v`, or by
// programs such as awk and sed. Quotes around the variable do not prevent that.
inline constexpr std::string_view kExecuted = "$`[({;&|<>\\";

// `name` must be a parameter name, and `rule` a rule as above without blanks. `format` is that of
// the manifest, 1 or 2.
Result<ParamRule> parse_param_rule(std::string_view name, std::string_view rule,
                                   unsigned format = 1);
// An error says why `value` does not fulfil `rule`.
Result<> check_param(const ParamRule& rule, std::string_view value);

// [a-z][a-z0-9_]{0,31}
bool is_param_name(std::string_view text);

// Letters outside ASCII of the Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic, Thai, Georgian,
// Japanese, Chinese and Korean scripts, each of one code point: combining marks are none.
bool is_letter(char32_t point);

}  // namespace bulkhead::approval
