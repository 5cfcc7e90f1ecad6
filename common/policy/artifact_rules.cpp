#include "common/policy/artifact_rules.hpp"

#include <algorithm>

#include "common/policy/lines.hpp"
#include "common/policy/pattern.hpp"

namespace bulkhead::policy {

using approval::AttachKind;

namespace {

constexpr std::string_view kBeneath = "/*";  // at the end of a cgroup: every one beneath it

bool covers_cgroup(std::string_view pattern, std::string_view path) {
    if (!pattern.ends_with(kBeneath)) return pattern == path;
    const auto above = pattern.substr(0, pattern.size() - 1);  // with the slash
    return path.size() > above.size() && path.starts_with(above);
}

bool covers(const ArtifactAllowance& row, std::string_view attach) {
    switch (approval::attach_kind(row.type)) {
        case AttachKind::interface:
            return matches(row.pattern, attach);
        case AttachKind::cgroup:
            return covers_cgroup(row.pattern, attach);
        case AttachKind::function:
            return row.pattern == attach;
    }
    return false;
}

// An error says what is no pattern of this type.
Result<> check_allowance(const ArtifactAllowance& row) {
    auto plain = row.pattern;
    const auto kind = approval::attach_kind(row.type);
    if (kind == AttachKind::interface) {
        // Any letter stands for what a wildcard matches.
        std::ranges::replace_if(
            plain, [](char c) { return c == '*' || c == '?'; }, 'a');
    }
    if (kind == AttachKind::cgroup && plain.ends_with(kBeneath)) plain.back() = 'a';
    if (approval::check_attach(row.type, plain)) return {};
    if (kind == AttachKind::interface) {
        return fail("expected a pattern of interfaces: 1 to 15 of [A-Za-z0-9._-], * and ?");
    }
    if (kind == AttachKind::cgroup) {
        return fail(
            "expected a cgroup, its absolute path below /sys/fs/cgroup, or PATH/* for every one "
            "beneath it");
    }
    return fail(
        "expected the name of one function or hook: [A-Za-z_][A-Za-z0-9_.]{0,63}; a line each, "
        "there are no patterns of them");
}

Result<> take_allowance(ArtifactRules& rules, Line& line) {
    ArtifactAllowance row{.source = line.source()};
    const auto type = approval::parse_program_type(TRY(line.word("a type of program")));
    if (!type) return line.wrong(type.error().what);
    row.type = *type;
    row.pattern = TRY(line.word("what it may be attached to"));
    if (const auto checked = check_allowance(row); !checked) {
        return line.wrong(checked.error().what);
    }
    if (std::ranges::count(rules.allowed, row) > 0) return line.wrong("has a line already");
    rules.allowed.push_back(std::move(row));
    return {};
}

Result<> take_max_ttl(ArtifactRules& rules, Line& line) {
    rules.max_ttl = TRY(line.seconds());
    const bool fits = rules.max_ttl >= approval::kMinTtl && rules.max_ttl <= approval::kMaxTtl;
    return fits ? Result<>() : line.wrong("expected 1s to 365d");
}

Result<> take_max_memory(ArtifactRules& rules, Line& line) {
    constexpr std::uint64_t kLeast = 4_MiB;  // below it no loader starts
    rules.max_memory = TRY(line.size());
    return rules.max_memory >= kLeast ? Result<>() : line.wrong("expected 4MiB at least");
}

Result<> take_pins(ArtifactRules& rules, Line& line) {
    TRY(line.one_of({"allowed"}));
    rules.pins_allowed = true;
    rules.pins_source = line.source();
    return {};
}

}  // namespace

Result<> parse_artifact_rules(ArtifactRules& rules, const std::string& file, const Text& text) {
    using enum Form::Times;
    const auto form = [&](Form::Times times, std::string_view usage, auto take) -> Form {
        return {times, usage, [&rules, take](Line& line) { return take(rules, line); }};
    };
    const auto number = [](unsigned ArtifactRules::*member, unsigned most) {
        return [member, most](ArtifactRules& into, Line& line) -> Result<> {
            into.*member = TRY(line.number(1, most));
            return {};
        };
    };
    return parse_lines(
        file, text,
        {form(any, "allow TYPE PATTERN", take_allowance),
         form(at_most_once, "max-artifacts N",
              number(&ArtifactRules::max_artifacts, kMostArtifacts)),
         form(at_most_once, "max-cpu-percent N", number(&ArtifactRules::max_cpu_percent, 100)),
         form(at_most_once, "max-ttl DURATION", take_max_ttl),
         form(at_most_once, "max-memory SIZE", take_max_memory),
         form(at_most_once, "pins allowed", take_pins)});
}

bool allows(const ArtifactRules& rules, approval::ProgramType type) {
    return std::ranges::count(rules.allowed, type, &ArtifactAllowance::type) > 0;
}

bool allows(const ArtifactRules& rules, const approval::ArtifactProgram& program) {
    if (program.type == approval::ProgramType::none) return false;
    return std::ranges::any_of(rules.allowed, [&](const auto& row) {
        return row.type == program.type && covers(row, program.attach);
    });
}

ArtifactRules narrowed(const ArtifactRules& one, const ArtifactRules& other) {
    auto both = one;
    std::erase_if(both.allowed,
                  [&](const auto& row) { return std::ranges::count(other.allowed, row) == 0; });
    both.max_artifacts = std::min(one.max_artifacts, other.max_artifacts);
    both.max_cpu_percent = std::min(one.max_cpu_percent, other.max_cpu_percent);
    both.max_ttl = std::min(one.max_ttl, other.max_ttl);
    both.max_memory = std::min(one.max_memory, other.max_memory);
    both.pins_allowed = one.pins_allowed && other.pins_allowed;
    return both;
}

}  // namespace bulkhead::policy
