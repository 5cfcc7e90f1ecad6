#include "cli/vet/param_use.hpp"

#include <algorithm>
#include <map>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::string_view kPrefix = "JOB_P_";

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

struct Use {
    unsigned line = 0;      // the first
    bool expanded = false;  // as $JOB_P_name or ${JOB_P_name...}
};

// By name; that of "JOB_P_$name" is empty.
using Uses = std::map<std::string, Use, std::less<>>;

void find_uses(std::string_view line, unsigned number, Uses& uses) {
    for (auto at = line.find(kPrefix); at != line.npos; at = line.find(kPrefix, at + 1)) {
        if (at > 0 && is_name_char(line[at - 1])) continue;
        const auto rest = line.substr(at + kPrefix.size());
        const auto end = std::find_if_not(rest.begin(), rest.end(), is_name_char);
        auto& use =
            uses.try_emplace(std::string(rest.begin(), end), Use{.line = number}).first->second;
        const auto before = line.substr(0, at);
        const bool expanded = before.ends_with("$") || before.ends_with("${") ||
                              before.ends_with("${#") || before.ends_with("${!");
        if (expanded && !use.expanded) use = {number, true};
    }
}

}  // namespace

std::vector<Remark> compare_params(std::string_view script,
                                   const std::vector<approval::ParamRule>& declared) {
    Uses uses;
    unsigned number = 0;
    for (const auto line : split(script, '\n')) {
        ++number;
        if (!trimmed(line).starts_with('#')) find_uses(line, number, uses);
    }
    std::vector<Remark> remarks;
    for (const auto& [name, use] : uses) {
        const auto same = [&](const auto& rule) { return rule.name == name; };
        if (!use.expanded || name.empty() || std::ranges::any_of(declared, same)) continue;
        const bool is_name = approval::is_param_name(name);
        remarks.push_back(
            {.line = use.line,
             .text = "uses JOB_P_" + quoted(name, 64) + ", which " +
                     (is_name ? "the manifest does not declare; add --param '" + name +
                                    " RULE', such as '" + name + " int:1..90'"
                              : "no parameter can be called: expected [a-z][a-z0-9_]{0,31}")});
    }
    if (uses.contains("")) return remarks;
    for (const auto& rule : declared) {
        if (uses.contains(rule.name)) continue;
        remarks.push_back({.text = "the manifest declares parameter " + rule.name +
                                   ", which the script does not use as JOB_P_" + rule.name});
    }
    return remarks;
}

}  // namespace bulkhead::cli
