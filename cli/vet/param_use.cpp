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
    bool asked = false;     // otherwise than by JOB_P_name=...
    bool assigned = false;
    unsigned certain = 0;  // the first line in which a shell certainly expands it; 0: there is none
};

// By name; that of "JOB_P_$name" is empty.
using Uses = std::map<std::string, Use, std::less<>>;

void take_line(std::string_view line, unsigned number, bool is_comment, Uses& uses) {
    for (auto at = line.find(kParamPrefix); at != line.npos; at = line.find(kParamPrefix, at + 1)) {
        if (at > 0 && is_name_char(line[at - 1])) continue;
        const auto rest = line.substr(at + kParamPrefix.size());
        const auto* const end = std::ranges::find_if_not(rest, is_name_char);
        const auto before = line.substr(0, at);
        const bool expanded = before.ends_with("$") || before.ends_with("${") ||
                              before.ends_with("${#") || before.ends_with("${!");
        if (is_comment && !expanded) continue;
        auto& use =
            uses.try_emplace(std::string(rest.begin(), end), Use{.line = number}).first->second;
        if (expanded && !use.expanded) use.line = number;
        use.expanded = use.expanded || expanded;
        const std::string_view after(end, rest.end());
        const bool sets = after.starts_with('=') || after.starts_with("+=");
        (sets ? use.assigned : use.asked) = true;
    }
}

// The uses in a text whose language is not read here. Where it is a shell's, and not understood, a
// line that begins with "#" may be one of a here-document.
Uses uses_of_text(std::string_view script, bool shell) {
    Uses uses;
    unsigned number = 0;
    for (const auto line : split(script, '\n')) {
        ++number;
        const bool comment = trimmed(line).starts_with('#');
        if (shell || !comment) take_line(line, number, comment, uses);
    }
    return uses;
}

Uses uses_of(const Expansions& found) {
    using enum Expansion::Kind;
    Uses uses;
    for (const auto& one : found.list) {
        auto& use = uses.try_emplace(one.name, Use{.line = one.line}).first->second;
        const bool expanded = one.kind == plain || one.kind == guarded;
        if (expanded && !use.expanded) use.line = one.line;
        use.expanded = use.expanded || expanded;
        (one.kind == assigned ? use.assigned : use.asked) = true;
    }
    const auto may_be_any = [](const auto& one) { return one.name.empty() && one.kind != guarded; };
    if (std::ranges::any_of(found.list, may_be_any)) return uses;
    for (const auto& one : found.list) {
        auto& use = uses[one.name];
        if (one.kind == plain && use.certain == 0) use.certain = one.line;
    }
    // The script sets it somewhere, or says what to do without it.
    for (const auto& one : found.list) {
        if (one.kind != plain && one.kind != text) uses[one.name].certain = 0;
    }
    return uses;
}

Uses uses_in(std::string_view script, bool shell) {
    if (!shell) return uses_of_text(script, false);
    const auto found = find_expansions(script);
    return found.understood ? uses_of(found) : uses_of_text(script, true);
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
    const bool shell = is_shell(interpreter);
    const auto uses = uses_in(script, shell);
    std::vector<Remark> remarks;
    for (const auto& [name, use] : uses) {
        const auto same = [&](const auto& rule) { return rule.name == name; };
        if (name.empty() || std::ranges::any_of(declared, same)) continue;
        if (shell && !use.expanded && (use.assigned || !use.asked)) continue;
        if (remarks.size() == kMaxRemarks) break;
        remarks.push_back({.line = use.certain == 0 ? use.line : use.certain,
                           .text = undeclared(name, use.certain != 0),
                           .fault = use.certain != 0});
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
