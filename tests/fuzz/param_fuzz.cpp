// The first line is a rule as a manifest has it after "param ", every other line a value that the
// backend sends. What is let through is what the rule says, judged a second time and in other
// words. Each input is taken as of both formats of the manifest.
#include <algorithm>
#include <filesystem>

#include "common/approval/odd_text.hpp"
#include "common/approval/param.hpp"
#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;
using approval::ParamRule;

namespace {

bool fits_text(const ParamRule& rule, std::string_view value, unsigned format) {
    const bool named = format > 1 && rule.rule.contains("[:");
    const auto graphic = [](char c) { return c > 0x20 && c < 0x7f; };
    if (!named && !std::all_of(value.begin(), value.end(), graphic)) return false;
    const bool executed = value.find_first_of(approval::kExecuted) != value.npos;
    if (format > 1 && executed && !rule.rule.starts_with("text-raw:")) return false;
    return is_utf8(value) && approval::find_odd_text(value).count == 0 &&
           value.size() <= (named ? 512 : rule.max_length) && value[0] != '-' && value[0] != ' ';
}

bool fits_path(const ParamRule& rule, std::string_view value) {
    namespace fs = std::filesystem;
    const fs::path path(value), prefix(rule.rule.substr(5));
    const auto beneath = path.lexically_relative(prefix).string();
    return path.lexically_normal() == path && path.has_filename() && beneath != "." &&
           beneath != ".." && !beneath.starts_with("../") && value.size() <= 512;
}

bool fits(const ParamRule& rule, std::string_view value, unsigned format) {
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
            return fits_text(rule, value, format);
        case ParamRule::Kind::word:
            return format > 1 && value.size() <= 64 && value[0] != '-' && value[0] != '.' &&
                   value.find_first_of("/ \t$`[({;&|<>\\\"'*?!#~=%") == value.npos;
        case ParamRule::Kind::path:
            return format > 1 && fits_path(rule, value);
    }
    return false;
}

void try_as(unsigned format, std::string_view name, std::string_view text,
            const std::vector<std::string_view>& values) {
    const auto rule = approval::parse_param_rule(name, text, format);
    if (!rule) return fuzz::require(!rule.error().what.empty());
    fuzz::require(rule->name == name && rule->rule == text && rule->min <= rule->max);
    for (const auto value : values) {
        if (!approval::check_param(*rule, value)) continue;
        // It becomes an environment variable of a job: never empty, or a control character.
        const auto control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; };
        fuzz::require(!value.empty() && std::none_of(value.begin(), value.end(), control));
        fuzz::require(fits(*rule, value, format));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto lines = split(fuzz::text(data, size), '\n');
    const auto blank = std::min(lines[0].find(' '), lines[0].size());
    const auto name = lines[0].substr(0, blank);
    const auto text = lines[0].substr(std::min(blank + 1, lines[0].size()));
    for (const unsigned format : {1U, 2U}) try_as(format, name, text, lines);
    return 0;
}
