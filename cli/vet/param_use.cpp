#include "cli/vet/param_use.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "cli/vet/expansions.hpp"
#include "common/base/parse.hpp"
#include "common/base/text.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::size_t kMaxRemarks = 50;

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
    for (auto at = line.find(kParamPrefix); at != line.npos; at = line.find(kParamPrefix, at + 1)) {
        if (at > 0 && is_name_char(line[at - 1])) continue;
        const auto rest = line.substr(at + kParamPrefix.size());
        const auto end = std::find_if_not(rest.begin(), rest.end(), is_name_char);
        auto& use =
            uses.try_emplace(std::string(rest.begin(), end), Use{.line = number}).first->second;
        const auto before = line.substr(0, at);
        const bool expanded = before.ends_with("$") || before.ends_with("${") ||
                              before.ends_with("${#") || before.ends_with("${!");
        if (expanded && !use.expanded) use = {number, true};
    }
}

// For each variable the first line in which a shell certainly expands it; 0 if the script sets it
// somewhere, or says what to do without it.
std::map<std::string, unsigned, std::less<>> certain_lines(const Expansions& found) {
    std::map<std::string, unsigned, std::less<>> lines;
    if (!found.understood) return lines;
    for (const auto& one : found.list) {
        auto& line = lines.try_emplace(one.name, one.line).first->second;
        if (one.kind != Expansion::Kind::plain) line = 0;
    }
    return lines;
}

std::string undeclared(const std::string& name, bool certain) {
    const auto variable = std::string(kParamPrefix) + quoted(name, 64);
    if (!approval::is_param_name(name)) {
        return "uses " + variable +
               ", which no parameter can be called: expected [a-z][a-z0-9_]{0,31}";
    }
    return "uses " + variable + ", which the manifest does not declare; add --param '" + name +
           " RULE', such as '" + name + " int:1..90'" +
           (certain ? ", or write ${" + variable + ":-} where the script does without it" : "");
}

}  // namespace

std::vector<Remark> compare_params(std::string_view script, const std::string& interpreter,
                                   const std::vector<approval::ParamRule>& declared) {
    Uses uses;
    unsigned number = 0;
    for (const auto line : split(script, '\n')) {
        ++number;
        if (!trimmed(line).starts_with('#')) find_uses(line, number, uses);
    }
    const bool shell = is_shell(interpreter);
    const auto certain = certain_lines(shell ? find_expansions(script) : Expansions{});
    std::vector<Remark> remarks;
    for (const auto& [name, use] : uses) {
        const auto same = [&](const auto& rule) { return rule.name == name; };
        if (name.empty() || std::ranges::any_of(declared, same)) continue;
        const auto at = certain.find(name);
        const auto line = at == certain.end() ? 0 : at->second;
        if (shell && !use.expanded && line == 0) continue;
        if (remarks.size() == kMaxRemarks) break;
        remarks.push_back({.line = line == 0 ? use.line : line,
                           .text = undeclared(name, line != 0),
                           .fault = line != 0});
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
