#include "cli/base/layout.hpp"

#include <algorithm>

#include "common/base/parse.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::size_t kLabel = 14;
constexpr std::size_t kWidth = 100;
constexpr std::size_t kReason = 44;

}  // namespace

std::string row(std::string label, std::string_view text) {
    label.resize(std::max(label.size() + 1, kLabel), ' ');
    auto line = std::move(label);
    std::string out;
    for (const auto word : words(text)) {
        if (line.size() + word.size() > kWidth && line.size() > kLabel) {
            out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
            line = std::string(kLabel, ' ');
        }
        line.append(word).append(" ");
    }
    return out + line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

std::string joined(const std::vector<std::string>& list, const char* none) {
    std::string text;
    for (const auto& item : list) text += (text.empty() ? "" : ", ") + item;
    return text.empty() ? none : text;
}

std::string reasoned(std::string rule, std::string_view reason) {
    if (rule.size() >= kReason) rule.append("\n").append(kReason, ' ');
    rule.resize(std::max(rule.size(), kReason), ' ');
    return rule.append("# ").append(reason).append("\n");
}

}  // namespace bulkhead::cli
