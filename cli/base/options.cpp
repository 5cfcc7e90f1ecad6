#include "cli/base/options.hpp"

#include <algorithm>

namespace bulkhead::cli {

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
        const auto name = word.substr(0, word.find('='));
        const auto option = std::find_if(known.begin(), known.end(),
                                         [&](const Option& one) { return one.name == name; });
        if (option == known.end()) return wrong("unknown option " + std::string(name));
        auto& values = options.values_[std::string(name)];
        const bool inside = name.size() < word.size();
        if (option->takes == Option::Takes::nothing) {
            if (inside) return wrong(std::string(name) + " takes no value");
            continue;
        }
        if (option->takes == Option::Takes::once && !values.empty()) {
            return wrong(std::string(name) + " is given twice");
        }
        if (!inside && ++i == arguments.size()) return wrong(std::string(name) + " takes a value");
        values.push_back(inside ? std::string(word.substr(name.size() + 1)) : arguments[i]);
        if (values.back().empty()) return wrong(std::string(name) + " is empty");
    }
    return options;
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
