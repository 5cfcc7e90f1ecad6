#include "cli/base/options.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "cli/base/layout.hpp"
#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "common/sys/fd.hpp"
#include "worker/config/suggest.hpp"

namespace bulkhead::cli {

namespace {

Result<> unknown_option(std::string_view name, std::span<const Option> known) {
    if (name == "-h" || name == "--help") return fail(std::string(kAskedForHelp));
    std::vector<std::string_view> names;
    for (const auto& option : known) names.push_back(option.name);
    return wrong("unknown option " + quoted(name, 64) + did_you_mean(name, names));
}

}  // namespace

Result<Options> Options::parse(const Arguments& arguments, std::span<const Option> known) {
    Options options;
    bool ended = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view word = arguments[i];
        if (ended || !word.starts_with('-') || word == "-") {
            options.operands_.emplace_back(word);
            continue;
        }
        if (word == "--") {
            ended = true;
            continue;
        }
        const auto given = word.substr(0, word.find('='));
        const auto name = given == "-q" ? kQuiet.name : given;
        const auto option = std::find_if(known.begin(), known.end(),
                                         [&](const Option& one) { return one.name == name; });
        if (option == known.end()) TRY(unknown_option(given, known));
        auto& values = options.values_[std::string(name)];
        const bool inside = given.size() < word.size();
        if (option->takes == Option::Takes::nothing) {
            if (inside) return wrong(std::string(name) + " takes no value");
            continue;
        }
        if (option->takes == Option::Takes::once && !values.empty()) {
            return wrong(std::string(name) + " is given twice");
        }
        if (!inside && ++i == arguments.size()) return wrong(std::string(name) + " takes a value");
        values.push_back(inside ? std::string(word.substr(given.size() + 1)) : arguments[i]);
        if (values.back().empty()) return wrong(std::string(name) + " is empty");
    }
    return options;
}

Result<std::string> Options::one(std::string_view what) const {
    if (operands_.size() == 1) return operands_[0];
    const auto error = "give one " + std::string(what);
    if (operands_.empty()) return wrong(error);
    std::vector<std::string> given;
    for (const auto& operand : operands_) given.push_back(bulkhead::quoted(operand, 64));
    return wrong(error + ", not " + std::to_string(given.size()) + ": " + joined(given, ""));
}

Result<std::string> Options::one_or(std::string_view what, std::string otherwise) const {
    if (operands_.empty()) return otherwise;
    return one(what);
}

std::string Options::value(std::string_view name, std::string_view otherwise) const {
    const auto found = values_.find(name);
    return std::string(found == values_.end() || found->second.empty() ? otherwise
                                                                       : found->second.front());
}

std::vector<std::string> Options::values(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::vector<std::string>{} : found->second;
}

Result<> Options::require_there(std::initializer_list<std::string_view> names,
                                Command command) const {
    for (const auto name : names) {
        for (const auto& path : values(name)) {
            // A state is root's alone, which the commands that change it say.
            const int mode = name == "--log-dir" ? R_OK | X_OK : F_OK;
            if (::access(path.c_str(), mode) == 0) continue;
            if (errno == ENOENT || errno == ENOTDIR) {
                return wrong(std::string(name) + ": there is no " + path);
            }
            if (mode == F_OK) continue;
            if (command == Command::of_root) {
                return only_root<void>(sys::fail_errno(std::string(name) + ": " + path));
            }
            return or_wrong<void>(sys::fail_errno(std::string(name) + ": " + path));
        }
    }
    return {};
}

void Options::hint(const std::string& text) const {
    if (!has(kQuiet.name)) std::fputs(text.c_str(), stderr);
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
    const auto meant = worker::nearest(word, candidates);
    return meant ? "; did you mean " + std::string(*meant) + "?" : "";
}

Result<> require_ascii(std::string_view option, std::string_view value) {
    const auto odd = std::ranges::find_if(value, [](char c) { return c < ' ' || c > '~'; });
    if (odd == value.end()) return {};
    return wrong(std::string(option) + ": column " + std::to_string(odd - value.begin() + 1) +
                 ": byte \\x" + to_hex(as_bytes(std::string_view(odd, odd + 1))) +
                 " is not printable ASCII");
}

Result<std::pair<std::string, std::string>> split_pair(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == text.npos || equals == 0) return wrong("expected name=value");
    return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

Result<std::string> one_line(std::string_view option, const std::string& text) {
    constexpr std::size_t kMost = 200;
    const auto odd = [](char c) { return c < ' ' || c > '~'; };
    if (text.size() <= kMost && std::ranges::none_of(text, odd)) return text;
    return wrong(std::string(option) + ": one line of at most 200 printable ASCII characters");
}

}  // namespace bulkhead::cli
