#include "common/policy/check_overrides.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "common/policy/parse.hpp"

namespace bulkhead::policy {

namespace {

using Words = std::set<std::string, std::less<>>;

// The first word of each line.
Words keys_of(std::string_view text) {
    Words keys;
    for (const auto line : split(text, '\n')) {
        const auto parts = words(line);
        if (!parts.empty() && !parts[0].starts_with('#')) keys.emplace(parts[0]);
    }
    return keys;
}

// The system calls that the list has rules for.
Words calls_of(const SeccompList& list) {
    Words calls;
    for (const auto& rule : list.rules) calls.insert(rule.call);
    return calls;
}

// The two files that cli/CMakeLists.txt compiles into the program, because on a machine where
// scripts are checked there may be no policy that can be trusted.
bool is_built_in(std::string_view file) {
    return file == "profiles/vet.profile" || file == "seccomp/vet.seccomp";
}

// The keys or calls that the vendor's file has and the policy, with its added lines, lacks.
Words lacking(const std::string& file, const Policy& policy, const Files& vendor,
              const Files& operators) {
    Words there;
    Words here;
    const auto& theirs = vendor.texts.at(file);
    if (file.starts_with("seccomp/")) {
        const auto list = parse_seccomp(file, theirs);
        if (list) there = calls_of(*list);
        here = calls_of(policy.seccomp.at(file.substr(8, file.rfind('.') - 8)));
    } else {
        there = keys_of(theirs);
        for (const auto& [name, text] : operators.texts) {
            if (name == file || adds_to(name) == file) here.merge(keys_of(text));
        }
    }
    Words lacking;
    std::ranges::set_difference(there, here, std::inserter(lacking, lacking.end()));
    return lacking;
}

}  // namespace

std::string_view name_of(Override::Kind kind) {
    static constexpr std::string_view kNames[] = {"replaces", "adds", "copy"};
    return kNames[static_cast<std::size_t>(kind)];
}

std::string in_words(const Override& one) {
    switch (one.kind) {
        case Override::Kind::replaces:
            return "replaces what this version has";
        case Override::Kind::adds:
            return "adds to " + adds_to(one.file);
        case Override::Kind::copy:
            return "unchanged copy of " + one.release + ", which is not read: delete it";
    }
    return "";
}

std::vector<PolicyRemark> check_overrides(const Policy& policy, const Files& vendor,
                                          const Files& operators) {
    std::vector<PolicyRemark> remarks;
    for (const auto& [kind, file, release] : policy.overrides) {
        if (is_built_in(kind == Override::Kind::adds ? adds_to(file) : file) &&
            kind != Override::Kind::copy) {
            remarks.push_back({false, file,
                               "changes nothing: what holds the child that checks scripts is "
                               "built into bulkhead; delete it"});
            continue;
        }
        if (kind == Override::Kind::replaces && file == "worker.landlock") {
            remarks.push_back({false, file,
                               "is of 0.1, and read for this release only: its rows take the "
                               "place of those of profiles/worker.profile. Put what is yours into "
                               "profiles/worker.profile.d/NAME.lines and delete it"});
            continue;
        }
        if (kind != Override::Kind::replaces) continue;
        std::string lacks;
        for (const auto& word : lacking(file, policy, vendor, operators)) lacks += " " + word;
        if (lacks.empty()) continue;
        remarks.push_back({false, file,
                           "lacks lines that this version's file has:" + lacks +
                               "; if it was written for an older version, take that file and add "
                               "yours by " +
                               file + ".d/NAME.lines"});
    }
    return remarks;
}

}  // namespace bulkhead::policy
