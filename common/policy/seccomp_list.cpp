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

Result<std::uint32_t> take_value(Line& line) {
    const auto value = parse_value(TRY(line.word("a number or a name")));
    if (!value) return line.wrong(value.error().what);
    return *value;
}

// "is V", "in V...", "has BITS", "lacks BITS", after the argument.
Result<Condition> take_test(unsigned argument, Line& line) {
    if (line.accept("is")) return Condition{argument, kWhole, {TRY(take_value(line))}};
    if (line.accept("in")) {
        Condition condition{argument, kWhole, {TRY(take_value(line))}};
        while (line.more() && !line.next_is("and")) {
            condition.values.push_back(TRY(take_value(line)));
        }
        return condition;
    }
    const auto test = TRY(line.word("is, in, has or lacks"));
    if (test != "has" && test != "lacks") return line.wrong("expected is, in, has or lacks");
    const auto bits = TRY(take_value(line));
    if (bits == 0) return line.wrong("no bits to look for");
    return Condition{argument, bits, {test == "has" ? bits : 0}};
}

// A filter compares each argument once; "has A" and "lacks B" of one argument become one
// comparison.
Result<> add_condition(std::vector<Condition>& all, Condition added, const Line& line) {
    for (auto& known : all) {
        if (known.argument != added.argument) continue;
        if (known.values.size() != 1 || (known.mask & added.mask) != 0) {
            return line.wrong("the same bits of this argument are tested twice");
        }
        known.mask |= added.mask;
        known.values[0] |= added.values[0];
        return {};
    }
    all.push_back(std::move(added));
    return {};
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

template <Verdict V>
Result<Action> action_of(Line& line) {
    if constexpr (V != Verdict::error) return Action{V};
    const auto number = parse_errno(TRY(line.word("an error name, as EPERM")));
    if (!number) return line.wrong(number.error().what);
    return Action{V, *number};
}

template <Verdict V>
Result<> take_rule(SeccompList& list, Line& line) {
    SyscallRule rule{.action = TRY(action_of<V>(line)), .source = line.source()};
    rule.call = TRY(line.matching(is_call_name, "the name of a system call"));
    for (bool another = line.accept("if"); another; another = line.accept("and")) {
        const auto name = TRY(line.word("arg0 to arg5"));
        if (name.size() != 4 || !name.starts_with("arg") || name[3] < '0' || name[3] > '5') {
            return line.wrong("expected arg0 to arg5");
        }
        auto condition = TRY(take_test(static_cast<unsigned>(name[3] - '0'), line));
        TRY(add_condition(rule.conditions, std::move(condition), line));
    }
    for (const auto& other : list.rules) {
        if (!clash(other, rule)) continue;
        return line.wrong("contradicts or repeats line " + std::to_string(other.source.line));
    }
    list.rules.push_back(std::move(rule));
    return {};
}

Result<> take_default(SeccompList& list, Line& line) {
    list.source = line.source();
    if (line.accept("kill")) {
        list.fallback = {Verdict::kill};
    } else if (line.accept("allow")) {
        list.fallback = {Verdict::allow};
    } else if (line.accept("log")) {
        list.fallback = {Verdict::log};
    } else {
        static_cast<void>(TRY(
            line.matching([](auto word) { return word == "errno"; }, "kill, errno, log or allow")));
        list.fallback = TRY(action_of<Verdict::error>(line));
    }
    return {};
}

constexpr Form<SeccompList> kForms[] = {
    {"default", true, "default kill|errno NAME|log|allow", take_default},
    {"allow", false, "allow CALL [if argN is|in|has|lacks VALUE [and ...]]",
     take_rule<Verdict::allow>},
    {"errno", false, "errno NAME CALL [if argN is|in|has|lacks VALUE [and ...]]",
     take_rule<Verdict::error>},
    {"log", false, "log CALL [if argN is|in|has|lacks VALUE [and ...]]", take_rule<Verdict::log>},
    {"kill", false, "kill CALL [if argN is|in|has|lacks VALUE [and ...]]",
     take_rule<Verdict::kill>},
};

}  // namespace

Result<SeccompList> parse_seccomp(const std::string& file, std::string_view text) {
    SeccompList list;
    TRY(parse_lines(file, text, list, kForms));
    return list;
}

}  // namespace bulkhead::policy
