// seccomp/*.seccomp: which system call is answered how.
#include <algorithm>

#include "common/policy/constants.hpp"
#include "common/policy/lines.hpp"
#include "common/policy/parse.hpp"

namespace bulkhead::policy {

namespace {

constexpr std::uint32_t kWhole = 0xffffffff;

bool is_call_name(std::string_view text) {
    return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == text.npos;
}

Result<> take_value(Condition& condition, Line& line) {
    const auto word = TRY(line.word("a number or a name"));
    const auto value = parse_value(word);
    if (!value) return line.wrong(value.error().what);
    condition.values.push_back(*value);
    condition.text.append(" ").append(word);
    return {};
}

// "is V", "in V...", "has BITS" (all of them) or "lacks BITS" (has none of them).
Result<Condition> take_test(unsigned argument, Line& line) {
    enum { is, in, has, lacks };
    static constexpr std::string_view kNames[] = {"is", "in", "has", "lacks"};
    const auto test = TRY(line.one_of({kNames[is], kNames[in], kNames[has], kNames[lacks]}));
    Condition condition{.argument = argument, .mask = kWhole, .values = {}, .text = {}};
    condition.text = "arg" + std::to_string(argument) + " " + std::string(kNames[test]);
    TRY(take_value(condition, line));
    while (test == in && line.more() && !line.next_is("and")) TRY(take_value(condition, line));
    if (test == is || test == in) return condition;
    condition.mask = condition.values[0];
    if (condition.mask == 0) return line.wrong("no bits to look for");
    if (test == lacks) condition.values[0] = 0;
    return condition;
}

bool exclude_each_other(const Condition& a, const Condition& b) {
    if (a.argument != b.argument) return false;
    const auto both = a.mask & b.mask;
    return std::all_of(a.values.begin(), a.values.end(), [&](auto one) {
        return std::none_of(b.values.begin(), b.values.end(),
                            [&](auto other) { return (one & both) == (other & both); });
    });
}

// Two lines about one call must not both match with different answers.
bool clash(const SyscallRule& a, const SyscallRule& b) {
    if (a.call != b.call) return false;
    if (a.conditions.empty() || b.conditions.empty()) return true;
    if (a.action == b.action) return false;
    return std::none_of(a.conditions.begin(), a.conditions.end(), [&](const Condition& one) {
        return std::any_of(b.conditions.begin(), b.conditions.end(),
                           [&](const Condition& other) { return exclude_each_other(one, other); });
    });
}

Result<Action> take_action(Line& line, Verdict verdict) {
    if (verdict != Verdict::error) return Action{verdict};
    const auto number = parse_errno(TRY(line.word("an error name, as EPERM")));
    if (!number) return line.wrong(number.error().what);
    return Action{verdict, *number};
}

Result<> take_rule(SeccompList& list, Verdict verdict, Line& line) {
    SyscallRule rule{.action = TRY(take_action(line, verdict)), .source = line.source()};
    rule.call = TRY(line.matching(is_call_name, "the name of a system call"));
    for (bool another = line.accept("if"); another; another = line.accept("and")) {
        const auto index = TRY(line.one_of({"arg0", "arg1", "arg2", "arg3", "arg4", "arg5"}));
        const auto argument = static_cast<unsigned>(index);
        // libseccomp takes one comparison of an argument in a rule.
        for (const auto& other : rule.conditions) {
            if (other.argument == argument) return line.wrong("this argument is tested twice");
        }
        rule.conditions.push_back(TRY(take_test(argument, line)));
    }
    for (const auto& other : list.rules) {
        if (!clash(other, rule)) continue;
        return line.wrong("contradicts or repeats line " + std::to_string(other.source.line));
    }
    list.rules.push_back(std::move(rule));
    return {};
}

Result<> take_default(SeccompList& list, Line& line) {
    static constexpr Verdict kVerdicts[] = {Verdict::kill, Verdict::error, Verdict::log,
                                            Verdict::allow};
    const auto verdict = kVerdicts[TRY(line.one_of({"kill", "errno", "log", "allow"}))];
    list.fallback = TRY(take_action(line, verdict));
    list.source = line.source();
    return {};
}

}  // namespace

Result<SeccompList> parse_seccomp(const std::string& file, std::string_view text) {
    SeccompList list;
    const auto rule = [&](Verdict verdict, std::string_view usage) -> Form {
        return {Form::Times::any, usage,
                [&list, verdict](Line& line) { return take_rule(list, verdict, line); }};
    };
    TRY(parse_lines(
        file, text,
        {{Form::Times::once, "default kill|errno NAME|log|allow",
          [&](Line& line) { return take_default(list, line); }},
         rule(Verdict::allow, "allow CALL [if argN is|in|has|lacks VALUE... [and ...]]"),
         rule(Verdict::error, "errno NAME CALL [if argN is|in|has|lacks VALUE... [and ...]]"),
         rule(Verdict::log, "log CALL [if argN is|in|has|lacks VALUE... [and ...]]"),
         rule(Verdict::kill, "kill CALL [if argN is|in|has|lacks VALUE... [and ...]]")}));
    return list;
}

}  // namespace bulkhead::policy
