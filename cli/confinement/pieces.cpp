#include "cli/confinement/pieces.hpp"

#include <algorithm>
#include <array>

#include "cli/base/layout.hpp"
#include "cli/dry_run/policy_text.hpp"

namespace bulkhead::cli {

namespace {

struct AccessWords {
    policy::Access access;
    const char* text;
};
constexpr std::array kAccess{
    AccessWords{policy::Access::read, "read: files and directories"},
    AccessWords{policy::Access::execute, "execute: read, and run"},
    AccessWords{policy::Access::remove, "remove: list, and delete what is beneath; nothing else"},
    AccessWords{policy::Access::write, "write: read, and create, change, rename, remove"},
    AccessWords{policy::Access::devices, "devices: write, and make and control device nodes"},
};

// The lines of the list with this action. The calls of a line are printed side by side.
std::string lines_of(const policy::SeccompList& list, const policy::Action& answer) {
    constexpr std::size_t kWidth = 100;
    std::string text;
    for (auto rule = list.rules.begin(); rule != list.rules.end();) {
        const auto first = rule;
        std::string line = "   ";
        for (; rule != list.rules.end() && rule->source.line == first->source.line; ++rule) {
            const auto last_feed = line.rfind('\n') + 1;
            if (line.size() - last_feed + rule->call.size() > kWidth) line += "\n   ";
            line += " " + rule->call;
        }
        if (first->action != answer) continue;
        const auto when = conditions_in_words(first->conditions);
        text += reasoned(line + (when.empty() ? "" : " if " + when), first->source.reason);
    }
    return text;
}

}  // namespace

std::string heading(const std::string& text) { return "\n" + text + "\n"; }

std::string paths_of(const std::vector<policy::PathRule>& rules) {
    std::string text;
    for (const auto& [access, words_of] : kAccess) {
        std::string list;
        for (const auto& rule : rules) {
            if (rule.access != access) continue;
            list += reasoned("    " + rule.path + (rule.if_present ? " if present" : ""),
                             rule.source.reason);
        }
        if (!list.empty()) text += "  " + std::string(words_of) + "\n" + list;
    }
    return text;
}

std::string calls_of(const policy::SeccompList& list) {
    auto text = heading("system calls: seccomp/" + list.name + ".seccomp");
    text += "  by 32-bit or x32 entry: ends the process\n";
    std::vector<policy::Action> answers;
    for (const auto& rule : list.rules) {
        if (std::ranges::count(answers, rule.action) == 0) answers.push_back(rule.action);
    }
    for (const auto& answer : answers) {
        text += "  " + action_in_words(answer) + "\n";
        text += lines_of(list, answer);
    }
    return text + "  " + action_in_words(list.fallback) + "\n" +
           reasoned("    any other call", list.source.reason);
}

std::string since(policy::Wall wall) {
    return " (Linux " + std::string(policy::row_of(wall).since) + ")";
}

std::string standing(policy::WallSet walls) {
    return walls.names() + ": raised where the host has them, and each read back";
}

std::string limits_of(const policy::Limits& limits) {
    return size_in_words(limits.memory) + " of memory, " + std::to_string(limits.pids) +
           " processes, " + std::to_string(limits.cpu_percent) + " % of a processor, files of " +
           size_in_words(limits.file_size) + ", " + std::to_string(limits.open_files) +
           " open files, no core dumps";
}

std::string octal(unsigned mask) {
    std::string digits;
    for (int shift = 9; shift >= 0; shift -= 3)
        digits += static_cast<char>('0' + (mask >> shift & 7));
    return digits;
}

}  // namespace bulkhead::cli
