// Parses seccomp/*.seccomp: the action for each system call.
#include <algorithm>
#include <bit>
#include <utility>

#include "common/policy/constants.hpp"
#include "common/policy/lines.hpp"
#include "common/policy/parse.hpp"

namespace bulkhead::policy {

namespace {

constexpr std::uint64_t kWhole = 0xffffffff;
constexpr std::string_view kArguments = "arg0, arg1, arg2, arg3, arg4 or arg5";

bool is_call_name(std::string_view text) {
    return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == text.npos;
}

// Adds to `blocks` masks and values that together match everything that `block` matches, except
// `values`. `left` is the mask of the bits that `block` does not test yet. If `block` matches one
// of `values`, it is split in two by the highest of these bits.
void add_outside(std::vector<Bits>& blocks, const std::vector<Bits>& values, Bits block,
                 std::uint64_t left) {
    const auto holds = [&](const Bits& one) { return (one.value & block.mask) == block.value; };
    if (std::none_of(values.begin(), values.end(), holds)) {
        blocks.push_back(block);
        return;
    }
    if (left == 0) return;
    const auto bit = std::bit_floor(left);
    block.mask |= bit;
    add_outside(blocks, values, block, left & ~bit);
    block.value |= bit;
    add_outside(blocks, values, block, left & ~bit);
}

// Parses "argN" or "argN&BITS" into `condition`, and returns the mask of the bits that are tested.
Result<std::uint64_t> take_argument(Condition& condition, Line& line) {
    const auto word = TRY(line.word(kArguments));
    const auto argument = word.substr(0, word.find('&'));
    if (argument.size() != 4 || !argument.starts_with("arg") || argument[3] < '0' ||
        argument[3] > '5') {
        return line.wrong("expected " + std::string(kArguments));
    }
    condition.argument = static_cast<unsigned>(argument[3] - '0');
    condition.text = word;
    if (argument.size() == word.size()) return kWhole;
    const auto mask = parse_value(word.substr(argument.size() + 1));
    if (!mask) return line.wrong(mask.error().what);
    if (*mask == 0) return line.wrong("no bits to look at");
    return *mask;
}

// Adds the next word to `condition` as a value of the bits in `mask`, and to its text.
Result<> take_value(Condition& condition, std::uint64_t mask, Line& line) {
    const auto word = TRY(line.word("a number or a name"));
    const auto value = parse_value(word);
    if (!value) return line.wrong(value.error().what);
    if ((*value & ~mask) != 0) return line.wrong("has other bits than are looked at");
    condition.any_of.push_back({mask, *value});
    condition.text.append(" ").append(word);
    return {};
}

// Parses a condition: the argument, then "is V", "in V...", "not-in V...", "has BITS" (all are
// set), "lacks BITS" (none is set) or "null".
Result<Condition> take_test(Line& line) {
    enum { is, in, not_in, has, lacks, null };
    static constexpr std::string_view kNames[] = {"is", "in", "not-in", "has", "lacks", "null"};
    Condition condition;
    const auto mask = TRY(take_argument(condition, line));
    const bool all = mask == kWhole;
    const auto test = all ? TRY(line.one_of({kNames[is], kNames[in], kNames[not_in], kNames[has],
                                             kNames[lacks], kNames[null]}))
                          : TRY(line.one_of({kNames[is], kNames[in], kNames[not_in]}));
    condition.text.append(" ").append(kNames[test]);
    if (test == null) {
        condition.any_of.push_back({.mask = ~std::uint64_t{0}, .value = 0});
        return condition;
    }
    TRY(take_value(condition, mask, line));
    const bool several = test == in || test == not_in;
    while (several && line.more() && !line.next_is("and")) TRY(take_value(condition, mask, line));
    if (test == not_in) {
        const auto values = std::exchange(condition.any_of, {});
        add_outside(condition.any_of, values, {}, mask);
        if (condition.any_of.empty()) return line.wrong("no other value is left");
    }
    if (test == has || test == lacks) {
        auto& bits = condition.any_of[0];
        bits.mask = bits.value;
        if (bits.mask == 0) return line.wrong("no bits to look for");
        if (test == lacks) bits.value = 0;
    }
    return condition;
}

bool exclude_each_other(const Condition& a, const Condition& b) {
    if (a.argument != b.argument) return false;
    return std::all_of(a.any_of.begin(), a.any_of.end(), [&](const Bits& one) {
        return std::none_of(b.any_of.begin(), b.any_of.end(), [&](const Bits& other) {
            const auto both = one.mask & other.mask;
            return (one.value & both) == (other.value & both);
        });
    });
}

// True if both rules could match the same call with different actions, or if one has no condition
// and so repeats or overrides the other.
bool clash(const SyscallRule& a, const SyscallRule& b) {
    if (a.call != b.call) return false;
    if (a.conditions.empty() || b.conditions.empty()) return true;
    if (a.action == b.action) return false;
    return std::none_of(a.conditions.begin(), a.conditions.end(), [&](const Condition& one) {
        return std::any_of(b.conditions.begin(), b.conditions.end(),
                           [&](const Condition& other) { return exclude_each_other(one, other); });
    });
}

Result<Action> take_action(Line& line, SyscallAction kind) {
    if (kind != SyscallAction::error) return Action{kind};
    const auto number = parse_errno(TRY(line.word("an error name, as EPERM")));
    if (!number) return line.wrong(number.error().what);
    return Action{kind, *number};
}

Result<> take_rules(SeccompList& list, SyscallAction kind, Line& line) {
    SyscallRule rule{.action = TRY(take_action(line, kind)), .source = line.source()};
    std::vector<std::string> calls;
    do {
        calls.push_back(TRY(line.matching(is_call_name, "the name of a system call")));
    } while (line.more() && !line.next_is("if"));
    for (bool another = line.accept("if"); another; another = line.accept("and")) {
        auto condition = TRY(take_test(line));
        // A libseccomp rule has at most one comparison of each argument.
        for (const auto& other : rule.conditions) {
            if (other.argument != condition.argument) continue;
            return line.wrong("arg" + std::to_string(other.argument) + " is tested twice");
        }
        rule.conditions.push_back(std::move(condition));
    }
    for (auto& call : calls) {
        rule.call = std::move(call);
        for (const auto& other : list.rules) {
            if (!clash(other, rule)) continue;
            const auto& there = other.source;
            return line.wrong("contradicts or repeats " +
                              (there.file == rule.source.file ? "line " + std::to_string(there.line)
                                                              : there.at()) +
                              (calls.size() > 1 ? ": " + rule.call : ""));
        }
        list.rules.push_back(rule);
    }
    return {};
}

Result<> take_default(SeccompList& list, Line& line) {
    static constexpr SyscallAction kKinds[] = {SyscallAction::kill, SyscallAction::error,
                                               SyscallAction::log, SyscallAction::allow};
    const auto kind = kKinds[TRY(line.one_of({"kill", "errno", "log", "allow"}))];
    list.fallback = TRY(take_action(line, kind));
    list.source = line.source();
    return {};
}

}  // namespace

Result<SeccompList> parse_seccomp(const std::string& file, const Text& text) {
    SeccompList list;
    const auto rule = [&](SyscallAction kind, std::string_view usage) -> Form {
        return {Form::Times::any, usage,
                [&list, kind](Line& line) { return take_rules(list, kind, line); }};
    };
    TRY(parse_lines(
        file, text,
        {{Form::Times::once, "default kill|errno NAME|log|allow",
          [&](Line& line) { return take_default(list, line); }},
         rule(SyscallAction::allow,
              "allow CALL... [if argN[&BITS] is|in|not-in|has|lacks|null VALUE... [and ...]]"),
         rule(SyscallAction::error,
              "errno NAME CALL... [if argN[&BITS] is|in|not-in|has|lacks|null VALUE... [and ...]]"),
         rule(SyscallAction::log,
              "log CALL... [if argN[&BITS] is|in|not-in|has|lacks|null VALUE... [and ...]]"),
         rule(SyscallAction::kill,
              "kill CALL... [if argN[&BITS] is|in|not-in|has|lacks|null VALUE... [and ...]]")}));
    list.rules.shrink_to_fit();  // root keeps hundreds of them
    return list;
}

}  // namespace bulkhead::policy
