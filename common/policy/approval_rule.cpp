#include "common/policy/approval_rule.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

#include "common/approval/sshsig.hpp"

namespace bulkhead::policy {

namespace {

Result<> take_max_runs(ApprovalRule& rule, Line& line) {
    const auto runs = approval::parse_runs(TRY(line.word("N/hour or N/day")));
    if (!runs || runs->once()) {
        return line.wrong("expected N/hour or N/day; for jobs that run once: one-shot-only");
    }
    rule.max_runs = *runs;
    return {};
}

Result<> take_params(ApprovalRule& rule, Line& line) {
    rule.params.emplace();
    if (line.accept("none")) return {};
    for (const auto kind : split(TRY(line.word("kinds of parameters, or none")), ',')) {
        if (std::ranges::count(kParamKinds, kind) == 0) {
            return line.wrong(
                "expected kinds with commas between them, of int, enum, word, path, "
                "text and text-raw; or none");
        }
        rule.params->emplace_back(kind);
    }
    return {};
}

Result<> take_before_birth(ApprovalRule& rule, Line& line) {
    using enum ApprovalRule::BeforeBirth;
    rule.before_birth = TRY(line.one_of({"refuse", "admit"})) == 1 ? admit : refuse;
    return {};
}

Result<> take_pinned_validity(ApprovalRule& rule, Line& line) {
    rule.max_pinned_validity = TRY(line.seconds());
    return {};
}

template <bool ApprovalRule::*Member>
Result<> set(ApprovalRule& rule, Line&) {
    rule.*Member = true;
    return {};
}

struct Bound {
    std::string_view word;
    Result<> (*take)(ApprovalRule&, Line&);
    bool of_jobs = false;  // it says nothing about an artifact, which has no starts or parameters
};
constexpr std::array kBounds{
    Bound{"one-shot-only", set<&ApprovalRule::one_shot_only>, true},
    Bound{"max-runs", take_max_runs, true},
    Bound{"no-target-any", set<&ApprovalRule::no_target_any>},
    Bound{"params", take_params, true},
    Bound{"hardware", set<&ApprovalRule::hardware>},
    Bound{"verified", set<&ApprovalRule::verified>},
    Bound{"pinned-valid-for", take_pinned_validity},
    Bound{"before-birth", take_before_birth, true},
};

// Takes the words of bounds, which may come in any order, each once.
Result<> take_bounds(ApprovalRule& rule, Line& line, Approves what) {
    std::vector<Bound> bounds(kBounds.begin(), kBounds.end());
    if (what == Approves::artifacts) std::erase_if(bounds, std::mem_fn(&Bound::of_jobs));
    std::vector<std::string_view> words;
    std::ranges::transform(bounds, std::back_inserter(words), &Bound::word);
    std::array<bool, kBounds.size()> taken{};
    while (line.more()) {
        const auto index = TRY(line.one_of(words));
        if (taken[index]) return line.wrong(std::string(words[index]) + " stands here already");
        taken[index] = true;
        TRY(bounds[index].take(rule, line));
    }
    return {};
}

Result<> take_needs(ApprovalRule& rule, Line& line) {
    do {
        Need need{.people = TRY(line.number(1, 100)), .group = {}};
        TRY(line.one_of({"of"}));
        need.group = TRY(line.matching(approval::is_label, "a name of [A-Za-z0-9._-]"));
        const auto same = [&](const Need& other) { return other.group == need.group; };
        if (std::ranges::any_of(rule.needs, same)) {
            return line.wrong("the group stands here already; write one number for it");
        }
        rule.needs.push_back(std::move(need));
    } while (line.accept("and"));
    TRY(line.one_of({"valid-for"}));
    rule.max_validity = TRY(line.seconds());
    rule.author_counts = line.accept("author-counts");

    std::size_t signatures = rule.author_counts ? 0 : 1;
    for (const auto& need : rule.needs) signatures += need.people;
    if (signatures <= approval::kMaxSignatures) return {};
    return line.wrong("this takes " + std::to_string(signatures) + " signatures" +
                      (rule.author_counts ? "" : " with the author's") +
                      ", and an approval can carry 16: ask for fewer people");
}

}  // namespace

Result<ApprovalRule> take_approval_rule(Line& line, Approves what) {
    ApprovalRule rule{.source = line.source()};
    const bool is_signed = TRY(line.one_of({"pinned-only", "need"})) == 1;
    if (is_signed) TRY(take_needs(rule, line));
    TRY(take_bounds(rule, line, what));
    if (!is_signed && (rule.hardware || rule.verified)) {
        return line.wrong(
            "hardware and verified are asked of signatures, and what is pinned has none");
    }
    return rule;
}

std::string in_words(const std::vector<Need>& needs) {
    std::string text;
    for (const auto& [people, group] : needs) {
        text += (text.empty() ? "" : " and ") + std::to_string(people) + " of " + group;
    }
    return text;
}

}  // namespace bulkhead::policy
