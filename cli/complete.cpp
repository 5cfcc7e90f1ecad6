// `bulkhead complete`: how the command line that is being typed may go on. Shells call it for each
// Tab, so it opens no network, locks nothing, and fails silently.
#include <algorithm>
#include <optional>
#include <set>

#include "cli/base/files.hpp"
#include "cli/base/policy_copy.hpp"
#include "cli/commands.hpp"
#include "cli/complete/usage.hpp"
#include "cli/complete/values.hpp"
#include "common/policy/vendor.hpp"

namespace bulkhead::cli {

namespace {

using Candidates = std::vector<Candidate>;

// No shell takes these bytes for anything but letters of a word.
bool is_plain(std::string_view word) {
    return std::ranges::all_of(word, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("._:/=@+-").contains(c);
    });
}

// Up to its first semicolon, as one line.
std::string first_words_of(std::string_view help) {
    std::string text(help.substr(0, help.find(';')));
    std::ranges::replace(text, '\n', ' ');
    std::string line;
    for (const auto word : words(text)) line += (line.empty() ? "" : " ") + std::string(word);
    return line;
}

Candidates names_of_commands() {
    Candidates all;
    for (const auto& one : commands()) {
        all.push_back({std::string(one.name), first_words_of(one.help)});
    }
    all.push_back({"help", "what a command takes"});
    all.push_back({"version", "the version"});
    return all;
}

// With the options of the command that its usage refers to.
UsageParts all_parts_of(const Command& command) {
    auto parts = parts_of(usage_of(command).arguments);
    const auto* const also = find_command(parts.also_of);
    if (also == nullptr) return parts;
    for (auto& option : parts_of(usage_of(*also).arguments).options) {
        const bool there = std::ranges::find(parts.options, option.name, &UsageOption::name) !=
                           parts.options.end();
        if (!there) parts.options.push_back(std::move(option));
    }
    return parts;
}

const UsageOption* find_option(const UsageParts& parts, std::string_view name) {
    const auto found = std::ranges::find(parts.options, name, &UsageOption::name);
    return found == parts.options.end() ? nullptr : &*found;
}

std::string given(const Arguments& words, std::string_view option, std::string otherwise) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        if (words[i] == option && i + 2 < words.size()) otherwise = words[i + 1];
        if (words[i].starts_with(std::string(option) + "=")) {
            otherwise = words[i].substr(option.size() + 1);
        }
    }
    return otherwise;
}

Places places_in(const Arguments& words) {
    return {.policy = given(words, "--policy", kPolicyDirectory),
            .vendor_policy = given(words, "--vendor-policy",
                                   policy::vendor_directory(BULKHEAD_FROM_CLI_TO_POLICY)),
            .run_dir = given(words, "--run-dir", "/run/bulkhead")};
}

// Of one command: the words behind its name.
Candidates of_command(const Command& command, const Arguments& words) {
    const auto parts = all_parts_of(command);
    const auto places = places_in(words);
    const auto& last = words.back();
    const std::string_view before =
        words.size() > 1 ? std::string_view(words[words.size() - 2]) : "";
    const bool only_operands = std::ranges::find(words, "--") < words.end() - 1;
    if (!only_operands) {
        const auto* const option = find_option(parts, before);
        if (option != nullptr && !option->value.empty()) {
            return values_of(option->name, option->value, places);
        }
        const auto equals = last.find('=');
        if (last.starts_with("--") && equals != last.npos) {
            const auto* const own = find_option(parts, last.substr(0, equals));
            if (own == nullptr || own->value.empty()) return {};
            auto values = values_of(own->name, own->value, places);
            for (auto& one : values) {
                if (!one.word.starts_with(':')) one.word = own->name + "=" + one.word;
            }
            return values;
        }
        if (last.starts_with('-') && last != "-") {
            Candidates options;
            for (const auto& one : parts.options) options.push_back({one.name, one.value});
            options.push_back({"--help", "what it takes, with an example"});
            return options;
        }
    }
    Candidates operands;
    for (const auto& operand : parts.operands) {
        for (auto& one : values_of("", operand, places)) operands.push_back(std::move(one));
    }
    if (parts.operands.empty() && !only_operands && last.empty()) {
        for (const auto& one : parts.options) operands.push_back({one.name, one.value});
    }
    return operands;
}

Candidates all_for(const Arguments& words) {
    if (words.size() == 1) {
        if (!words[0].starts_with('-')) return names_of_commands();
        return {{"--help", "all commands"}, {"--version", "the version"}};
    }
    if (words[0] == "help") return names_of_commands();
    const auto* const command = find_command(words[0]);
    if (command == nullptr) return {};
    return of_command(*command, {words.begin() + 1, words.end()});
}

}  // namespace

Result<int> complete(const Arguments& given_words) {
    if (given_words.empty()) return kDone;
    std::set<std::string> told;
    std::string text;
    for (const auto& [word, meaning] : all_for(given_words)) {
        const bool path = word.starts_with(':');
        if (!path && (!word.starts_with(given_words.back()) || !is_plain(word))) continue;
        if (!told.insert(word).second) continue;
        text += word;
        if (!meaning.empty()) text += '\t' + meaning;
        text += '\n';
    }
    TRY(print(text));
    return kDone;
}

}  // namespace bulkhead::cli
